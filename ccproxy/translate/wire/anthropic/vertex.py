"""The Messages API on Vertex AI: the model and the method stand in the path, the version in the body.

After Google's documentation for partner models and Anthropic's own client for them. Answers, streams and the betas'
header are the plain API's.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from ccproxy.translate.parse import Parsed
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.anthropic import StreamDecoder, counted, decode, decode_error
from ccproxy.translate.wire.anthropic.request import allowed_betas, forwarded, rewritten

__all__ = ["StreamDecoder", "count", "counted", "decode", "decode_error", "relay"]

_HAVING = {"anthropic_version": b'"vertex-2023-10-16"'}


def relay(parsed: Parsed, headers: Mapping[str, str], target: Target) -> UpstreamRequest:
    """The request for the target; `headers` are the client's, with lower-case names.

    Raises ThreadUnsupported for a thread towards an upstream that keeps none.
    """
    method = "streamRawPredict" if parsed.request.stream else "rawPredict"
    body, losses = rewritten(parsed, target, without=("model",), having=_HAVING)
    return _posted(f"/models/{quote(target.model, safe='@')}:{method}", body, losses, headers, target)


def count(parsed: Parsed, headers: Mapping[str, str], target: Target) -> UpstreamRequest | None:
    """The request that counts the tokens of this one, which names its model in the body; None where nothing counts."""
    if not target.dialect.counts_tokens:
        return None
    body, losses = rewritten(parsed, target, having=_HAVING)
    return _posted("/models/count-tokens:rawPredict", body, losses, headers, target)


def _posted(
    path: str, body: bytes, losses: tuple[str, ...], headers: Mapping[str, str], target: Target
) -> UpstreamRequest:
    betas, lost = allowed_betas(headers, target)
    sent = {name: value for name, value in forwarded(headers).items() if name != "anthropic-version"}
    if betas:
        sent["anthropic-beta"] = ",".join(betas)
    return UpstreamRequest(
        method="POST", path=path, headers={**sent, **target.headers}, body=body, losses=(*losses, *lost)
    )
