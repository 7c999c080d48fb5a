"""The client's request as the upstream gets it: its own bytes, with the model's name replaced.

What an upstream is known to refuse is taken out and reported; all other fields pass, known here or not, and so do the
client's `anthropic-version` and `anthropic-beta`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from ccproxy.errors import InvalidRequest, ThreadUnsupported
from ccproxy.translate.draft import given
from ccproxy.translate.parse import Parsed
from ccproxy.translate.target import Target, UpstreamRequest
from ccproxy.translate.wire.anthropic import hosted, ours
from ccproxy.translate.wire.anthropic.members import Edit, edited, members, put, removed, replaced

VERSION = "2023-06-01"
"""What is said to be spoken where the client does not tell."""

_MESSAGES = "/v1/messages"


def relay(parsed: Parsed, headers: Mapping[str, str], target: Target) -> UpstreamRequest:
    """The request for the target; `headers` are the client's, with lower-case names.

    Raises ThreadUnsupported for a thread towards an upstream that keeps none, Uncarriable for what it cannot run.
    """
    return _posted(parsed, headers, target, _MESSAGES)


def count(parsed: Parsed, headers: Mapping[str, str], target: Target) -> UpstreamRequest | None:
    """The request that counts the tokens of this one; None where the upstream does not count."""
    if not target.dialect.counts_tokens:
        return None
    return _posted(parsed, headers, target, f"{_MESSAGES}/count_tokens")


def _posted(parsed: Parsed, headers: Mapping[str, str], target: Target, path: str) -> UpstreamRequest:
    body, losses = rewritten(parsed, target)
    betas, lost = allowed_betas(headers, target)
    sent = forwarded(headers)
    if betas:
        sent["anthropic-beta"] = ",".join(betas) if lost else headers["anthropic-beta"]
    return UpstreamRequest(
        method="POST", path=path, headers={**sent, **target.headers}, body=body, losses=(*losses, *lost)
    )


def rewritten(
    parsed: Parsed, target: Target, *, without: Collection[str] = (), having: Mapping[str, bytes] | None = None
) -> tuple[bytes, tuple[str, ...]]:
    """The body for the target, and the paths of what it lacks.

    `without` are members that it must not have, and go unreported; `having` are members that it gets.
    """
    request, dialect = parsed.request, target.dialect
    if given(request.thread) and not dialect.threads:
        raise ThreadUnsupported
    body = parsed.body
    try:
        found = members(body)
    except ValueError as error:
        raise InvalidRequest(f"body: {error}") from None
    edits, untold, losses = hosted.taken_out(request, found, target)
    gone = set()
    for place, one in enumerate(found):
        if one.name in without or one.name in untold:
            gone.add(place)
        elif one.name in dialect.refused_fields:
            gone.add(place)
            losses.append(one.name)
        elif one.name == "model":
            edits.append(Edit(one.start, one.end, msgspec.json.encode(target.model)))
    most = dialect.max_output_tokens
    if most and request.max_tokens is not None and request.max_tokens > most:
        edits += replaced(found, "max_tokens", b"%d" % most)
        losses.append("max_tokens")
    edits += ours.edits(body, found, signed=dialect.signed_thinking)
    if having:
        edits += put(found, body.index(b"{"), having)
    return edited(body, edits + removed(found, gone)), tuple(losses)


def forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that go out whoever the upstream is, but for its betas and what authorizes the request."""
    sent = {name: value for name, value in headers.items() if name != "anthropic-beta"}
    sent.setdefault("anthropic-version", VERSION)
    sent["content-type"] = "application/json"
    return sent


def allowed_betas(headers: Mapping[str, str], target: Target) -> tuple[list[str], list[str]]:
    """The client's betas that the upstream knows, and the paths of those that it would refuse the request for."""
    asked = [name for one in headers.get("anthropic-beta", "").split(",") if (name := one.strip())]
    known = target.dialect.betas
    if known is None:
        return asked, []
    kept = [name for name in asked if name in known]
    return kept, [f"anthropic-beta:{name}" for name in asked if name not in known]
