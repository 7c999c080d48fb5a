"""A browser's session: a sealed word that stands for the key that it was begun with.

It says which key by the digest and never holds the key, so it is worth what the key is worth at the moment that it
comes back. It counts only beside a header that no foreign page can have a browser send. Nothing is kept here: the
cookie is the session.

A browser keeps the cookies of a host for all of its ports, so the cookie's name is made of our secret and of the port:
several ccproxies on one host, or a tunnel to another one's, then leave each other's sessions alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ccproxy.gateway.peers import Environ

COOKIE = "ccproxy_session_"
"""What the names of all of its cookies begin with."""
HEADER = "HTTP_X_CCPROXY_CONSOLE"
"""As WSGI spells `X-CCProxy-Console`. A page of another origin may send it only where a preflight is answered."""
LIFETIME = 12 * 3600
"""Seconds that a session lasts at most."""

_LABEL = b"ccproxy console session"
_NAMES = b"ccproxy console cookie\0"
_DIGITS = 12  # of the name's digest: nobody gains anything by a name that is another's
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

    def names(self, environ: Environ) -> list[str]:
        """What the cookie is called at the address that a request came to: first as it is set, then as it was before
        the secrets were changed."""
        host = _NAMES + environ.get("HTTP_HOST", "").encode("latin-1", "replace")
        return [COOKIE + hmac.digest(secret, host, hashlib.sha256).hex()[:_DIGITS] for secret in self._secrets()]

    def brought(self, environ: Environ) -> str | None:
        """The digest of the key of the session that a request brings; None where it brings none that is one."""
        if HEADER not in environ:
            return None
        sent = dict(_cookies(environ.get("HTTP_COOKIE", "")))
        found = (self._opened(sent[name]) for name in self.names(environ) if name in sent)
        return next((digest for digest in found if digest is not None), None)

    def _opened(self, sealed: str) -> str | None:
        if len(sealed) > _LONGEST:
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


def _cookies(header: str) -> Iterator[tuple[str, str]]:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        yield name, value
