"""Base URLs with holes that a provider's options fill: `https://bedrock-runtime.{region}.amazonaws.com`.

A hole is an option's name in braces. What fills one is somebody's text in a URL that we send keys to, so only what
cannot change the meaning of the rest may stand there: in the host one label of a name, in the path one segment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_HOLE = re.compile(r"\{([a-z_]+)\}")
# One label of a host name (RFC 1123). Lower case, because it goes into signatures too.
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
# Google's project ids, with the domain of old ones (`example.com:name`), and anything else as harmless.
_SEGMENT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]{0,126}[A-Za-z0-9])?", re.ASCII)


def holes(text: str) -> tuple[str, ...]:
    """The names of the options that a URL or path has holes for, each once."""
    return tuple(dict.fromkeys(_HOLE.findall(text)))


def check(url: str, options: Mapping[str, Any]) -> None:
    """Raise ValueError naming the first of the options that is given and cannot stand where the URL has its hole."""
    host, _, _ = url.partition("://")[2].partition("/")
    for name in holes(url):
        value = options.get(name)
        if value is None:
            continue
        if name in holes(host):
            if not (isinstance(value, str) and _LABEL.fullmatch(value)):
                raise ValueError(f"options.{name}: must be lower-case letters, digits and hyphens")
        elif not (isinstance(value, str) and _SEGMENT.fullmatch(value)):
            raise ValueError(f"options.{name}: must be letters, digits, dots, colons, hyphens and underscores")


def fill(url: str, options: Mapping[str, Any]) -> str:
    """The URL without holes. Raises ValueError naming an option that is missing or does not fit."""
    check(url, options)
    for name in holes(url):
        value = options.get(name)
        if value is None:
            raise ValueError(f"options.{name}: is required, for it is a part of the address")
        url = url.replace(f"{{{name}}}", value)
    return url
