"""What a provider looks like in JSON: the form of its fields, in and out. What they mean together is in `definitions`.

`read_provider` guards the admin API and the config file alike. Every fault is named by its path, all of them at once,
and no message repeats a value, for it may be a key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load

from ccproxy.errors import InvalidRequest
from ccproxy.gateway.credentials import keys
from ccproxy.gateway.discretion import SECRET_HEADER
from ccproxy.store.providers import Provider

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
NAME_FORM = "must be 1 to 63 of a-z 0-9 . _ - and begin with a letter or a digit"
CAMEL_CASE = {"apiBaseUrl": "api_base_url", "apiKey": "api_key", "apiKeys": "api_keys"}

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110's token
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# Connection-bound (RFC 9110 7.6.1) or the transport's own: setting them would break the framing or the routing.
OUR_HEADERS = frozenset(
    (
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)

HINT_LENGTH = 4
SHORTEST_HINTED = 12
LONGEST_TEXT = 4096
LONGEST_HEADER = 8192
LONGEST_ACCOUNT = 16384
MOST_ITEMS = 2000
MOST_KEYS = 100
SHOWN_NAME = 80

MUST_BE_STRING: dict[str, str | list[Any] | dict[Any, Any]] = {
    "invalid": "must be a string",
    "null": "must not be null",
}


class Text(fields.Field[str]):
    """A string of printable characters, blanks around it taken off; `empty` says whether nothing may be left."""

    default_error_messages = MUST_BE_STRING

    def __init__(self, *, empty: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.empty = empty

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        text = value.strip()
        if not text and not self.empty:
            raise ValidationError("must not be empty")
        if len(text) > LONGEST_TEXT:
            raise ValidationError(f"must not be longer than {LONGEST_TEXT} characters")
        if not text.isprintable():
            raise ValidationError("must hold no line ends or control characters")
        return text


class Key(Text):
    """An API key: what can stand in a header, or credentials in JSON. Empty and null both mean: none."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if isinstance(value, str) and value.lstrip().startswith("{"):
            return _one_line(value)
        text = super()._deserialize(value, None, None)
        if not text.isascii() or " " in text:
            raise ValidationError("must hold only ASCII characters and no spaces")
        return text


class Keys(fields.Field[tuple[str, ...]]):
    """Several keys, each another."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        require(isinstance(value, list), "must be a list of strings")
        require(len(value) <= MOST_KEYS, f"must not hold more than {MOST_KEYS}")
        keys = tuple(fields.List(Key()).deserialize(value))
        twice = {index: ["is given twice"] for index, key in enumerate(keys) if key in keys[:index]}
        if twice:
            raise ValidationError(twice)
        return keys


def _one_line(document: str) -> str:
    """Google's credentials as they come in a file, in one line of ASCII characters."""
    if len(document) > LONGEST_ACCOUNT:
        raise ValidationError(f"must not be longer than {LONGEST_ACCOUNT} characters")
    try:
        return json.dumps(json.loads(document), separators=(",", ":"))
    except (ValueError, RecursionError):
        raise ValidationError("begins like JSON and is none") from None


class Flag(fields.Field[bool]):
    """A JSON boolean and nothing that resembles one."""

    default_error_messages = {"invalid": "must be true or false", "null": "must be true or false"}  # noqa: RUF012

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Headers(fields.Field[dict[str, str]]):
    """Extra headers, name to value; faults are keyed by header."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "must be an object of header names and values",
        "null": "must be an object of header names and values",
    }

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        if len(value) > MOST_ITEMS:
            raise ValidationError(f"must not hold more than {MOST_ITEMS}")
        faults: dict[str, list[str]] = {}
        seen: set[str] = set()
        for name, text in value.items():
            fault = _header_fault(name, text)
            if fault is None and name.lower() in seen:
                fault = "is given twice"
            if fault is not None:
                faults[name] = [fault]
            seen.add(name.lower())
        if faults:
            raise ValidationError(faults)
        return value


def _header_fault(name: str, value: Any) -> str | None:
    if not HEADER_NAME.fullmatch(name):
        return "is not a header name"
    if name.lower() in OUR_HEADERS:
        return "cannot be set: it belongs to the connection"
    if not isinstance(value, str):
        return "must be a string"
    # A mask may come back as it was shown; `definitions` puts the value in its place or refuses it
    if len(value) > LONGEST_HEADER or not (HEADER_VALUE.fullmatch(value) or is_mask(value)):
        return "must be one line of Latin-1 characters"
    return None


class ProviderSchema(Schema):
    """A provider as administrators write it. Nothing is required here, because a change names only what changes."""

    class Meta:
        """What is not known is a mistake that somebody wants to hear of."""

        unknown = RAISE

    error_messages = {"unknown": "is not a field of a provider", "type": "must be an object"}  # noqa: RUF012

    name = fields.String(
        error_messages=MUST_BE_STRING,
        validate=lambda name: require(NAME.fullmatch(name), NAME_FORM),
    )
    type = Text()
    api_base_url = Text(empty=True, allow_none=True)
    api_key = Key(empty=True, allow_none=True)
    api_keys = Keys(allow_none=True)
    models = fields.List(
        Text(),
        error_messages={"invalid": "must be a list of strings", "null": "must be a list of strings"},
        validate=lambda models: require(len(models) <= MOST_ITEMS, f"must not hold more than {MOST_ITEMS}"),
    )
    enabled = Flag()
    headers = Headers()
    options = fields.Dict(
        keys=fields.String(), error_messages={"invalid": "must be an object", "null": "must be an object"}
    )

    @pre_load
    def _one_spelling(self, document: Any, **_: Any) -> Any:
        if not isinstance(document, Mapping):
            return document
        for camel, snake in CAMEL_CASE.items():
            if camel in document and snake in document:
                raise ValidationError(f"is given twice, also as {camel}", snake)
        given = {CAMEL_CASE.get(name, name): value for name, value in document.items()}
        if "api_key" in given and "api_keys" in given:
            raise ValidationError("cannot be given beside api_key, which is short for a list of one", "api_keys")
        return given


_schema = ProviderSchema()


def read_provider(document: Any) -> dict[str, Any]:
    """The fields that a JSON document gives, in snake_case. Raises InvalidRequest that names each fault's path.

    `api_key` and `api_base_url` are None where the document clears them, `api_keys` are empty.
    """
    given = read(_schema, document)
    for name in ("api_key", "api_base_url"):
        if name in given:
            given[name] = given[name] or None
    if "api_keys" in given:
        given["api_keys"] = given["api_keys"] or ()
    return given


def read(schema: Schema, document: Any) -> dict[str, Any]:
    """What a schema makes of a document. Raises InvalidRequest that names each fault's path."""
    try:
        given: dict[str, Any] = schema.load(document)
    except ValidationError as error:
        raise InvalidRequest("; ".join(f"{path}: {text}" for path, text in _faults(error.messages))) from None
    return given


def show_provider(provider: Provider) -> dict[str, Any]:
    """A provider as the API shows it: everything but its secrets."""
    return {
        "name": provider.name,
        "type": provider.type,
        "api_base_url": provider.api_base_url,
        "api_key_set": bool(provider.api_key),
        "api_key_hint": hint(provider.api_key),
        "api_key_hints": [hint(key) for key in provider.keys],
        "models": list(provider.models),
        "enabled": provider.enabled,
        "headers": {name: mask(value) if is_secret(name) else value for name, value in provider.headers.items()},
        "options": dict(provider.options),
        "created_at": moment(provider.created_at),
        "updated_at": moment(provider.updated_at),
    }


def audited_provider(provider: Provider) -> dict[str, Any]:
    """A provider as the audit keeps it for good: no value of any header, for those are encrypted where they belong."""
    return {**show_provider(provider), "headers": dict.fromkeys(provider.headers, "…")}


def hint(secret: str | None) -> str | None:
    """The end of a secret, enough to tell it from others; nothing of one so short that the end gives it away.

    Where an id belongs to the secret (AWS's and Google's), the end of the id: it is no secret at all.
    """
    shown = keys.shown(secret) if secret else ""
    return shown[-HINT_LENGTH:] if len(shown) >= SHORTEST_HINTED else None


def is_secret(header: str) -> bool:
    """Whether a header's value is to be kept from sight."""
    return SECRET_HEADER.search(header) is not None


def mask(value: str) -> str:
    """What is shown in place of a secret header's value. No header value can hold this dot, so a mask is known."""
    return "…" + (hint(value) or "")


def is_mask(value: str) -> bool:
    """Whether a header's value is what `mask` made of one."""
    return value.startswith("…")


def moment(when: datetime) -> str:
    """RFC 3339 in UTC."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def require(condition: object, otherwise: str) -> None:
    """Raise a ValidationError with this text unless the condition holds."""
    if not condition:
        raise ValidationError(otherwise)


def _faults(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """marshmallow's nested messages as `models.0`, `headers.X-Team`, …; `body` for the document itself."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            step = "" if name == "_schema" else str(name)[:SHOWN_NAME]
            yield from _faults(inner, f"{path}.{step}" if path and step else path or step)
    else:
        for text in messages:
            yield path or "body", text
