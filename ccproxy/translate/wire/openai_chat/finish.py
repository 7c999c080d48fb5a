"""Why an answer ended: the many finish reasons of chat completions as Anthropic's stop reasons."""

from __future__ import annotations

from typing import Literal

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.messages import StopReason

_STOP_REASONS: dict[str, StopReason] = {
    "length": "max_tokens",
    "max_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "model_length": "model_context_window_exceeded",
    "model_context_window_exceeded": "model_context_window_exceeded",
    "content_filter": "refusal",
    "content_filtered": "refusal",
    "refusal": "refusal",
    "safety": "refusal",
    "sensitive": "refusal",
    "recitation": "refusal",
    "blocklist": "refusal",
    "prohibited_content": "refusal",
    "spii": "refusal",
    "guardrail_intervened": "refusal",
}

# Finish reasons that are errors: status, type and what they mean.
_FAILURES: dict[str, tuple[int, str, str]] = {
    "error": (500, "api_error", "the provider ended the answer with an error"),
    "abort": (500, "api_error", "the provider aborted the answer"),
    "network_error": (500, "api_error", "the provider reports a network error"),
    "malformed_function_call": (500, "api_error", "the model made a tool call that the provider could not read"),
    "insufficient_system_resource": (529, "overloaded_error", "the provider ran out of resources for this answer"),
}

Calls = Literal["none", "complete", "cut"]
"""Whether the answer calls tools: `cut` where no call's input came to its end."""


def stop_reason(finish: str | None, calls: Calls) -> StopReason:
    """The stop reason. Providers say `stop` beside tool calls and `tool_calls` after a cut, so the calls decide.

    Raises UpstreamRefused for reasons that are failures.
    """
    name = (finish or "").lower()
    if name in _FAILURES:
        status, kind, message = _FAILURES[name]
        raise UpstreamRefused(message, status=status, type=kind, code=name)
    reason = _STOP_REASONS.get(name, "end_turn")
    if reason in ("max_tokens", "model_context_window_exceeded"):
        return reason
    match calls:
        case "complete":
            return "tool_use"
        case "cut":
            # The input just stops: a server that says otherwise hides that the limit was reached (vLLM streams).
            return reason if reason == "refusal" else "max_tokens"
        case _:
            return reason
