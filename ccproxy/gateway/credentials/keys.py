"""The forms of a key that is more than a word for a header: AWS's pairs, and Google's credentials in JSON.

Pure. Says what of such a key is secret and what tells it from another, so that one is never shown and the other may be.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from ccproxy.translate.target import Auth

# The id of an access key, the key, and with temporary credentials the session's token (provider docs).
_PAIR = re.compile(r"([A-Za-z0-9_]{16,128}):([^:\s]{16,}?)(?::([^:\s]+))?", re.ASCII)

_ACCOUNTS = {
    "service_account": ("client_email", "private_key", "token_uri"),
    "authorized_user": ("client_id", "client_secret", "refresh_token"),
}
_SECRETS = ("private_key", "refresh_token", "client_secret")


class Pair(Struct, frozen=True):
    """An access key of AWS's; `token` comes with temporary ones."""

    access_key: str
    secret_key: str
    token: str | None = None

    def __repr__(self) -> str:
        return "Pair(…)"


def pair(key: str) -> Pair | None:
    """The pair that `ID:SECRET[:SESSION_TOKEN]` is; None for a key of another form."""
    found = _PAIR.fullmatch(key)
    return Pair(found[1], found[2], found[3]) if found else None


def is_json(key: str) -> bool:
    """Whether the key is an account in JSON and no word."""
    return key.startswith("{")


def account(key: str) -> dict[str, Any]:
    """Google's account in JSON. Raises ValueError that says what is wrong and repeats nothing of it."""
    try:
        read = msgspec.json.decode(key, type=dict[str, Any])
    except (ValueError, RecursionError):
        raise ValueError("is not the JSON that it begins like") from None
    needed = _ACCOUNTS.get(str(read.get("type")))
    if needed is None:
        raise ValueError(f"is JSON of none of the types {', '.join(_ACCOUNTS)}")
    for name in needed:
        if not isinstance(read.get(name), str) or not read[name]:
            raise ValueError(f"is JSON without {name}")
    return read


def check(auth: Auth, key: str) -> None:
    """Raise ValueError where a key has none of the forms that this way of authorizing takes."""
    if is_json(key):
        if auth != "google":
            raise ValueError("is JSON, and the provider takes a key that is one word")
        account(key)
    elif auth == "aws" and ":" in key and pair(key) is None:
        raise ValueError("must be ACCESS_KEY_ID:SECRET_ACCESS_KEY, with :SESSION_TOKEN if there is one, or an API key")


def secrets(key: str) -> tuple[str, ...]:
    """What no text may show: the key, and those of its parts that are of use alone."""
    found = pair(key)
    if found is not None:
        return (key, found.secret_key, *filter(None, (found.token,)))
    if is_json(key):
        try:
            read = account(key)
        except ValueError:
            return (key,)
        parts = [value for name in _SECRETS if isinstance(value := read.get(name), str)]
        # A private key line by line, for whoever repeats it may write its line ends in another way
        return (key, *(line for part in parts for line in part.split("\n") if line and not line.startswith("-----")))
    return (key,)


def shown(key: str) -> str:
    """What tells this key from others and may be hinted at: of AWS's and Google's an id, which is not secret; else it.

    "" where there is none.
    """
    found = pair(key)
    if found is not None:
        return found.access_key
    if is_json(key):
        try:
            return str(account(key).get("private_key_id") or "")
        except ValueError:
            return ""
    return key


def fingerprint(key: str) -> str:
    """What stands for the key where it may not: 16 characters that tell it from others and say nothing of it."""
    return blake2b(key.encode(), digest_size=8, person=b"ccproxy key").hexdigest()
