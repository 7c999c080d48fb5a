"""Where a request comes from: its peer, and whom trusted proxies say they speak for, going by the WSGI environ alone.

Knows addresses and networks; who may do what with which key is `access`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from msgspec import Struct

from ccproxy.errors import Forbidden

Environ = Mapping[str, Any]
Network = IPv4Network | IPv6Network

# Hex groups, dots and a zone: no address is written longer, so longer header parts are not worth parsing.
LONGEST_ADDRESS = 64
CACHED_ADDRESSES = 1024
_MAPPED = 96  # bits before the IPv4 address in `::ffff:a.b.c.d`
UNIX_PEER = "127.0.0.1"


class Peer(Struct, frozen=True):
    """What is known of one address: its normal form and what it may do."""

    address: str
    loopback: bool
    trusted: bool
    allowed: bool


class Peers:
    """What is known of addresses; one for the whole application, safe to share between greenlets.

    `allowed` are the networks that may call with a key; `trusted` those whose `X-Forwarded-For` counts.
    """

    def __init__(self, allowed: Iterable[Network], trusted: Iterable[Network] = ()) -> None:
        self._allowed = tuple(map(unmapped_network, allowed))
        self._trusted = tuple(map(unmapped_network, trusted))
        self._known: dict[str, Peer | None] = {}

    def client(self, environ: Environ) -> Peer:
        """The one that the request comes from: the peer, or what trusted proxies say stands before them.

        Raises Forbidden where that is no address.
        """
        client = self.peer(environ)
        if not client.trusted:
            return client
        forwarded = environ.get("HTTP_X_FORWARDED_FOR")
        if not forwarded:
            return client
        # Each proxy appends the address it was called from, so only the right end was not written by the caller.
        for hop in reversed(forwarded.split(",")):
            known = self._look_up(without_port(hop.strip()))
            if known is None:
                raise Forbidden("X-Forwarded-For holds something that is not an address")
            client = known
            if not client.trusted:
                break
        return client

    def peer(self, environ: Environ) -> Peer:
        """The other end of the connection, whatever headers say. Raises Forbidden where it is not known."""
        address = environ.get("REMOTE_ADDR", "unknown")
        # The peer of a Unix socket has an empty address: whoever opens it is on this machine.
        known = self._look_up(address or UNIX_PEER)
        if known is None:
            raise Forbidden("the caller's address is not known")
        return known

    def _look_up(self, text: str) -> Peer | None:
        """What is known of an address, parsed once: this runs for every request."""
        if text in self._known:
            return self._known[text]
        if len(text) > LONGEST_ADDRESS:
            return None
        if len(self._known) >= CACHED_ADDRESSES:
            self._known.clear()
        peer = self._known[text] = self._parse(text)
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


@lru_cache(CACHED_ADDRESSES)
def is_within(address: str, networks: tuple[str | Network, ...]) -> bool:
    """Whether an address lies in one of the networks, which are CIDRs."""
    parsed = ip_address(address)
    return any(parsed in unmapped_network(ip_network(network)) for network in networks)


def unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside `::ffff:a.b.c.d`, which is how a dual-stack socket names its IPv4 peers."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def unmapped_network(network: Network) -> Network:
    """The IPv4 network inside one such as `::ffff:10.0.0.0/104`, for all that lie in it are known by IPv4 addresses."""
    first = unmapped(network.network_address)
    if isinstance(first, IPv4Address) and isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED:
        return IPv4Network((int(first), network.prefixlen - _MAPPED))
    return network


def without_port(hop: str) -> str:
    """The address in `1.2.3.4:5678`, `[2001:db8::1]:5678` or `[2001:db8::1]`, as some proxies write it."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    if hop.count(":") == 1:
        return hop.partition(":")[0]
    return hop
