"""One scripted run: Claude Code, the proxy and a provider of its own on one wire; what must be true of every run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.fake_upstream import FakeUpstream
from tests.live.claude_code.session import LIMIT, Claude, Run
from tests.live.claude_code.turns import is_stream, wire_of
from tests.live.claude_code.upstream import Play
from tests.live.sdk import provider_of
from tests.live.server import Server

KEY = "sk-provider-0123456789"


@dataclass(frozen=True)
class Wire:
    """A kind of provider. `root` is its API's below the host."""

    name: str
    type: str
    model: str
    root: str = "/v1"
    options: dict[str, Any] = field(default_factory=dict)


WIRES = (
    Wire("chat", "openai", "gpt-5.2", options={"api": "chat"}),
    Wire("responses", "openai", "gpt-5.6-sol", options={"api": "responses"}),
    Wire("gemini", "gemini", "gemini-3-pro-preview", root="/v1beta"),
)
CHAT = pytest.mark.parametrize("wire", WIRES[:1], ids=["chat"], indirect=True)
"""For a test of what has nothing to do with the provider's wire: on one of them."""


@dataclass(frozen=True)
class Scene:
    """Claude Code before a provider that plays what it is told to."""

    wire: Wire
    upstream: FakeUpstream
    claude: Claude

    @property
    def work(self) -> Path:
        """The folder that Claude Code works in."""
        return self.claude.work

    def setting(self, **variables: str) -> Scene:
        """The same with further environment variables for Claude Code."""
        return replace(self, claude=replace(self.claude, variables={**self.claude.variables, **variables}))

    def run(
        self,
        play: Play,
        prompt: str,
        *arguments: str,
        complaints: tuple[str, ...] = (),
        repairs: tuple[str, ...] = (),
        limit: float = LIMIT,
    ) -> Run:
        """A run that must end well, with every turn of the play asked for and nothing asked beyond them.

        `complaints` are patterns for exactly what Claude Code's log may complain of, in order; `repairs` the same for
        what it tells the model (upstream.REPAIRS). By default its log must be clean.
        """
        play.at(self.upstream)
        run = self.claude.run(prompt, *arguments, limit=limit)
        assert run.code == 0, run.told()
        assert run.result["is_error"] is False, run.told()
        check_log(run, complaints)
        assert play.repairs() == [*repairs], run.told()
        assert play.unsaid() == {}, run.told()
        assert {wire_of(received) for _, received in play.seen} <= {self.wire.name}
        if not complaints:
            assert all(is_stream(received) for _, received in play.seen), "it asked for a whole answer"
        return run


def check_log(run: Run, complaints: tuple[str, ...] = ()) -> None:
    """Its log complains of nothing else, and its events tell of no retry that the log does not."""
    found = run.log.complaints()
    assert len(found) == len(complaints), run.told()
    for line, pattern in zip(found, complaints, strict=True):
        assert re.search(pattern, line), f"{pattern!r} not in {line!r}"
    retries = [event for event in run.events if event.get("subtype") == "api_retry"]
    assert bool(retries) <= bool(complaints), run.told()


@contextmanager
def behind(server: Server, wire: Wire, name: str, models: Sequence[str] = ()) -> Iterator[FakeUpstream]:
    """A scripted provider of that name, which is gone afterwards."""
    fields: dict[str, Any] = {"type": wire.type, "api_key": KEY, "options": wire.options, "models": [*models]}
    with FakeUpstream() as upstream, provider_of(server, name, upstream.url + wire.root, **fields):
        yield upstream


@contextmanager
def route(server: Server, **fields: Any) -> Iterator[None]:
    """A route of the proxy's, which is gone afterwards."""
    status, answer, _ = server.request("POST", "/routes", fields)
    assert status in (200, 201), answer
    try:
        yield
    finally:
        status, answer, _ = server.request("DELETE", f"/routes/{fields['name']}")
        assert status == 200, answer


@contextmanager
def scene(server: Server, program: Path, folder: Path, wire: Wire, name: str) -> Iterator[Scene]:
    """A scene with a provider of that name."""
    with behind(server, wire, name) as upstream:
        yield Scene(wire, upstream, Claude(program, server.url, f"{name}/{wire.model}", folder))
