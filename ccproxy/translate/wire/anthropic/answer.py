"""A message of the upstream's, whole or as the beginning of a stream: what is rewritten in it, and its usage.

Rewritten are the model's name, an id that may come twice, and what of the usage is missing that clients cannot do
without. All other bytes stay.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ccproxy.errors import BadAnswer
from ccproxy.translate.messages import CacheCreation, OutputTokensDetails, Relayed, Usage
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.anthropic import failures
from ccproxy.translate.wire.anthropic.members import Edit, Member, decoded, edited, members, named, put
from ccproxy.translate.wire.anthropic.rolled import is_stream, rolled

_NEEDED = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


class Counts:
    """The usage as far as the upstream told it; what comes later counts."""

    def __init__(self, context: DecodeContext) -> None:
        self.told = False
        self._context = context
        self._found: dict[str, Any] = {}

    def take(self, usage: Any) -> None:
        """A usage object, which need not be complete."""
        if isinstance(usage, dict):
            self._found |= {name: value for name, value in usage.items() if value is not None}
            self.told = self.told or "output_tokens" in self._found

    @property
    def usage(self) -> Usage:
        """What the log tells of it; the input is estimated where it was not told."""
        created, details = (self._found.get(name) for name in ("cache_creation", "output_tokens_details"))
        return Usage(
            input_tokens=self._number("input_tokens"),
            output_tokens=self._number("output_tokens"),
            cache_creation_input_tokens=self._number("cache_creation_input_tokens"),
            cache_read_input_tokens=self._number("cache_read_input_tokens"),
            cache_creation=CacheCreation(*(_number(created, name) for name in CacheCreation.__struct_fields__)),
            output_tokens_details=OutputTokensDetails(_number(details, "thinking_tokens")),
        )

    def _number(self, name: str) -> int:
        if name == "input_tokens" and name not in self._found:
            return self._context.input_tokens
        return _number(self._found, name)


def decode(body: bytes, context: DecodeContext) -> Relayed:
    """The answer in `body`, which may be a stream that nobody asked for.

    Raises UpstreamRefused for an error inside a 200, BadAnswer for what is no message, Truncated for a cut stream.
    """
    if is_stream(body):
        body = rolled(body)
    try:
        found = members(body)
    except ValueError:
        raise BadAnswer("the provider's answer is no JSON object") from None
    content = named(found, "content")
    if content is None or body[content.start : content.start + 1] != b"[":
        failures.check(body)
        raise BadAnswer("the provider's answer is no message")
    counts = Counts(context)
    edits = message_edits(found, body.index(b"{"), context, counts)
    reason = named(found, "stop_reason")
    usage = counts.usage
    if not counts.told:
        usage.estimated = True
    return Relayed(edited(body, edits), reason.text if reason is not None else None, usage)


def message_edits(found: list[Member], start: int, context: DecodeContext, counts: Counts) -> list[Edit]:
    """The edits of a message whose brace stands at `start`; `found` are its members. Its usage is counted."""
    target = context.target
    wanted = {"model": msgspec.json.encode(target.label)}
    own = named(found, "id")
    id = own.text if own is not None else None
    if id is None or not target.dialect.own_ids or not id.startswith("msg_"):
        wanted["id"] = msgspec.json.encode(context.message_id)
    edits = usage_edits(named(found, "usage"), context, counts, _NEEDED)
    if edits is None:
        wanted["usage"] = msgspec.json.encode(dict.fromkeys(_NEEDED, 0) | {"input_tokens": context.input_tokens})
    return [*put(found, start, wanted), *(edits or ())]


def usage_edits(
    usage: Member | None, context: DecodeContext, counts: Counts, needed: tuple[str, ...]
) -> list[Edit] | None:
    """The edits that give a usage object the numbers that it lacks, or has as null; None where it is none at all.

    What it tells is counted.
    """
    told = decoded(usage.value) if usage is not None else None
    if usage is None or not isinstance(told, dict):
        return None
    counts.take(told)
    lacking = {
        name: b"%d" % (context.input_tokens if name == "input_tokens" else 0)
        for name in needed
        if not isinstance(told.get(name), int)
    }
    return put(members(usage.value, usage.start), usage.start, lacking) if lacking else []


def _number(found: Any, name: str) -> int:
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, int) else 0
