"""What a provider's error body says, in whichever of its many forms. Decides nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_NESTING = 4
_PAGE = 16 * 1024  # characters of a page that are looked at: what it says of the error stands at its head


class Words(Struct, kw_only=True):
    """An error's own words. `status` is an HTTP status told in the body; `fields` is the object they came from."""

    message: str = ""
    code: str = ""
    type: str = ""
    status: int | None = None
    fields: dict[str, Any] = {}


def read(body: bytes) -> Words:
    """The words in a body: JSON of any form, HTML, or plain text."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Words(message=_plain(body.decode("utf-8", "replace")))
    return words(found)


def words(found: Any, nesting: int = _NESTING) -> Words:
    """The words in a JSON value."""
    if isinstance(found, str):
        return Words(message=found.strip())
    if isinstance(found, list):
        return _listed(found, nesting)
    if not isinstance(found, dict) or nesting == 0:
        return Words()
    inner = next((found[name] for name in ("error", "errors", "base_resp") if found.get(name)), None)
    if inner is None:
        return _own(found)
    told = words(inner, nesting - 1)
    outer = _own({name: value for name, value in found.items() if name not in ("error", "errors", "base_resp")})
    return Words(
        message=told.message or outer.message,
        code=told.code or outer.code,
        type=told.type or (outer.type if outer.type != "error" else ""),
        status=told.status or outer.status,
        fields=told.fields or outer.fields,
    )


def _own(found: Mapping[str, Any]) -> Words:
    """The words that stand in this very object."""
    code = (
        _reason(found.get("details"))
        or _name(found.get("code"))
        or _name(found.get("error_code"))
        or _name(found.get("status_code"))
    )
    kind = _name(found.get("type")) or _capitals(found.get("status"))
    names = (
        "message",
        "Message",
        "msg",
        "error_msg",
        "status_msg",
        "error_message",
        "detail",
        "title",
        "object_message",
    )
    message = next((text for text in (_text(found.get(name)) for name in names) if text), "")
    details = _details(found.get("details"))
    if details and details not in message:
        message = f"{message}: {details}" if message else details
    inner = _inner(found.get("metadata"))
    if inner and inner not in message:
        message = f"{message}: {inner}" if message else inner
    failed = found.get("failed_generation")
    if isinstance(failed, str) and failed:
        message = f"{message} (the model wrote: {failed})"
    status = _status(found)
    return Words(message=message, code=code, type=kind, status=status, fields=dict(found))


def _listed(found: list[Any], nesting: int) -> Words:
    """Several errors: the first gives the code, all give their words."""
    told = [one for one in (words(item, nesting - 1) for item in found) if one.message or one.code]
    if not told:
        return Words()
    told[0].message = "; ".join(one.message for one in told if one.message)
    return told[0]


def _inner(metadata: Any) -> str:
    """OpenRouter keeps the words of the provider behind it in `metadata.raw`, as text of any form."""
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if not isinstance(raw, str):
        return ""
    return read(raw.encode("utf-8", "replace")).message


def _details(details: Any) -> str:
    """A validator's findings: `[{loc, msg}]`, or a sentence."""
    if isinstance(details, str):
        return details.strip()
    return _text(details) if isinstance(details, list) else ""


def _reason(details: Any) -> str:
    """Google's ErrorInfo, which says more than the number of the status: `API_KEY_INVALID`."""
    infos = [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
    return next(filter(None, (_capitals(info.get("reason")) for info in infos)), "")


def _capitals(value: Any) -> str:
    """A name as Google writes the status and the reason of an error: `RESOURCE_EXHAUSTED`."""
    return value if isinstance(value, str) and value.isupper() else ""


def _text(value: Any) -> str:
    """A message that may be a text, one finding, or a list of them."""
    match value:
        case str():
            return value.strip()
        case list():
            return "; ".join(text for text in map(_text, value) if text)
        case {"msg": str(message), "loc": list(loc)}:
            return f"{'.'.join(map(str, loc))}: {message}"
        case {"message": str(message)} | {"msg": str(message)} | {"error": str(message)}:
            return message.strip()
        case _:
            return ""


def _name(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)


def _status(found: Mapping[str, Any]) -> int | None:
    """An HTTP error status in the body, wherever it is told."""
    for name in ("status_code", "raw_status_code", "status", "code", "error_code"):
        value = found.get(name)
        number = (
            int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3 else value
        )
        if isinstance(number, int) and not isinstance(number, bool) and 400 <= number <= 599:
            return number
    return None


def _plain(text: str) -> str:
    """The words of a page: its title, else its text without tags."""
    if "<" not in text:
        return " ".join(text.split())
    text = text[:_PAGE]
    title = _TITLE.search(text)
    shown = title[1] if title and title[1].strip() else _TAGS.sub(" ", text)
    return " ".join(shown.split())
