"""Which model gets which of Claude Code's requests: routes by scenario, by agent and by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fake_upstream import Answer, Received
from tests.live.claude_code.scene import CHAT, WIRES, Scene, Wire, behind, route
from tests.live.claude_code.session import Claude
from tests.live.claude_code.test_media import png
from tests.live.claude_code.turns import Page, Turn
from tests.live.claude_code.upstream import Play, model_of, told
from tests.live.server import Server

LONG = "\n".join(f"Line {number} of a file that is quite long for a file." for number in range(1300))
SEARCHES = {"chat": "responses", "responses": "gemini", "gemini": "responses"}
"""The wire of the provider that searches for the one of each wire."""


@pytest.fixture
def stage(server: Server, program: Path, tmp_path: Path, wire: Wire) -> Iterator[Scene]:
    """Claude Code on its own model, and a provider `routed` whose models only routes lead to."""
    with behind(server, wire, "routed") as upstream:
        yield Scene(wire, upstream, Claude(program, server.url, "opus", tmp_path))


@contextmanager
def routes(server: Server, **found: dict[str, Any]) -> Iterator[None]:
    """A route for each name; where nothing else is said, to the model of the provider `routed` that is called so."""
    with ExitStack() as ending:
        for name, fields in found.items():
            ending.enter_context(route(server, name=name, **{"targets": [f"routed/{name}"], **fields}))
        yield


def scenario(name: str, **fields: Any) -> dict[str, Any]:
    return {"match": {"scenario": name}, **fields}


def test_each_request_of_a_session_goes_to_the_model_for_it(stage: Scene, server: Server) -> None:
    files = {name: stage.work / name for name in ("picture.png", "one.txt", "two.txt", "three.txt")}
    for path in files.values():
        path.write_bytes(png() if path.suffix == ".png" else LONG.encode())
    reads = [("Read", {"file_path": str(path)}) for path in files.values()]
    play = Play(
        Turn(calls=(("WebSearch", {"query": "weather in Ulm"}),)),
        Turn(calls=(reads[0],)),
        Turn(calls=tuple(reads[1:])),
        Turn("A red picture and three long files."),
    )
    finder = next(wire for wire in WIRES if wire.name == SEARCHES[stage.wire.name])
    with (
        behind(server, finder, "finder") as upstream,
        routes(
            server,
            usual=scenario("default"),
            search=scenario("web_search", targets=[f"finder/{finder.model}"]),
            seeing=scenario("image"),
            long=scenario("long_context"),
            small=scenario("background"),
            deep=scenario("think"),
        ),
    ):
        search = Play(search=(Turn("Sunny.", found=(Page("https://weather.example/ulm", "Ulm"),)),)).at(upstream)
        run = stage.run(play, "What is all this?", "--allowedTools", "WebSearch")
    assert run.answer == "A red picture and three long files."
    assert run.events[0]["model"].startswith("claude-opus-")
    assert [model_of(received) for _, received in play.seen] == ["usual", "usual", "seeing", "long"]
    assert [(kind, model_of(received)) for kind, received in search.seen] == [("search", finder.model)]


@CHAT
@pytest.mark.parametrize(
    ("model", "arguments", "expected"),
    [
        ("opus", (), "usual"),
        ("opus", ("--effort", "high"), "deep"),
        ("haiku", (), "small"),
        ("sonnet", ("--effort", "high"), "sonnets"),
        ("my-own", (), "mine"),
        ("fast", (), "fast"),
        ("routed/usual", ("--effort", "high"), "usual"),
        ("claude-routed-usual", ("--effort", "high"), "usual"),
    ],
)
def test_a_name_leads_to_a_model(
    stage: Scene, server: Server, model: str, arguments: tuple[str, ...], expected: str
) -> None:
    stage = Scene(stage.wire, stage.upstream, Claude(stage.claude.program, server.url, model, stage.claude.folder))
    with routes(
        server,
        usual=scenario("default"),
        deep=scenario("think"),
        small=scenario("background"),
        sonnets={"match": {"model": "sonnet"}},
        mine={"match": {"model": "my-*"}},
        fast={"match": {"model": "nothing-else"}},
    ):
        play = Play(Turn("Hello."))
        assert stage.run(play, "Say hello.", *arguments).answer == "Hello."
    assert [model_of(received) for _, received in play.seen] == [expected]


@CHAT
def test_subagents_have_a_model_of_their_own(stage: Scene, server: Server) -> None:
    asked = ("Agent", {"description": "Write", "prompt": "Write it.", "subagent_type": "general-purpose"})
    write = ("Bash", {"command": "echo agent > agent.txt; echo told-$(echo written)", "description": "Writes"})

    def main(received: Received) -> Answer:
        if "told-written" in told(received.json):
            return Turn("The agent has written it.")
        return Turn("I wait for it.") if "agentId" in told(received.json) else Turn(calls=(asked,))

    play = Play(always=main, subagent=(Turn(calls=(write,)), Turn("It is told-written.")))
    with routes(server, usual=scenario("default"), helping={"match": {"agent": "subagent"}}):
        run = stage.run(play, "Let an agent write.", "--allowedTools", "Bash,Agent")
    assert run.answer == "The agent has written it."
    assert (stage.work / "agent.txt").read_text() == "agent\n"
    assert {(kind, model_of(received)) for kind, received in play.seen} == {("main", "usual"), ("subagent", "helping")}
    assert play.kinds.count("subagent") == 2
