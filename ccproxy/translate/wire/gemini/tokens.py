"""How many input tokens a request has, asked of the provider (`countTokens`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from ccproxy.errors import BadAnswer
from ccproxy.translate import anthropic_only
from ccproxy.translate.draft import Draft
from ccproxy.translate.parse import Parsed
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.gemini.request import model_path, written

# What Vertex AI's CountTokensRequest knows of a request (provider docs).
_COUNTED = ("contents", "systemInstruction", "tools", "generationConfig")


class _Answer(Struct):
    total: int = msgspec.field(name="totalTokens")


_encode = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(_Answer).decode


def count(
    parsed: Parsed,
    headers: Mapping[str, str],  # noqa: ARG001 - the wires' common form
    target: Target,
) -> UpstreamRequest | None:
    """The request that asks; `headers` are the client's and of no use here.

    AI Studio counts all of a request only where it is wrapped in `generateContentRequest`; Vertex AI takes the
    fields that count. Raises as `encode` does.
    """
    anthropic_only.refuse(parsed.request, target)
    draft = Draft(target)
    body, _ = written(parsed.request, draft)
    path = model_path(target.model)
    asked: dict[str, Any]
    if draft.dialect.count_wrapped:
        asked = {"generateContentRequest": {"model": path.removeprefix("/"), **body}}
    else:
        asked = {name: body[name] for name in _COUNTED if name in body}
    return UpstreamRequest(
        method="POST",
        path=f"{path}:countTokens",
        headers={"content-type": "application/json", **target.headers},
        body=_encode(asked),
        losses=tuple(draft.losses),
    )


def counted(body: bytes) -> int:
    """The number in the provider's answer. Raises BadAnswer where there is none."""
    try:
        return _read(body).total
    except msgspec.MsgspecError as error:
        raise BadAnswer("the provider's count of tokens makes no sense") from error
