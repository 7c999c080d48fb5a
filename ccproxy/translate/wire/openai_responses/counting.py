"""How many input tokens a request comes to, as the provider counts them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from ccproxy.errors import BadAnswer
from ccproxy.translate import anthropic_only
from ccproxy.translate.draft import Draft
from ccproxy.translate.parse import Parsed
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.openai_responses.request import asked, path

# The fields that are input; with any other the count is refused (types of the `openai` package).
_COUNTED = ("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text")


class _Count(Struct):
    input_tokens: int


_read = msgspec.json.Decoder(_Count).decode


def count(
    parsed: Parsed,
    headers: Mapping[str, str],  # noqa: ARG001  the contract of all wires; this one needs none of the client's
    target: Target,
) -> UpstreamRequest | None:
    """The request that counts the tokens of this one; None where the provider does not count.

    Raises ThreadUnsupported, Uncarriable and InvalidRequest as encoding does.
    """
    if not target.dialect.counts_tokens:
        return None
    anthropic_only.refuse(parsed.request, target, mcp_servers=bool(target.dialect.mcp and target.dialect.tools))
    draft = Draft(target)
    body = asked(parsed.request, draft)
    return UpstreamRequest(
        method="POST",
        path=path(draft, "/responses/input_tokens"),
        headers={"content-type": "application/json", **target.headers},
        body=msgspec.json.encode({name: body[name] for name in _COUNTED if name in body}),
        losses=tuple(draft.losses),
    )


def counted(body: bytes) -> int:
    """The tokens in the provider's answer. Raises BadAnswer where there are none."""
    try:
        return _read(body).input_tokens
    except msgspec.MsgspecError as error:
        raise BadAnswer("the provider's answer has no count of tokens") from error
