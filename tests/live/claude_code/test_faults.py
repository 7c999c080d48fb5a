"""Providers that fail: Claude Code repairs only what the fault calls for, and the work gets done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.claude_code.scene import Scene
from tests.live.claude_code.turns import Refused, Turn
from tests.live.claude_code.upstream import Play, told

SHELL = ("--allowedTools", "Bash")


def writing(name: str) -> tuple[str, dict[str, Any]]:
    return "Bash", {"command": f"echo {name} >> {name}.txt", "description": "Writes a file"}


@pytest.mark.parametrize(
    ("refusal", "status", "waits"),
    [
        (Refused(429, "slow down", retry_after=1), 429, (1,)),
        (Refused(429, "slow down"), 429, (5, 6)),
        (Refused(503, "The model is overloaded. Please try again later."), 529, (0,)),
        (Refused(500, "broken"), 500, (0,)),
    ],
    ids=["429 with retry-after", "429", "529", "500"],
)
def test_a_refusal_in_mid_task_is_retried_once(
    stage: Scene, refusal: Refused, status: int, waits: tuple[int, ...]
) -> None:
    """As long as the provider asks for Claude Code waits; after a bare 429 as long as ccproxy lets the provider rest.

    `waits` is in seconds, as Claude Code tells it, cut to whole ones.
    """
    play = Play(Turn(calls=(writing("one"),)), refusal, Turn(calls=(writing("two"),)), Turn("Both are there."))
    run = stage.run(play, "Write two files.", *SHELL, complaints=(rf"^API error \(attempt 1/11\): {status} ",))
    assert run.answer == "Both are there."
    assert [(stage.work / f"{name}.txt").read_text() for name in ("one", "two")] == ["one\n", "two\n"]
    assert play.kinds == ["main"] * 4
    [retry] = [event for event in run.events if event.get("subtype") == "api_retry"]
    assert retry["error_status"] == status
    assert retry["retry_delay_ms"] // 1000 in waits


def test_a_refused_key_is_not_tried_again(stage: Scene) -> None:
    play = Play(Refused(401, "Incorrect API key provided"))
    play.at(stage.upstream)
    run = stage.claude.run("Say hello.")
    assert run.code == 1
    assert run.result["is_error"] is True
    assert play.kinds == ["main"]
    assert not [event for event in run.events if event.get("subtype") == "api_retry"]
    assert "Incorrect API key provided" in run.answer


LONG = "The first of many words, and then some more of them, and so on to the end of a long, long answer. " * 3


def test_an_answer_cut_off_in_its_text(stage: Scene) -> None:
    """Claude Code asks for it whole, at once."""
    play = Play(Turn(LONG, cut=0.4), Turn("The whole answer."))
    run = stage.run(play, "Tell a story.", complaints=(r"^Error streaming, falling back to non-streaming mode: ",))
    assert run.answer == "The whole answer."
    assert play.kinds == ["main", "main"]


def test_an_answer_cut_off_in_a_call(stage: Scene) -> None:
    """The call is never made by half, and the text that was complete stays."""
    command = {"command": f"echo cut >> cut.txt # {LONG}", "description": "Writes a file"}
    play = Play(
        Turn("I write it now.", calls=(("Bash", command),), cut=0.6),
        Turn(calls=(writing("whole"),)),
        Turn("It is there."),
    )
    mended = r"^(Mid-stream server error after 1 block\(s\)|Error streaming, falling back to non-streaming mode)"
    run = stage.run(play, "Write a file.", *SHELL, complaints=(mended,), repairs=mends(stage))
    assert run.answer == "It is there."
    assert [path.name for path in stage.work.glob("*.txt")] == ["whole.txt"]
    assert play.kinds == ["main"] * 3


def mends(stage: Scene) -> tuple[str, ...]:
    """Gemini tells a call in one piece, so there is no complete block yet that Claude Code could go on from."""
    return () if stage.wire.name == "gemini" else ("was cut off mid-stream",)


def test_a_connection_closed_before_anything_was_said(stage: Scene) -> None:
    play = Play(Turn("Never seen.", cut=0.0), Turn("Hello."))
    run = stage.run(play, "Say hello.", complaints=(r"^API error \(attempt 1/11\): 502 ",))
    assert run.answer == "Hello."
    assert play.kinds == ["main", "main"]
    assert "Never seen." not in told(play.bodies()[-1])
