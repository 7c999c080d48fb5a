"""Why an answer ended: Converse's stop reasons as those of the Messages API."""

from __future__ import annotations

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.calls import Call
from ccproxy.translate.messages import StopReason

_STOP_REASONS: dict[str, StopReason] = {
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "guardrail_intervened": "refusal",
    "content_filtered": "refusal",
    "model_context_window_exceeded": "model_context_window_exceeded",
}

_FAILURES = {
    "malformed_tool_use": "the model made a tool call that the provider could not read",
    "malformed_model_output": "the model's answer is one that the provider could not read",
}

_ABOVE_CALLS = ("max_tokens", "model_context_window_exceeded", "refusal")


def stop_reason(told: str | None, calls: list[Call]) -> StopReason:
    """The stop reason. Not all models say `tool_use` beside calls, and the provider's own tools leave it too.

    Raises UpstreamRefused for reasons that are failures.
    """
    name = (told or "").lower()
    if name in _FAILURES:
        raise UpstreamRefused(_FAILURES[name], status=500, type="api_error", code=name)
    reason = _STOP_REASONS.get(name, "end_turn")
    if not calls or reason in _ABOVE_CALLS:
        return reason
    # An input that just stops was cut, whatever is said of it.
    return "max_tokens" if all(call.cut for call in calls) else "tool_use"
