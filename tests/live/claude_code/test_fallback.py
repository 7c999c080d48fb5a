"""A provider that fails in the middle of the work is replaced by the route's next one, on another wire, and Claude Code
notices nothing of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fake_upstream import Answer, FakeUpstream, Received
from tests.live.claude_code.scene import WIRES, Scene, Wire, behind, route
from tests.live.claude_code.session import Claude, Run
from tests.live.claude_code.turns import Refused, Turn
from tests.live.claude_code.upstream import Play, told, turns_of
from tests.live.server import Server, until


@dataclass(frozen=True)
class Pair:
    """Two providers on two wires, a route over both, and Claude Code on its own model's name.

    The route takes only what has this run's header, so that no other run comes into it.
    """

    name: str
    first: Scene
    second: FakeUpstream
    targets: list[str]
    server: Server

    def run(self, play: Play, prompt: str, *arguments: str, **fields: Any) -> Run:
        """A run on the route; `play` is the first provider's, and the route's further fields follow."""
        match = {"model": "opus", "headers": {"x-run": self.name}}
        with route(self.server, name=self.name, match=match, targets=self.targets, **fields):
            return self.first.run(play, prompt, "--allowedTools", "Bash", *arguments)

    def attempts(self, count: int) -> list[list[tuple[str, int]]]:
        """Who was asked for each of so many requests, in order, and with what status."""

        def found() -> list[dict[str, Any]]:
            rows = self.server.rows(route=self.name)
            return rows if len(rows) >= count else []

        rows = until(found, f"{count} rows of {self.name}")
        return [[(one["provider"].rpartition("-")[2], one["status"]) for one in row["attempts"]] for row in rows]


@pytest.fixture
def pair(server: Server, program: Path, tmp_path: Path, wire: Wire) -> Iterator[Pair]:
    other = WIRES[(WIRES.index(wire) + 1) % len(WIRES)]
    name = f"pair-{tmp_path.name.replace('_', '-')[-40:]}"
    claude = Claude(program, server.url, "opus", tmp_path, {"ANTHROPIC_CUSTOM_HEADERS": f"x-run: {name}"})
    with behind(server, wire, f"{name}-first") as first, behind(server, other, f"{name}-second") as second:
        targets = [f"{name}-first/{wire.model}", f"{name}-second/{other.model}"]
        yield Pair(name, Scene(wire, first, claude), second, targets, server)


def bash(name: str) -> tuple[str, dict[str, Any]]:
    return "Bash", {"command": f"echo {name} >> {name}.txt; echo told-{name}", "description": "Writes a file"}


def written(scene: Scene) -> dict[str, str]:
    return {path.name: path.read_text() for path in scene.work.glob("*.txt")}


BOTH = {"one.txt": "one\n", "two.txt": "two\n"}
BEGINNING = Turn("First one.", thinking="Two files.", calls=(bash("one"),))
MIDDLE = Turn("Then two.", calls=(bash("two"),))
END = Turn("Both are there.")

# What may be over by the next request, and what will not be; with the status in the log.
PASSING: dict[str, tuple[Answer, int]] = {
    "529": (Refused(503, "The model is overloaded. Please try again later."), 529),
    "500": (Refused(500, "broken"), 500),
    "broken off before a word": (Turn("Never seen.", cut=0.0), 502),
}
LASTING: dict[str, tuple[Answer, int]] = {
    "429": (Refused(429, "Come back tomorrow.", retry_after=3600), 429),
    "its key refused": (Refused(401, "Incorrect API key provided"), 401),
    "its model gone": (Refused(404, "The model does not exist"), 404),
}


@pytest.mark.parametrize("failure", PASSING)
def test_another_provider_stands_in_for_one_request(pair: Pair, failure: str) -> None:
    """It is told all that the first has said and thought; then the session goes back, for the first's prompt cache."""
    answer, status = PASSING[failure]
    play = Play(BEGINNING, answer, END)
    other = Play(MIDDLE).at(pair.second)
    run = pair.run(play, "Write two files.", retries=0)
    assert run.answer == "Both are there."
    assert written(pair.first) == BOTH
    assert (play.kinds, other.kinds) == (["main"] * 3, ["main"])
    history = told(other.bodies()[0])
    assert history.index("First one.") < history.index("told-one")
    back = told(play.bodies()[2])
    assert back.index("told-one") < back.index("Then two.") < back.index("told-two")
    assert "ccp1." not in history + back, "what only one provider can read of its own thinking"
    assert pair.attempts(3) == [[("first", 200)], [("first", status), ("second", 200)], [("first", 200)]]


@pytest.mark.parametrize("failure", LASTING)
def test_another_provider_takes_over(pair: Pair, failure: str) -> None:
    """The first is not asked again: it has said that there is no use in it."""
    answer, status = LASTING[failure]
    play = Play(BEGINNING, answer)
    other = Play(MIDDLE, END).at(pair.second)
    run = pair.run(play, "Write two files.")
    assert run.answer == "Both are there."
    assert written(pair.first) == BOTH
    assert (play.kinds, other.kinds, other.unsaid()) == (["main"] * 2, ["main"] * 2, {})
    first, second = other.bodies()
    assert told(first).index("First one.") < told(first).index("told-one")
    assert len(turns_of(second)) > len(turns_of(first))
    assert pair.attempts(3) == [[("first", 200)], [("first", status), ("second", 200)], [("second", 200)]]


def test_a_provider_that_is_gone_is_replaced(pair: Pair) -> None:
    """Its port is closed while Claude Code runs the command that it has asked for."""
    gone = pair.first.work / "gone"
    command = "until [ -e gone ]; do sleep 0.02; done; echo one > one.txt"

    def goes(received: Received) -> Answer:
        threading.Thread(target=leaves, args=(received,), daemon=True).start()
        return Turn(calls=(("Bash", {"command": command, "description": "Writes a file"}),))

    def leaves(received: Received) -> None:
        received.wait()
        pair.first.upstream.stop()
        gone.touch()

    play = Play(goes)
    other = Play(MIDDLE, END).at(pair.second)
    run = pair.run(play, "Write two files.", retries=0)
    assert run.answer == "Both are there."
    assert written(pair.first) == BOTH
    assert (play.kinds, other.kinds) == (["main"], ["main"] * 2)
    asked = pair.attempts(3)
    assert [one[0][0] for one in asked] == ["first"] * 3, "three failures in a row make it rest, two do not"
    assert [one[1:] for one in asked] == [[], [("second", 200)], [("second", 200)]]


def test_an_overflow_goes_to_the_larger_window(pair: Pair) -> None:
    """Nothing is compacted where a later target of the route has room for it all."""
    words = "This model's maximum context length is 1000 tokens. However, your messages resulted in 20123 tokens."
    refusal = Refused(400, words, code="context_length_exceeded")
    if pair.first.wire.name == "gemini":
        refusal = Refused(400, "The input token count (20123) exceeds the maximum number of tokens allowed (1000).")
    play = Play(BEGINNING, refusal, refusal)
    other = Play(MIDDLE, END).at(pair.second)
    run = pair.run(play, "Write two files.")
    assert run.answer == "Both are there."
    assert written(pair.first) == BOTH
    assert (play.kinds, other.kinds) == (["main"] * 3, ["main"] * 2)


def test_an_answer_that_breaks_off_is_gone_on_with(pair: Pair) -> None:
    """With `resume` on the route: no error, no second answer, and not a character lost or doubled."""
    said = "".join(f"The sentence number {number} of a long answer. " for number in range(40))
    rest = "And this is how it ends."
    play = Play(Turn(said, cut=0.5))
    shown: list[str] = []

    def goes_on(received: Received) -> Answer:
        shown.append(told(received.json))
        return Turn(rest)

    other = Play(goes_on).at(pair.second)
    run = pair.run(play, "Tell a story.", resume=True)
    assert run.answer.endswith(rest)
    begun = run.answer.removesuffix(rest).rstrip()
    assert said.startswith(begun)
    assert len(begun) > 100
    assert begun in shown[0]
    assert (play.kinds, other.kinds) == (["main"], ["main"])
