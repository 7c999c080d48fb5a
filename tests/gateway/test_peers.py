"""Addresses: what is known of them, and for how many. Who may call from where is tested with the gate."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from ccproxy.errors import Forbidden
from ccproxy.gateway import peers
from ccproxy.gateway.peers import Peers, is_within, without_port

PRIVATE = (ip_network("10.0.0.0/8"),)


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    known = Peers(PRIVATE)
    for number in range(3 * peers.CACHED_ADDRESSES):
        known.client({"REMOTE_ADDR": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"})
    assert 0 < len(known._known) <= peers.CACHED_ADDRESSES


def test_what_is_too_long_for_an_address_is_not_remembered() -> None:
    known = Peers(PRIVATE)
    for _ in range(2):
        with pytest.raises(Forbidden):
            known.client({"REMOTE_ADDR": "1" * 65})
    assert known._known == {}


@pytest.mark.parametrize(
    ("address", "networks", "within"),
    [
        ("10.1.2.3", ("10.1.0.0/16",), True),
        ("10.1.2.3", ("10.2.0.0/16", "10.1.2.3/32"), True),
        ("10.1.2.3", ("fd00::/8",), False),
        ("fd00::1", ("10.0.0.0/8", "fd00::/8"), True),
        ("fe80::1%eth0", ("fe80::/10",), True),
        ("10.1.2.3", (), False),
        ("10.1.2.3", ("::ffff:10.0.0.0/104",), True),
        ("10.1.2.3", ("::ffff:11.0.0.0/104", "::ffff:10.1.2.3"), True),
        ("11.1.2.3", ("::ffff:10.0.0.0/104",), False),
        ("10.1.2.3", ("::ffff:0:0/96",), True),
        ("10.1.2.3", ("::/0", "::fffe:0:0/95"), False),
    ],
)
def test_networks(address: str, networks: tuple[str, ...], within: bool) -> None:
    assert is_within(address, networks) is within


def test_allowed_and_trusted_networks_may_be_ipv4_written_as_ipv6() -> None:
    mapped = (ip_network("::ffff:10.0.0.0/104"),)
    peer = Peers(mapped, mapped).peer({"REMOTE_ADDR": "::ffff:10.1.2.3"})
    assert (peer.address, peer.allowed, peer.trusted) == ("10.1.2.3", True, True)


@pytest.mark.parametrize(
    ("hop", "address"),
    [
        ("1.2.3.4:5678", "1.2.3.4"),
        ("[2001:db8::1]:5678", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("::1", "::1"),
    ],
)
def test_ports_are_left_off(hop: str, address: str) -> None:
    assert without_port(hop) == address
