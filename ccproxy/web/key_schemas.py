"""What a client key looks like in JSON, in and out. Its text is not known here: who makes it shows it, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, get_args

from marshmallow import RAISE, Schema, fields

from ccproxy.gateway.access import FIRST_KEY, LOCAL
from ccproxy.store.audit import COMMAND_LINE
from ccproxy.store.client_keys import Capture, ClientKey, Role
from ccproxy.web.fields import Amount, Moment, Networks, OneOf, Whole
from ccproxy.web.schemas import MUST_BE_STRING, NAME, NAME_FORM, Flag, Text, moment, read, require

MOST_MODELS = 200
MOST_GRACE = 30 * 86400
DEFAULT_GRACE = 86400
"""Seconds for which a rotated key is taken on where nothing is said: a day, so that nobody has to be there."""


_TAKEN = (FIRST_KEY, LOCAL, COMMAND_LINE.name)


def _check_name(name: str) -> None:
    require(NAME.fullmatch(name), NAME_FORM)
    require(name not in _TAKEN, f"must not be {name}, which is the name of others in the log and the audit")


class KeySchema(Schema):
    """A key as administrators write it. Nothing is required here, because a change names only what changes."""

    class Meta:
        """What is not known is a mistake that somebody wants to hear of."""

        unknown = RAISE

    error_messages = {"unknown": "is not a field of a key", "type": "must be an object"}  # noqa: RUF012

    name = fields.String(error_messages=MUST_BE_STRING, validate=_check_name)
    owner = Text(allow_none=True)
    role = OneOf(get_args(Role))
    models = fields.List(
        Text(),
        error_messages={"invalid": "must be a list of strings", "null": "must be a list of strings"},
        validate=lambda models: require(len(models) <= MOST_MODELS, f"must not hold more than {MOST_MODELS}"),
    )
    addresses = Networks()
    expires_at = Moment(allow_none=True)
    requests_per_minute = Whole(1, allow_none=True)
    tokens_per_minute = Whole(1, allow_none=True)
    concurrent_requests = Whole(1, allow_none=True)
    daily_budget_usd = Amount(allow_none=True)
    monthly_budget_usd = Amount(allow_none=True)
    daily_token_budget = Whole(1, allow_none=True)
    monthly_token_budget = Whole(1, allow_none=True)
    capture = OneOf(get_args(Capture))
    enabled = Flag()


class RotationSchema(Schema):
    """What is said of a rotation."""

    class Meta:
        """As above."""

        unknown = RAISE

    error_messages = {"unknown": "is not a field of a rotation", "type": "must be an object"}  # noqa: RUF012

    grace_seconds = Whole(0, MOST_GRACE)


_schema = KeySchema()
_rotation = RotationSchema()


def read_key(document: Any) -> dict[str, Any]:
    """The fields that a JSON document gives. Raises InvalidRequest that names each fault's path."""
    given = read(_schema, document)
    if "models" in given:
        given["models"] = tuple(given["models"])
    return given


def read_grace(document: Any) -> timedelta:
    """For how long the old text of a rotated key is taken. Raises InvalidRequest."""
    return timedelta(seconds=read(_rotation, document).get("grace_seconds", DEFAULT_GRACE))


def show_key(key: ClientKey, now: datetime, last_used_at: datetime | None, spend: Mapping[str, Any]) -> dict[str, Any]:
    """A key as the API shows it. `spend` as it is to be shown."""
    taken = key.former_until is not None and key.former_until > now
    return {
        "name": key.name,
        "owner": key.owner,
        "role": key.role,
        "prefix": key.prefix,
        "former": {"prefix": key.former_prefix, "until": _moment(key.former_until)} if taken else None,
        "models": list(key.models),
        "addresses": list(key.addresses),
        "expires_at": _moment(key.expires_at),
        "requests_per_minute": key.requests_per_minute,
        "tokens_per_minute": key.tokens_per_minute,
        "concurrent_requests": key.concurrent_requests,
        "daily_budget_usd": key.daily_budget_usd,
        "monthly_budget_usd": key.monthly_budget_usd,
        "daily_token_budget": key.daily_token_budget,
        "monthly_token_budget": key.monthly_token_budget,
        "capture": key.capture,
        "enabled": key.enabled,
        "created_at": moment(key.created_at),
        "updated_at": moment(key.updated_at),
        "last_used_at": _moment(last_used_at),
        "spend": dict(spend),
    }


def audited_key(key: ClientKey) -> dict[str, Any]:
    """A key as the audit tells of it: what administrators say of it, and which text it has, by its beginning."""
    shown = show_key(key, key.updated_at, None, {})
    return {name: value for name, value in shown.items() if name not in ("last_used_at", "spend")}


def _moment(when: datetime | None) -> str | None:
    return moment(when) if when is not None else None
