"""How a response ended: its status as Anthropic's stop reason, or the error that it is."""

from __future__ import annotations

from typing import Any, Literal

from ccproxy.errors import BadAnswer, UpstreamRefused
from ccproxy.translate.messages import StopReason
from ccproxy.translate.refusals import Words, refused, words
from ccproxy.translate.wire.openai_responses.items import Response

Calls = Literal["none", "complete", "cut"]
"""Whether the answer calls tools: `cut` where no call's input came to its end."""

_FAILED = ("failed", "cancelled", "canceled")
_UNFINISHED = ("queued", "in_progress")


def check(response: Response) -> None:
    """Raises UpstreamRefused where the response failed, BadAnswer where it is none or not over."""
    said = words(response.error)
    if said.message or said.code or response.status in _FAILED:
        raise failure(response.error, response.status or "failed")
    if response.status in _UNFINISHED:
        raise BadAnswer(f"the provider's answer is not over: its status is {response.status}")
    if (response.object or "response") != "response":
        raise BadAnswer(f"the provider's answer is not a response but a {response.object}")


def failure(error: Any, status: str = "failed") -> UpstreamRefused:
    """The error of a response that failed, or of an `error` event."""
    said = words(error)
    if said.type == "error":
        said.type = ""
    if not (said.message or said.code):
        said = Words(message=f"the provider says of this answer no more than that it is {status}")
    return refused(said)


def stop_reason(response: Response, calls: Calls, *, refusal: bool) -> StopReason:
    """The stop reason. What is incomplete for any other reason than a filter was cut, whatever cut it."""
    reason = response.incomplete_details.reason if response.incomplete_details is not None else None
    if reason == "content_filter":
        return "refusal"
    if response.status == "incomplete":
        return "max_tokens"
    match calls:
        case "complete":
            return "tool_use"
        case "cut":
            return "max_tokens"  # the input just stops: the server hides that the limit was reached
        case _:
            return "refusal" if refusal else "end_turn"
