"""The scripted provider behind Claude Code: which turn each of its requests gets, and of which kind a request is."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from tests.fake_answers import Answer, Json
from tests.fake_upstream import FakeUpstream, Received

Said = Answer | Callable[[Received], Answer]

COMPACTING = "CRITICAL: Respond with TEXT ONLY"
"""How Claude Code begins its wish for a summary."""
EXHAUSTED = "the script has no further turn"
REPAIRS = (
    "had no visible output",
    "was cut off mid-stream",
    "Output token limit hit",
    "was stopped by a safety classifier",
    "__unparsedToolInput",
)
"""What Claude Code tells the model when it makes good for an answer that it could not use, and logs nowhere."""


def texts(value: Any) -> Iterator[str]:
    """Every string inside."""
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from texts(one)
        case dict():
            for one in value.values():
                yield from texts(one)


def tools_of(body: dict[str, Any]) -> set[str]:
    """The names of the tools that the model is offered; a provider's own tool by its type."""
    names: set[str] = set()
    for tool in body.get("tools", []):
        declared = tool.get("functionDeclarations")
        if declared is not None:
            names |= {one["name"] for one in declared}
        elif "function" in tool:
            names.add(tool["function"]["name"])
        else:
            names.add(tool.get("name") or tool.get("type") or next(iter(tool)))
    return names


def model_of(received: Received) -> str:
    """The model that is asked; Gemini's is in the path."""
    named = received.json.get("model") or received.path.rpartition("/models/")[2].partition(":")[0]
    return str(named)


def turns_of(body: dict[str, Any]) -> list[Any]:
    """The conversation, as its wire has it."""
    for name in ("messages", "input", "contents"):
        if name in body:
            return list(body[name])
    raise AssertionError(f"no conversation in {sorted(body)}")


def told(body: dict[str, Any]) -> str:
    """All that the conversation says, in one text."""
    return "\n".join(texts(turns_of(body)))


def kind_of(received: Received) -> str:
    """`main`, `subagent`, `search`, `compaction` or `title`, as far as the body tells."""
    body = received.json
    names = tools_of(body)
    if names & {"web_search", "googleSearch"}:
        return "search"
    if COMPACTING in told(body):
        return "compaction"
    if not names:
        return "title"
    return "main" if "ListAgents" in names else "subagent"


def count_of(received: Received) -> Answer | None:
    """The answer to a question for the number of tokens alone, which is about the body's size; None for all else."""
    tokens = len(received.body) // 4
    if received.path.endswith("/responses/input_tokens"):
        return Json({"object": "response.input_tokens", "input_tokens": tokens})
    return Json({"totalTokens": tokens}) if received.path.endswith(":countTokens") else None


class Play:
    """What requests get: for each kind the turns in order, each given once. Beyond the last is a plain 400.

    `always` answers every main turn instead. `seen` holds each request with its kind, in order of arrival; questions
    for a number of tokens are answered and not among them, but counted in `counts`.
    """

    def __init__(self, *main: Said, always: Said | None = None, **other: tuple[Said, ...]) -> None:
        self._turns = {"main": deque(main)} | {kind: deque(turns) for kind, turns in other.items()}
        self._always = always
        self._lock = threading.Lock()
        self.seen: list[tuple[str, Received]] = []
        self.counts = 0

    def __call__(self, received: Received) -> Answer:
        """The answer to a request, for FakeUpstream."""
        count = count_of(received)
        if count is not None:
            with self._lock:
                self.counts += 1
            return count
        kind = kind_of(received)
        with self._lock:
            self.seen.append((kind, received))
            turns = self._turns.get(kind)
            turn: Said = turns.popleft() if turns else Json({"error": {"message": f"{EXHAUSTED} ({kind})"}}, 400)
        if kind == "main" and self._always is not None:
            turn = self._always
        return turn(received) if callable(turn) else turn

    @property
    def kinds(self) -> list[str]:
        """The kinds of the requests, in order of arrival."""
        return [kind for kind, _ in self.seen]

    def bodies(self, kind: str = "main") -> list[dict[str, Any]]:
        """The bodies of the requests of a kind."""
        return [received.json for one, received in self.seen if one == kind]

    def repairs(self) -> list[str]:
        """Which repairs the conversations tell of."""
        sent = [received.body for _, received in self.seen]
        return [repair for repair in REPAIRS if any(repair.encode() in body for body in sent)]

    def unsaid(self) -> dict[str, int]:
        """How many turns of each kind nobody asked for."""
        return {kind: len(turns) for kind, turns in self._turns.items() if turns}

    def at(self, upstream: FakeUpstream) -> Play:
        """Play it there."""
        upstream.script("*", self)
        return self
