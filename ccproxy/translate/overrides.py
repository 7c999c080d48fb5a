"""What a route's target says in place of the client: sampling, output length, effort and thinking.

Both forms of a request are changed alike: the typed one, which the translating wires read, and the bytes, of which the
relaying ones send everything else as it came. What a change would have the provider refuse goes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, structs

from ccproxy.errors import InvalidRequest
from ccproxy.translate.draft import given
from ccproxy.translate.messages import InputMessage, MessagesRequest, OutputConfig, Thinking
from ccproxy.translate.parse import Parsed
from ccproxy.translate.wire.anthropic.members import (
    Edit,
    Member,
    decoded,
    edited,
    items,
    members,
    named,
    put,
    removed,
)

EFFORTS = ("low", "medium", "high", "xhigh", "max")
KINDS = ("enabled", "adaptive", "between_tools", "disabled")
OFF = "off"

# The fewest tokens of a thinking budget, which has to be smaller than max_tokens (provider docs).
_LEAST_BUDGET = 1024
# An edit of the context that is refused unless the model thinks (`requires thinking to be enabled or adaptive`).
_CLEARS_THINKING = "clear_thinking"
# Ways not to think before an answer, and the efforts that are refused with them (provider docs of Opus 5, Sonnet 5.5).
_STILL = ("disabled", "between_tools")
_NEEDS_THINKING = ("xhigh", "max")
_MOST_WITHOUT_THINKING = "high"
_PRESENT = b'"output_config"'


class _Efforts(Struct, frozen=True):
    """What becomes of an effort: `said` stands in its place; `capped`: none that needs thinking."""

    said: str | None
    capped: bool

    def of(self, effort: str | None) -> str | None:
        """The effort in place of this one."""
        found = self.said or effort
        return _MOST_WITHOUT_THINKING if self.capped and found in _NEEDS_THINKING else found


class _Change(Struct):
    """What becomes of the request's members: new values, and the names of those that go; and of its efforts."""

    fields: dict[str, Any]
    gone: set[str]
    efforts: _Efforts


def check(parameters: Mapping[str, Any]) -> None:
    """Raise ValueError for parameters that are none; the message names the path, what is allowed and what was given."""
    for name, value in parameters.items():
        if name not in _CHECKS:
            raise ValueError(f"{name}: no such parameter; there are {', '.join(_CHECKS)}")
        _CHECKS[name](name, value)


def applied(parsed: Parsed, parameters: Mapping[str, Any]) -> Parsed:
    """The request with the parameters, which `check` has passed, in place of the client's; the given one stays.

    Without parameters, or where they change nothing, it is the same object. `max_tokens` is a cap. An effort is also
    put where a message has one of its own, for that would count from there on.
    """
    if not parameters:
        return parsed
    change = _change(parsed.request, parameters)
    request = _typed(parsed.request, change)
    if request is parsed.request:
        return parsed
    return structs.replace(parsed, request=request, body=_bytes(parsed.body, change))


def _change(request: MessagesRequest, parameters: Mapping[str, Any]) -> _Change:
    fields = {name: parameters[name] for name in ("temperature", "top_p", "top_k") if name in parameters}
    fields = {name: value for name, value in fields.items() if value != getattr(request, name)}
    most, cap = request.max_tokens, parameters.get("max_tokens")
    if most is not None and cap is not None and cap < most:
        fields["max_tokens"] = most = cap
    wanted, effort = parameters.get("thinking"), parameters.get("effort")
    thinking = _thinking(request, wanted, most)
    still = thinking is not None and thinking.type in _STILL
    change = _Change(fields, set(), _Efforts(effort, still and (effort is not None or thinking != request.thinking)))
    if thinking is not None and thinking != request.thinking:
        fields["thinking"] = thinking
        if thinking.type == "disabled":
            _keep_thoughts(request, change)
    return change


def _thinking(request: MessagesRequest, wanted: Any, most: int | None) -> Thinking | None:
    """How the model is to think, with a budget that `most` output tokens have room for; None: not at all said."""
    client = request.thinking
    thinking = client
    if wanted is not None:
        said: Mapping[str, Any] = {"type": "disabled"} if wanted == OFF else wanted
        thinking = Thinking(said["type"], said.get("budget_tokens"), client.display if client else None)
        if thinking.type == "disabled":
            return Thinking("disabled")
    elif client is None or not _fits(client.budget_tokens, request.max_tokens):
        return client  # with interleaved thinking a budget may be larger
    if thinking is None or most is None or _fits(thinking.budget_tokens, most):
        return thinking
    if most <= _LEAST_BUDGET:
        return Thinking("disabled")
    return structs.replace(thinking, budget_tokens=max(_LEAST_BUDGET, most // 2))


def _fits(budget: int | None, most: int | None) -> bool:
    return budget is None or most is None or budget < most


def _keep_thoughts(request: MessagesRequest, change: _Change) -> None:
    """Take the edit out of `context_management` that clears thinking, and all of it where it holds nothing else."""
    if not given(request.context_management):
        return
    found = decoded(request.context_management)  # type: ignore[arg-type]
    edits = found.get("edits") if isinstance(found, dict) else None
    if not isinstance(edits, list):
        return
    kept = [one for one in edits if not (isinstance(one, dict) and str(one.get("type")).startswith(_CLEARS_THINKING))]
    if len(kept) == len(edits):
        return
    if kept or len(found) > 1:
        change.fields["context_management"] = Raw(msgspec.json.encode({**found, "edits": kept}))
    else:
        change.gone.add("context_management")


def _typed(request: MessagesRequest, change: _Change) -> MessagesRequest:
    """The request as values; the same object where nothing changes."""
    changed = {**change.fields, **dict.fromkeys(change.gone, UNSET)}
    config = request.output_config or OutputConfig()
    effort = change.efforts.of(config.effort)
    if effort != config.effort:
        changed["output_config"] = structs.replace(config, effort=effort)
    messages = [_message(one, change.efforts) for one in request.messages]
    if any(new is not old for new, old in zip(messages, request.messages, strict=True)):
        changed["messages"] = messages
    return structs.replace(request, **changed) if changed else request


def _message(message: InputMessage, efforts: _Efforts) -> InputMessage:
    if message.output_config is UNSET:
        return message
    config = _own_effort(bytes(message.output_config), efforts)
    return structs.replace(message, output_config=Raw(config)) if config is not None else message


def _bytes(body: bytes, change: _Change) -> bytes:
    """The request as bytes: what does not change is as it came."""
    try:
        found = members(body)
    except ValueError as error:
        raise InvalidRequest(f"body: {error}") from None
    wanted = {name: _json(value) for name, value in change.fields.items()}
    config = _config(found, change.efforts)
    if config is not None:
        wanted["output_config"] = config
    edits = [
        *_in_messages(body, found, change.efforts),
        *put(found, body.index(b"{"), wanted),
        *removed(found, {place for place, one in enumerate(found) if one.name in change.gone}),
    ]
    return edited(body, edits)


def _config(found: list[Member], efforts: _Efforts) -> bytes | None:
    """The request's `output_config` with the new effort; None where it stays."""
    config = named(found, "output_config")
    value = decoded(config.value) if config is not None else None
    have = value.get("effort") if isinstance(value, dict) else None
    effort = efforts.of(have)
    if effort is None or effort == have:
        return None
    return _with_effort(bytes(config.value) if config is not None else b"", effort)


def _in_messages(body: bytes, found: list[Member], efforts: _Efforts) -> list[Edit]:
    messages = named(found, "messages")
    edits: list[Edit] = []
    if messages is None or body.find(_PRESENT, messages.start, messages.end) < 0:
        return edits
    for message in items(messages.value, messages.start):
        if body.find(_PRESENT, message.start, message.end) < 0:
            continue
        for member in members(message.value, message.start):
            config = _own_effort(bytes(member.value), efforts) if member.name == "output_config" else None
            if config is not None:
                edits.append(Edit(member.start, member.end, config))
    return edits


def _own_effort(config: bytes, efforts: _Efforts) -> bytes | None:
    """A message's `output_config` with another effort; None where it holds none, or stays."""
    found = decoded(config)
    have = found.get("effort") if isinstance(found, dict) else None
    if have is None:
        return None
    effort = efforts.of(have)
    return _with_effort(config, effort) if effort is not None and effort != have else None


def _with_effort(config: bytes, effort: str) -> bytes:
    """An `output_config` with the effort; one that is no object gives way to a new one."""
    value = msgspec.json.encode(effort)
    try:
        return edited(config, put(members(config), config.index(b"{"), {"effort": value}))
    except ValueError:
        return b'{"effort":%s}' % value


def _json(value: Any) -> bytes:
    """A new value as it is sent: what a Struct leaves open is not written."""
    if isinstance(value, Struct):
        value = {name: one for name, one in structs.asdict(value).items() if one is not None}
    return msgspec.json.encode(value)


def _number(least: float, most: float) -> Callable[[str, Any], None]:
    def of(path: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise ValueError(f"{path}: expected a number from {least:g} to {most:g}, got {value!r}")

    return of


def _integer(least: int) -> Callable[[str, Any], None]:
    def of(path: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{path}: expected an integer of at least {least}, got {value!r}")

    return of


def _choice(path: str, value: Any, choices: Collection[str]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{path}: expected one of {', '.join(choices)}, got {value!r}")


def _effort(path: str, value: Any) -> None:
    _choice(path, value, EFFORTS)


def _thought(path: str, value: Any) -> None:
    if value == OFF:
        return
    if not isinstance(value, Mapping):
        raise ValueError(
            f'{path}: expected "{OFF}" or an object, {{"type": "enabled", "budget_tokens": N}} or a type alone, '
            f"got {value!r}"
        )
    kind = value.get("type")
    _choice(f"{path}.type", kind, KINDS)
    allowed = ("type", "budget_tokens") if kind == "enabled" else ("type",)
    for name in value:
        if name not in allowed:
            raise ValueError(f"{path}.{name}: no such field for {kind}; there are {', '.join(allowed)}")
    if kind == "enabled":
        _integer(_LEAST_BUDGET)(f"{path}.budget_tokens", value.get("budget_tokens"))


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "top_k": _integer(1),
    "max_tokens": _integer(1),
    "effort": _effort,
    "thinking": _thought,
}
