"""What is told of a request that the gate refuses: enough to find who it was, and nothing that helps to get in.

Pure. Of a key at most its beginning is told, and only of one in our own form, which has 32 random bytes behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.errors import ClientError, Unauthenticated
from ccproxy.store import key_text
from ccproxy.store.refusals import Refusal

SHOWN = 8
"""Characters of such a key that are told."""
LONGEST_PATH = 200


def describe(environ: Mapping[str, Any], error: ClientError, address: str, name: str = "") -> Refusal | None:
    """The refusal that a request met with, or None for one that sent no key: it has tried nothing.

    `address` is where it comes from, `name` whose key it is, where that is known.
    """
    sent = keys_sent(environ)
    if isinstance(error, Unauthenticated) and not sent:
        return None
    return Refusal(
        address=address,
        reason=error.message,
        path=_printable(str(environ.get("PATH_INFO", ""))[:LONGEST_PATH]),
        name=name,
        hint=next((_printable(key[:SHOWN]) for key in sent if key_text.is_marked(key) and len(key) > 3 * SHOWN), ""),
    )


def keys_sent(environ: Mapping[str, Any]) -> list[str]:
    """The keys in both headers, those that are not empty, in the order in which they count."""
    scheme, _, token = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return [key for key in (bearer, str(environ.get("HTTP_X_API_KEY", "")).strip()) if key]


def _printable(text: str) -> str:
    """No database has to keep, and no terminal to show, what only steers them."""
    return "".join(char if char.isprintable() else "?" for char in text)
