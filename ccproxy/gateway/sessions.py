"""A browser's session: a sealed word that stands for the key that it was begun with.

It says which key by the digest and never holds the key, so it is worth what the key is worth at the moment that it
comes back. It counts only beside a header that no foreign page can have a browser send. Nothing is kept here: the
cookie is the session.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ccproxy.gateway.peers import Environ

COOKIE = "ccproxy_session"
HEADER = "HTTP_X_CCPROXY_CONSOLE"
"""As WSGI spells `X-CCProxy-Console`. A page of another origin may send it only where a preflight is answered."""
LIFETIME = 12 * 3600
"""Seconds that a session lasts at most."""

_LABEL = b"ccproxy console session"
_LONGEST = 1000  # a sealed digest has some 180 characters


class Sessions:
    """Seals and opens. `secrets` gives the keys of this moment: the first seals, all open. `clock` counts seconds."""

    def __init__(self, secrets: Callable[[], tuple[bytes, ...]], clock: Callable[[], float] = time.time) -> None:
        self._secrets = secrets
        self._clock = clock
        self._made: tuple[tuple[bytes, ...], MultiFernet] | None = None

    def begin(self, digest: str) -> str:
        """The cookie's value for the key of that digest."""
        return self._fernet().encrypt_at_time(digest.encode("ascii"), int(self._clock())).decode("ascii")

    def brought(self, environ: Environ) -> str | None:
        """The digest of the key of the session that a request brings; None where it brings none that is one."""
        if HEADER not in environ:
            return None
        sealed = _cookie(environ.get("HTTP_COOKIE", ""))
        if not sealed or len(sealed) > _LONGEST:
            return None
        try:
            opened = self._fernet().decrypt_at_time(sealed.encode("latin-1"), LIFETIME, int(self._clock()))
        except InvalidToken:
            return None
        return opened.decode("ascii")

    def _fernet(self) -> MultiFernet:
        secrets = self._secrets()
        if self._made is None or self._made[0] != secrets:
            # Keys of their own, so that nothing that is sealed elsewhere can pass for a session
            derived = (hmac.digest(secret, _LABEL, hashlib.sha256) for secret in secrets)
            self._made = secrets, MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])
        return self._made[1]


def _cookie(header: str) -> str:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""
