"""Why an answer ended: Gemini's finish reasons as Anthropic's stop reasons."""

from __future__ import annotations

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.messages import StopReason

# Numbers as old clients' gateways write them (the enum of the Gemini API; none above 2 was seen in recorded traffic).
_NUMBERS = (
    "FINISH_REASON_UNSPECIFIED",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "IMAGE_SAFETY",
    "UNEXPECTED_TOOL_CALL",
)
_BLOCKS = ("", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY")

_REFUSALS = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MODEL_ARMOR",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_OTHER",
    }
)

# Finish reasons that are failures of the model or of the conversation, which leave an answer without its point.
_FAILURES = {
    "MALFORMED_FUNCTION_CALL": "the model made a tool call that the provider could not read",
    "UNEXPECTED_TOOL_CALL": "the model called a tool that it was not given",
    "TOO_MANY_TOOL_CALLS": "the model called too many tools one after the other",
    "MISSING_THOUGHT_SIGNATURE": "the provider misses a thought signature in the conversation",
    "MALFORMED_RESPONSE": "the model made an answer that the provider could not read",
    "NO_IMAGE": "the model made no image",
}


def name(reason: str | int | None) -> str:
    """The reason's name in capitals; "" where the answer has not ended."""
    if isinstance(reason, int):
        return _NUMBERS[reason] if 0 < reason < len(_NUMBERS) else "OTHER" if reason else ""
    return "" if not reason or reason == "FINISH_REASON_UNSPECIFIED" else reason.upper()


def block_name(reason: str | int | None) -> str:
    """The name of the reason for which a prompt was blocked; "" where it was not."""
    if isinstance(reason, int):
        return _BLOCKS[reason] if 0 <= reason < len(_BLOCKS) else "OTHER"
    return "" if not reason or reason.endswith("_UNSPECIFIED") else reason.upper()


def failure(reason: str, message: str | None) -> str:
    """What went wrong, in words, where the reason is a failure; "" where it is none."""
    words = _FAILURES.get(reason, "")
    return f"{words}: {message}" if words and message else words


def refused(reason: str, message: str | None, *, prompt: bool) -> str:
    """What to say where an answer, or with `prompt` the prompt, was blocked; "" where neither was."""
    if not prompt and reason not in _REFUSALS:
        return ""
    words = f"The provider blocked this {'prompt' if prompt else 'answer'} ({reason})"
    return f"{words}: {message}" if message else words + "."


def raised(reason: str, words: str) -> UpstreamRefused:
    """The error that a failure is where nothing was said that a client could use."""
    return UpstreamRefused(words, status=500, type="api_error", code=reason.lower())


def stop_reason(reason: str, *, calls: bool, cut: bool) -> StopReason:
    """The stop reason. Gemini says STOP beside calls, so the calls decide; `cut`: the input of one is not all there."""
    if reason == "MAX_TOKENS" or cut:
        return "max_tokens"
    if calls:
        return "tool_use"
    return "refusal" if reason in _REFUSALS else "end_turn"
