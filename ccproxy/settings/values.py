"""What each setting may be: one function each, from what was given to what the program uses.

They take text (the environment) or JSON values (the config file) and raise ValueError with what is allowed. The
message never repeats the value: who calls knows whether it may be shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from math import isfinite
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from ccproxy.settings.secret import Secret

Network = IPv4Network | IPv6Network

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.?", re.ASCII)
_FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=", re.ASCII)
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_MEGABYTE = 1024 * 1024
_LONGEST_TIMEOUT = 7 * 86400


def host(given: object) -> str:
    """An address or a name to listen on."""
    text = _text(given, "an IP address or a host name").strip("[]")
    try:
        return str(ip_address(text))
    except ValueError:
        # All digits and dots is an address with a slip, never a name.
        if not _HOST_NAME.fullmatch(text) or re.fullmatch(r"[0-9.]+", text):
            raise ValueError("an IP address or a host name") from None
        return text


def integer(least: int, most: int) -> Callable[[object], int]:
    """A whole number within bounds, as JSON or in digits."""
    allowed = f"a whole number from {least} to {most}"

    def parse(given: object) -> int:
        if isinstance(given, str) and given.isascii() and given.isdecimal() and len(given) < 10:
            given = int(given)
        if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
            raise ValueError(allowed)
        return given

    return parse


def seconds(given: object) -> float:
    """A duration above zero."""
    allowed = f"a number of seconds above 0, at most {_LONGEST_TIMEOUT}"
    if isinstance(given, str):
        try:
            given = float(given)
        except ValueError:
            raise ValueError(allowed) from None
    if not isinstance(given, int | float) or isinstance(given, bool) or not isfinite(given):
        raise ValueError(allowed)
    if not 0 < given <= _LONGEST_TIMEOUT:
        raise ValueError(allowed)
    return float(given)


def megabytes(least: int, most: int) -> Callable[[object], int]:
    """A size in MB (of 1024 × 1024 bytes), in bytes."""
    parse = integer(least, most)
    return lambda given: parse(given) * _MEGABYTE


def choice(allowed: Collection[str]) -> Callable[[object], str]:
    """One of some words, in any case."""
    words = " | ".join(allowed)

    def parse(given: object) -> str:
        text = _text(given, words).lower()
        if text not in allowed:
            raise ValueError(words)
        return text

    return parse


def networks(given: object) -> tuple[Network, ...]:
    """CIDR blocks as a list or with commas between; a bare address is that address alone."""
    parts = given.split(",") if isinstance(given, str) else given
    if not isinstance(parts, list):
        raise ValueError("a list of CIDR blocks such as 10.0.0.0/8")
    return tuple(_network(part) for part in parts)


def apikey(given: object) -> Secret:
    """The key that callers have to send: it travels in a header, so it is visible ASCII."""
    text = _text(given, "visible ASCII characters without spaces")
    if not _VISIBLE.fullmatch(text):
        raise ValueError("visible ASCII characters without spaces")
    return Secret(text)


def web_address(given: object) -> str:
    """The base URL of a server, without a slash at its end."""
    allowed = "a URL such as http://collector:4318"
    text = _text(given, allowed)
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError(allowed) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not _VISIBLE.fullmatch(text):
        raise ValueError(allowed)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"{allowed}, without a user, a query or a fragment")
    return text.rstrip("/")


def secret_keys(given: object) -> tuple[Secret, ...]:
    """Fernet keys, comma between; the first encrypts."""
    parts = given.split(",") if isinstance(given, str) else given
    if not isinstance(parts, list) or not parts:
        raise ValueError("a comma list of secret keys")
    keys = [part.strip() if isinstance(part, str) else "" for part in parts]
    for number, key in enumerate(keys, 1):
        if not _FERNET_KEY.fullmatch(key):
            raise ValueError(
                f"keys of 32 bytes in url-safe base64, 44 characters each; number {number} of {len(keys)} is not "
                "(`ccproxy new-secret` makes one)"
            )
    return tuple(Secret(key) for key in keys)


def database_url(given: object) -> Secret:
    """An SQLAlchemy URL of SQLite or PostgreSQL. It may hold a password, so it shows without."""
    allowed = "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
    try:
        url = make_url(_text(given, allowed))
    except (ArgumentError, ValueError):  # a port that is no number is the second
        raise ValueError(allowed) from None
    backend = url.get_backend_name()
    in_a_file = url.database not in (None, "", ":memory:") and not str(url.database).startswith("file:")
    if backend not in ("sqlite", "postgresql") or (backend == "sqlite" and not in_a_file):
        raise ValueError(allowed)
    return Secret(str(given), shown=url.render_as_string(hide_password=True))


def redis_url(given: object) -> Secret:
    """The URL of a Redis server. It may hold a password, so it does not show."""
    allowed = "redis://:PASSWORD@HOST:PORT/NUMBER, rediss://… with TLS, or redis+unix:///PATH"
    text = _text(given, allowed)
    try:
        parts = urlsplit(text)
        whole = parts.path if parts.scheme == "redis+unix" else parts.hostname
        _ = parts.port
    except ValueError:
        raise ValueError(allowed) from None
    if parts.scheme not in ("redis", "rediss", "redis+unix") or not whole:
        raise ValueError(allowed)
    return Secret(text)


def _network(given: object) -> Network:
    text = _text(given, "a list of CIDR blocks such as 10.0.0.0/8")
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"CIDR blocks such as 10.0.0.0/8, which {text[:64]!r} is not") from None
    raise ValueError(f"CIDR blocks without host bits: {meant} instead of {text}")


def _text(given: object, allowed: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValueError(allowed)
    return given.strip()
