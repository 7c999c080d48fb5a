"""Why an answer ended: Cohere's finish reasons as Anthropic's stop reasons."""

from __future__ import annotations

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.messages import StopReason

_STOP_REASONS: dict[str, StopReason] = {
    "MAX_TOKENS": "max_tokens",
    "ERROR_LIMIT": "model_context_window_exceeded",
    "ERROR_TOXIC": "refusal",
}

# Finish reasons that are errors: status, type and what they mean.
_FAILURES: dict[str, tuple[int, str, str]] = {
    "ERROR": (500, "api_error", "the provider ended the answer with an error"),
    "TIMEOUT": (504, "timeout_error", "the provider took too long for this answer"),
}


def stop_reason(finish: str | None, calls: bool, stop: str | None) -> StopReason:
    """The stop reason; `calls`: whether the answer calls tools, `stop`: the only stop sequence that was sent.

    Raises UpstreamRefused for reasons that are failures.
    """
    name = (finish or "").upper()
    if name in _FAILURES:
        status, kind, message = _FAILURES[name]
        raise UpstreamRefused(message, status=status, type=kind, code=name)
    if name in _STOP_REASONS:
        return _STOP_REASONS[name]
    if calls:
        return "tool_use"
    return "stop_sequence" if name == "STOP_SEQUENCE" and stop is not None else "end_turn"
