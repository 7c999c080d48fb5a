"""Where a provider may be: the rules that an administrator's `api_base_url` must keep.

Models also run on this machine and in its network, so loopback and private addresses are fine. What no model server
has is an address that is link-local (cloud metadata services), multicast, unspecified or reserved, and those are
refused however they are written. A name is resolved when it is set; one that does not resolve (yet) is accepted, for
its DNS entry may come later. Nothing is checked again at connect time: who may set this field may do more than that.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

Resolve = Callable[[str, int], Iterable[str]]

HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?", re.ASCII)
# What resolvers take for a number, so for an address in disguise: 2852039166, 0xa9fea9fe, 127.1
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE | re.ASCII)
THIS_NETWORK = IPv4Network("0.0.0.0/8")
NAT64 = IPv6Network("64:ff9b::/96")
# Metadata services that live outside the link-local range: AWS over IPv6, Alibaba, Azure, Oracle
METADATA = {ip_address(a) for a in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")}
LONGEST_NAME = 253
LONGEST_SHOWN = 100


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, by the system's resolver (gevent's, once patched); none if it does not resolve."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in found]


def check(url: str, resolve: Resolve | None = resolve) -> None:
    """Raise ValueError, with a text for the administrator, where `url` cannot be a provider's.

    `resolve` finds a name's addresses; with None only what is written is looked at, for callers that may not wait.
    """
    parts, port = _split(url)
    host = parts.hostname or ""
    literal = _literal(host)
    if literal is not None:
        _check_address(literal, host)
        return
    if len(host) > LONGEST_NAME or not HOST_NAME.fullmatch(host):
        raise ValueError("the host is not a name or an address (write international names in their xn-- form)")
    if NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise ValueError(f"the host {_shown(host)} is an address in an unusual form; write all of its parts")
    if resolve is None:
        return
    for address in resolve(host, port):
        known = _literal(address)
        if known is not None:
            _check_address(known, host)


def _split(url: str) -> tuple[SplitResult, int]:
    # urlsplit drops tabs and line ends in silence, and what it reads then is not what was written
    if any(character <= " " or character in "\x7f\\" for character in url):
        raise ValueError("a URL holds no spaces, backslashes or control characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("not a URL: its host or port cannot be read") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("a URL must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("a URL holds no user name or password; keys go into `api_key`")
    if not parts.hostname:
        raise ValueError("the URL names no host")
    if port == 0:
        raise ValueError("nothing listens on port 0")
    # The characters themselves, because an empty query or fragment is parsed as none
    if "?" in url or "#" in url:
        raise ValueError("a URL holds no query and no fragment here (Azure's api-version is an option)")
    return parts, port if port is not None else {"http": 80, "https": 443}[parts.scheme]


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _check_address(address: IPv4Address | IPv6Address, host: str) -> None:
    for form in _forms(address):
        if (reason := _refusal(form)) is not None:
            where = _shown(host) if host == str(form) else f"{_shown(host)} ({form})"
            raise ValueError(f"{where} is {reason}: no provider can be there")


def _forms(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The address, or in its place the IPv4 address that an IPv6 one carries, which is where packets end up."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    return [address]


def _refusal(address: IPv4Address | IPv6Address) -> str | None:
    if address.is_loopback:
        return None  # first, because IPv6 counts ::1 among the reserved ones
    if address.is_unspecified or (address.version == 4 and address in THIS_NETWORK):
        return "an unspecified address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_reserved:
        return "a reserved address"
    if address in METADATA:
        return "a cloud's metadata service"
    return None


def _shown(host: str) -> str:
    return host if len(host) <= LONGEST_SHOWN else host[:LONGEST_SHOWN] + "…"
