"""Who is calling, and may they: decided from the WSGI environ alone, before a byte of the body is read.

Two modes. Without CCPROXY_APIKEY callers on this machine need no key: the peer must be on the loopback interface, the
`Host` must be a local name (or a web page could reach us through a name that it rebinds to 127.0.0.1), and a browser
must not say that the request comes from a foreign page. With it, everybody needs a key. In both, whoever sends a client
key is who that key says, and may do what it may: its address must be an allowed one, for all keys and for this one.

Keys come as `Authorization: Bearer` or `x-api-key`; where neither is sent, a browser's session stands for the key that
it was begun with (`sessions`) and is worth what that is now. Limits and budgets are not known here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from ccproxy.errors import CCProxyError, ClientError, Forbidden, Unauthenticated
from ccproxy.gateway.peers import Environ, Network, Peers, is_within
from ccproxy.gateway.refused import describe, keys_sent
from ccproxy.store import key_text
from ccproxy.store.client_keys import ClientKey, KeySnapshot
from ccproxy.store.refusals import Refusal

ADMIN = "admin"
FIRST_KEY = "key"
"""The name of whoever sends CCPROXY_APIKEY."""
LOCAL = "local"
"""The name of callers on this machine that need no key."""
LOCAL_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\]|::1)(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_OWN = ("same-origin", "none")
"""What a browser says of the site that a request comes from where it is a page of ours, or the user alone."""

_OVER = "the session is over, for its key is not taken any more; sign in again"
_NEEDED = "an API key is needed: send it as `Authorization: Bearer KEY` or `x-api-key: KEY`"


class Caller(Struct, frozen=True):
    """Somebody who may call: a name for the logs, a role (`admin` or `member`), and the address that the call is from.

    `key` is the client key that was sent, None for CCPROXY_APIKEY and for callers that need none.
    """

    name: str
    role: str
    address: str
    key: ClientKey | None = None


def _no_keys() -> KeySnapshot:
    return KeySnapshot(version=0, keys=())


def _no_session(_environ: Environ) -> str | None:
    return None


def _untold(_what: object) -> None:
    pass


class Gate:
    """Lets callers in or raises; one for the whole application, safe to share between greenlets.

    `allowed` are the networks that may call with a key; `trusted` those whose `X-Forwarded-For` counts. `keys` gives
    the client keys of this moment, `session` the digest of the key that a request's session was begun with, None where
    it brings none. Of `apikey` only the digest is kept. `refused` hears of whoever was not let in, `used` the
    names of client keys that were.
    """

    def __init__(
        self,
        apikey: str | None,
        allowed: Iterable[Network],
        trusted: Iterable[Network] = (),
        keys: Callable[[], KeySnapshot] = _no_keys,
        session: Callable[[Environ], str | None] = _no_session,
        *,
        refused: Callable[[Refusal], object] = _untold,
        used: Callable[[str], object] = _untold,
    ) -> None:
        self._digest = hashlib.sha256(apikey.encode()).digest() if apikey else None
        self._peers = Peers(allowed, trusted)
        self._keys = keys
        self._session = session
        self._refused = refused
        self._used = used

    def __repr__(self) -> str:
        return f"Gate(key_configured={self.key_configured})"

    @property
    def key_configured(self) -> bool:
        """Whether every caller needs a key."""
        return self._digest is not None

    def check(self, environ: Environ) -> Caller:
        """The caller. Raises Forbidden for the address, the Host or the page, Unauthenticated for the key."""
        try:
            caller = self._check(environ)
        except (Forbidden, Unauthenticated) as error:
            self._tell(environ, error)
            raise
        if caller.key is not None:
            self._used(caller.name)
        return caller

    def _check(self, environ: Environ) -> Caller:
        sent = keys_sent(environ)
        marked = [text for text in sent if key_text.is_marked(text)]
        session = None if sent else self._session(environ)
        if self._digest is None and not marked and session is None:
            return self._check_local(environ)
        client = self._peers.client(environ)
        if not client.allowed:
            raise Forbidden(f"the address {client.address} is not allowed to call (CCPROXY_ALLOWED_IPS)")
        if self._digest is not None and (_is_any(sent, self._digest) or session == self._digest.hex()):
            return Caller(FIRST_KEY, ADMIN, client.address)
        # What is mistyped needs no look at the database
        digests = [session] if session else [key_text.digest(text) for text in marked if key_text.is_whole(text)]
        key = self._client_key(digests)
        if key is None:
            raise Unauthenticated(_OVER if session else _wrong(marked) if sent else _NEEDED)
        if key.addresses and not is_within(client.address, key.addresses):
            raise Forbidden(f"the key {key.name!r} may not be used from the address {client.address}")
        return Caller(key.name, key.role, client.address, key)

    def require_admin(self, environ: Environ) -> Caller:
        """As `check`, for the admin API."""
        caller = self.check(environ)
        if caller.role != ADMIN:
            error = Forbidden("only an administrator may do this")
            self._tell(environ, error, caller.name)
            raise error
        return caller

    def identify(self, environ: Environ) -> Caller | None:
        """The caller, or None where `check` would refuse: for answers that say more to those who may know more."""
        try:
            return self._check(environ)
        except Unauthenticated as error:
            self._tell(environ, error)  # or keys could be tried out here unseen
        except CCProxyError:
            pass
        return None

    def client_address(self, environ: Environ) -> str:
        """Where a call comes from, past trusted proxies. Raises Forbidden where that cannot be told."""
        return self._peers.client(environ).address

    def _tell(self, environ: Environ, error: ClientError, name: str = "") -> None:
        try:
            address = self._peers.client(environ).address
        except Forbidden:  # what proxies say of it is no address
            address = str(environ.get("REMOTE_ADDR", ""))
        refusal = describe(environ, error, address, name)
        if refusal is not None:
            self._refused(refusal)

    def _check_local(self, environ: Environ) -> Caller:
        peer = self._peers.peer(environ)
        client = self._peers.client(environ)
        # The peer counts whatever its headers claim; a trusted proxy on this machine speaks for others, though.
        if not (peer.loopback and client.loopback):
            if client.allowed and self._keys().keys:
                raise Unauthenticated(_NEEDED)
            raise Forbidden(
                "no API key is configured, so only callers on this machine are served; "
                "set CCPROXY_APIKEY to open ccproxy to others"
            )
        host = environ.get("HTTP_HOST", "")
        if not LOCAL_HOST.fullmatch(host):
            raise Forbidden(
                "no API key is configured, so the Host must be localhost, 127.0.0.1 or [::1]; "
                "set CCPROXY_APIKEY to serve other names"
            )
        if environ.get("HTTP_SEC_FETCH_SITE", "none") not in _OWN or not is_of(environ.get("HTTP_ORIGIN"), host):
            raise Forbidden(
                "no API key is configured, so requests from foreign web pages are refused; "
                "set CCPROXY_APIKEY to use ccproxy from a browser"
            )
        return Caller(LOCAL, ADMIN, client.address)

    def _client_key(self, digests: Iterable[str]) -> ClientKey | None:
        """The key of one of these digests, if there is one. Raises Unauthenticated for one that is not taken now."""
        now = datetime.now(UTC)
        for digest in digests:
            key = self._keys().find(digest)
            if key is None:
                continue
            if not key.enabled:
                raise Unauthenticated(f"the key {key.name!r} is disabled")
            if key.expires_at is not None and key.expires_at <= now:
                raise Unauthenticated(f"the key {key.name!r} expired on {key.expires_at:%Y-%m-%d at %H:%M} UTC")
            if digest != key.digest and (key.former_until is None or key.former_until <= now):
                raise Unauthenticated(f"the key {key.name!r} was replaced by a new one; ask for that")
            return key
        return None


def _is_any(sent: Sequence[str], digest: bytes) -> bool:
    right = False
    # Every one given is compared, and by digests of equal length, so the time taken tells nothing.
    for candidate in sent:
        # WSGI hands header bytes on as latin-1 text
        right |= hmac.compare_digest(hashlib.sha256(candidate.encode("latin-1", "replace")).digest(), digest)
    return right


def _wrong(marked: Sequence[str]) -> str:
    """Why none of the keys is taken, without a word of them."""
    if marked and not any(key_text.is_whole(text) for text in marked):
        return "the API key is mistyped or cut off: its checksum does not fit"
    return "the API key is wrong"


def is_of(origin: str | None, host: str) -> bool:
    """Whether a browser's `Origin` is a page of that host and port, or there is none.

    A page that something else on this machine serves is not ours: who runs that is not asked.
    """
    if origin is None:
        return True
    scheme, _, served = origin.partition("://")
    return scheme in ("http", "https") and served == host
