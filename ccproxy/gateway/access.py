"""Who is calling, and may they: decided from the WSGI environ alone, before a byte of the body is read.

Two modes. Without a configured key only this machine is served: the peer must be on the loopback interface, the
`Host` must be a local name (or a web page could reach us through a name that it rebinds to 127.0.0.1), and a
browser must not say that the request comes from a foreign page. With a key, the peer's address must be an allowed
one and `Authorization: Bearer` or `x-api-key` must carry the key.

Forwarding headers count only from trusted proxies. This module knows nothing of users or of the database.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from ccproxy.errors import CCProxyError, ClientError, Forbidden, Unauthenticated
from ccproxy.gateway.refused import describe
from ccproxy.store.refusals import Refusal

Environ = Mapping[str, Any]
Network = IPv4Network | IPv6Network

ADMIN = "admin"
# Hex groups, dots and a zone: no address is written longer, so longer header parts are not worth parsing.
LONGEST_ADDRESS = 64
CACHED_ADDRESSES = 1024
LOCAL_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\]|::1)(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
UNIX_PEER = "127.0.0.1"


class Caller(Struct, frozen=True):
    """Somebody who may call: a name for the logs, a role (`admin`), and the address that the call came from."""

    name: str
    role: str
    address: str


class Peer(Struct, frozen=True):
    """What is known of one address: its normal form and what it may do."""

    address: str
    loopback: bool
    trusted: bool
    allowed: bool


def _untold(_refusal: Refusal) -> None:
    pass


class Gate:
    """Lets callers in or raises; one for the whole application, safe to share between greenlets.

    `allowed` are the networks that may call once a key is configured; `trusted` those whose `X-Forwarded-For`
    counts. The key itself is not kept, only its digest. `refused` hears of whoever was not let in.
    """

    def __init__(
        self,
        apikey: str | None,
        allowed: Iterable[Network],
        trusted: Iterable[Network] = (),
        *,
        refused: Callable[[Refusal], object] = _untold,
    ) -> None:
        self._refused = refused
        self._digest = hashlib.sha256(apikey.encode()).digest() if apikey else None
        self._allowed = tuple(allowed)
        self._trusted = tuple(trusted)
        self._peers: dict[str, Peer | None] = {}

    def __repr__(self) -> str:
        return f"Gate(key_configured={self.key_configured}, allowed={len(self._allowed)}, trusted={len(self._trusted)})"

    @property
    def key_configured(self) -> bool:
        """Whether callers need a key."""
        return self._digest is not None

    def check(self, environ: Environ) -> Caller:
        """The caller. Raises Forbidden for the address, the Host or the page, Unauthenticated for the key."""
        try:
            return self._check(environ)
        except (Forbidden, Unauthenticated) as error:
            self._tell(environ, error)
            raise

    def _check(self, environ: Environ) -> Caller:
        if self._digest is None:
            return self._check_local(environ)
        client = self._client(environ)
        if not client.allowed:
            raise Forbidden(f"the address {client.address} is not allowed to call (CCPROXY_ALLOWED_IPS)")
        self._check_key(environ, self._digest)
        return Caller("key", ADMIN, client.address)

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

    def _tell(self, environ: Environ, error: ClientError, name: str = "") -> None:
        try:
            address = self._client(environ).address
        except Forbidden:  # what proxies say of it is no address
            address = str(environ.get("REMOTE_ADDR", ""))
        refusal = describe(environ, error, address, name)
        if refusal is not None:
            self._refused(refusal)

    def _check_local(self, environ: Environ) -> Caller:
        peer = self._peer(environ)
        client = self._client(environ)
        # The peer counts whatever its headers claim; a trusted proxy on this machine speaks for others, though.
        if not (peer.loopback and client.loopback):
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
        origin = environ.get("HTTP_ORIGIN")
        if environ.get("HTTP_SEC_FETCH_SITE") == "cross-site" or (origin is not None and not is_local_origin(origin)):
            raise Forbidden(
                "no API key is configured, so requests from foreign web pages are refused; "
                "set CCPROXY_APIKEY to use ccproxy from a browser"
            )
        return Caller("local", ADMIN, client.address)

    def _check_key(self, environ: Environ, digest: bytes) -> None:
        given = []
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() == "bearer":
            given.append(token.strip())
        key = environ.get("HTTP_X_API_KEY")
        if key is not None:
            given.append(key.strip())
        right = False
        # Every one given is compared, and by digests of equal length, so the time taken tells nothing.
        for candidate in given:
            # WSGI hands header bytes on as latin-1 text
            sent = hashlib.sha256(candidate.encode("latin-1", "replace")).digest()
            right |= hmac.compare_digest(sent, digest)
        if not right:
            if any(given):
                raise Unauthenticated("the API key is wrong")
            raise Unauthenticated("an API key is needed: send it as `Authorization: Bearer KEY` or `x-api-key: KEY`")

    def _client(self, environ: Environ) -> Peer:
        """The one that the request comes from: the peer, or what trusted proxies say stands before them."""
        client = self._peer(environ)
        if not client.trusted:
            return client
        forwarded = environ.get("HTTP_X_FORWARDED_FOR")
        if not forwarded:
            return client
        # Each proxy appends the address it was called from, so only the right end was not written by the caller.
        for hop in reversed(forwarded.split(",")):
            known = self._known(without_port(hop.strip()))
            if known is None:
                raise Forbidden("X-Forwarded-For holds something that is not an address")
            client = known
            if not client.trusted:
                break
        return client

    def _peer(self, environ: Environ) -> Peer:
        address = environ.get("REMOTE_ADDR", "unknown")
        # The peer of a Unix socket has an empty address: whoever opens it is on this machine.
        known = self._known(address or UNIX_PEER)
        if known is None:
            raise Forbidden("the caller's address is not known")
        return known

    def _known(self, text: str) -> Peer | None:
        """What is known of an address, parsed once: this runs for every request."""
        if text in self._peers:
            return self._peers[text]
        if len(text) > LONGEST_ADDRESS:
            return None
        if len(self._peers) >= CACHED_ADDRESSES:
            self._peers.clear()
        peer = self._peers[text] = self._parse(text)
        return peer

    def _parse(self, text: str) -> Peer | None:
        try:
            address = unmapped(ip_address(text))
        except ValueError:
            return None
        return Peer(
            address=str(address),
            loopback=address.is_loopback,
            trusted=any(address in network for network in self._trusted),
            allowed=any(address in network for network in self._allowed),
        )


def unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside `::ffff:a.b.c.d`, which is how a dual-stack socket names its IPv4 peers."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def without_port(hop: str) -> str:
    """The address in `1.2.3.4:5678`, `[2001:db8::1]:5678` or `[2001:db8::1]`, as some proxies write it."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    if hop.count(":") == 1:
        return hop.partition(":")[0]
    return hop


def is_local_origin(origin: str) -> bool:
    """Whether a browser's `Origin` is a page of this machine; `null` (a sandboxed page, a file) is not."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and LOCAL_HOST.fullmatch(parts.netloc) is not None
