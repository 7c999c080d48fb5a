"""What of a request only Anthropic's own API knows: refused if the answer would be wrong without it, else reported."""

from __future__ import annotations

from msgspec import UNSET

from ccproxy.errors import InvalidRequest, ThreadUnsupported, Uncarriable
from ccproxy.translate.draft import Draft, given
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.target import Target

_FIELDS = (
    "cache_control",
    "diagnostics",
    "inference_geo",
    "context_management",
    "compaction",
    "fallbacks",
    "fallback_credit_token",
    "billing_policy",
    "safeguards",
)


def refuse(request: MessagesRequest, target: Target, *, mcp_servers: bool = False) -> None:
    """Raise for what would make the answer wrong if it were left out. `mcp_servers`: the wire carries them.

    Raises ThreadUnsupported, Uncarriable, and InvalidRequest where there is nothing to answer.
    """
    if given(request.thread):
        raise ThreadUnsupported
    if given(request.container):
        raise Uncarriable(f"container: {target.label} has no containers or skills")
    if not mcp_servers and given(request.mcp_servers) and bytes(request.mcp_servers).replace(b" ", b"") != b"[]":  # type: ignore[arg-type]
        raise Uncarriable(f"mcp_servers: {target.label} cannot call MCP servers; connect them in the client")
    if not request.messages:
        raise InvalidRequest("messages: at least one message is required")


def report(request: MessagesRequest, draft: Draft) -> None:
    """Report the fields that are not carried."""
    for name in _FIELDS:
        value = getattr(request, name)
        if value is not UNSET:
            draft.lose(value, name)
    if given(request.speed) and bytes(request.speed) != b'"standard"':  # type: ignore[arg-type]
        draft.losses.append("speed")
    if request.output_config:
        draft.lose(request.output_config.task_budget, "output_config.task_budget")
