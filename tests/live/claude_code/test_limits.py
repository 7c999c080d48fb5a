"""Limits of a provider's that Claude Code repairs by itself, because it is told of them in the words that it knows."""

from __future__ import annotations

from typing import Any

from tests.live.claude_code.scene import CHAT, Scene
from tests.live.claude_code.turns import Refused, Turn
from tests.live.claude_code.upstream import Play

# As each provider says that `max_tokens` is more than the model can do.
TOO_MANY = {
    "chat": "max_tokens is too large: 32000. This model supports at most 8192 completion tokens.",
    "responses": "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 8192, but got 32000.",
    "gemini": "it has a maxOutputTokens value of 32000 but the supported range is from 1 (inclusive) to 8193 "
    "(exclusive).",
}
LIMITS: dict[str, Any] = {
    "chat": lambda body: body.get("max_completion_tokens") or body.get("max_tokens"),
    "responses": lambda body: body["max_output_tokens"],
    "gemini": lambda body: body["generationConfig"]["maxOutputTokens"],
}


def test_an_output_limit_is_learned(stage: Scene) -> None:
    play = Play(Refused(400, TOO_MANY[stage.wire.name]), Turn("Hello."))
    lowered = (
        r"^API error \(attempt 1/11\): 400 .* > 8192, which is the maximum allowed number of output tokens for ",
        r"^\[max_tokens\] A request for \S+ failed, and a reply began when it was sent again with max_tokens set to ",
    )
    run = stage.run(play, "Say hello.", complaints=lowered)
    assert run.answer == "Hello."
    before, after = (LIMITS[stage.wire.name](body) for body in play.bodies())
    assert (before, after) == (32_000, 8_192)


@CHAT
def test_a_prompt_and_its_answer_are_fitted_into_the_window(stage: Scene) -> None:
    """Only servers for chat completions count what an answer may have, and refuse it in advance."""
    words = (
        "This model's maximum context length is 40000 tokens. However, you requested 44000 tokens (12000 in the "
        "messages, 32000 in the completion). Please reduce the length of the messages or completion."
    )
    play = Play(Refused(400, words, code="context_length_exceeded"), Turn("Hello."))
    run = stage.run(play, "Say hello.", complaints=(r"^API error \(attempt 1/11\): 400 .*12000 \+ 32000 > 40000",))
    assert run.answer == "Hello."
    before, after = (LIMITS["chat"](body) for body in play.bodies())
    assert (before, after) == (32_000, 27_000)
