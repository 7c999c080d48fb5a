"""The gate, environ by environ: who gets in, as whom, and what the others are told."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from ccproxy.errors import CCProxyError, ClientError, Forbidden, Unauthenticated
from ccproxy.gateway import peers
from ccproxy.gateway.access import Caller, Gate, is_of
from ccproxy.store import key_text
from ccproxy.store.client_keys import ClientKey, KeySnapshot

KEY = "sk-gate-0123456789abcdef"
PRIVATE = tuple(ip_network(n) for n in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "192.168.0.0/16", "fc00::/7"))
PROXY = (ip_network("10.9.9.0/24"), ip_network("fd00:9::/32"))


def environ(peer: str | None = "127.0.0.1", host: str | None = "localhost:3456", **headers: str) -> dict[str, Any]:
    """A WSGI environ; header names with underscores for dashes."""
    made: dict[str, Any] = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    if peer is not None:
        made["REMOTE_ADDR"] = peer
    if host is not None:
        made["HTTP_HOST"] = host
    return made


class Admin(Gate):
    """A gate that knows a caller of another role."""

    def check(self, environ: peers.Environ) -> Caller:
        return Caller("somebody", "member", "127.0.0.1")


# --- without a key -----------------------------------------------------------------------------------------------

LOCAL_PEERS = [
    ("127.0.0.1", "127.0.0.1"),
    ("127.8.9.10", "127.8.9.10"),
    ("::1", "::1"),
    ("::ffff:127.0.0.1", "127.0.0.1"),
    ("", "127.0.0.1"),  # a Unix socket
]


@pytest.mark.parametrize(("peer", "address"), LOCAL_PEERS)
def test_without_a_key_this_machine_is_served(peer: str, address: str) -> None:
    assert Gate(None, ()).check(environ(peer)) == Caller("local", "admin", address)


@pytest.mark.parametrize(
    "peer",
    [
        "10.0.0.7",
        "192.168.1.2",
        "8.8.8.8",
        "::ffff:10.0.0.7",
        "2001:db8::1",
        "fe80::1%eth0",
        "0.0.0.0",
        "garbage",
        None,
    ],
)
def test_without_a_key_no_other_peer_is_served_whatever_it_says(peer: str | None) -> None:
    claims = {"x_forwarded_for": "127.0.0.1", "x_real_ip": "127.0.0.1", "forwarded": "for=127.0.0.1"}
    with pytest.raises(Forbidden) as caught:
        Gate(None, PRIVATE).check(environ(peer, **claims, authorization=f"Bearer {KEY}"))
    assert caught.value.status == 403
    assert caught.value.type == "permission_error"


def test_without_a_key_a_forwarded_address_from_a_local_peer_says_nothing() -> None:
    assert Gate(None, PRIVATE).check(environ(x_forwarded_for="8.8.8.8")).address == "127.0.0.1"


def test_without_a_key_a_trusted_local_proxy_speaks_for_its_client() -> None:
    gate = Gate(None, PRIVATE, [ip_network("127.0.0.0/8")])
    with pytest.raises(Forbidden):
        gate.check(environ(x_forwarded_for="8.8.8.8"))
    assert gate.check(environ(x_forwarded_for="127.0.0.1")).address == "127.0.0.1"
    assert gate.check(environ()).address == "127.0.0.1"


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:3456", "LocalHost:1", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:3456", "::1"],
)
def test_without_a_key_the_host_is_a_local_name(host: str) -> None:
    assert Gate(None, ()).check(environ(host=host)).name == "local"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:3456", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1",
        "localhost:", "localhost:99x", "localhost:١", "localhost\n", "user@localhost", "localhost:1@evil", "127.0.0.2",
        "0.0.0.0", "", None,
    ],
)  # fmt: skip
def test_without_a_key_no_other_host_is_served(host: str | None) -> None:
    with pytest.raises(Forbidden, match="Host"):
        Gate(None, ()).check(environ(host=host))


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://localhost:3456", True),
        ("https://localhost:3456", True),
        ("http://localhost", False),
        ("http://localhost:5173", False),
        ("http://127.0.0.1:3456", False),
        ("https://evil.example", False),
        ("http://localhost:3456.evil.example", False),
        ("http://user@localhost:3456", False),
        ("null", False),
        ("", False),
        ("file://localhost:3456", False),
        ("chrome-extension://abcdef", False),
        ("localhost:3456", False),
    ],
)
def test_without_a_key_only_pages_of_our_own_are_served(origin: str, own: bool) -> None:
    """Whatever else this machine serves, its pages are not ours: a POST without a body needs nobody's leave."""
    gate = Gate(None, ())
    assert is_of(origin, "localhost:3456") is own
    if own:
        assert gate.check(environ(origin=origin)).name == "local"
    else:
        with pytest.raises(Forbidden, match="web pages"):
            gate.check(environ(origin=origin))


@pytest.mark.parametrize(
    ("site", "served"), [("cross-site", False), ("same-site", False), ("same-origin", True), ("none", True)]
)
def test_without_a_key_what_the_browser_says_of_the_site_counts(site: str, served: bool) -> None:
    gate = Gate(None, ())
    assert (gate.identify(environ(sec_fetch_site=site)) is not None) is served


def test_an_empty_key_is_no_key() -> None:
    gate = Gate("", PRIVATE)
    assert gate.key_configured is False
    with pytest.raises(Forbidden):
        gate.check(environ("10.0.0.1", authorization="Bearer "))


# --- with a key --------------------------------------------------------------------------------------------------

RIGHT = [
    {"authorization": f"Bearer {KEY}"},
    {"authorization": f"bearer   {KEY} "},
    {"x_api_key": KEY},
    {"authorization": "Bearer wrong", "x_api_key": KEY},
    {"authorization": f"Bearer {KEY}", "x_api_key": "wrong"},
    {"authorization": "Basic dXNlcjpwYXNz", "x_api_key": KEY},
]


@pytest.mark.parametrize("headers", RIGHT)
def test_either_header_lets_in(headers: dict[str, str]) -> None:
    gate = Gate(KEY, PRIVATE)
    caller = gate.check(environ("10.1.2.3", "anything.example", origin="https://page.example", **headers))
    assert caller == Caller("key", "admin", "10.1.2.3")
    assert gate.require_admin(environ("10.1.2.3", **headers)) == caller
    assert gate.identify(environ("10.1.2.3", **headers)) == caller


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "is needed"),
        ({"authorization": ""}, "is needed"),
        ({"authorization": "Bearer"}, "is needed"),
        ({"x_api_key": ""}, "is needed"),
        ({"authorization": f"Basic {KEY}"}, "is needed"),
        ({"authorization": KEY}, "is needed"),
        ({"authorization": "Bearer wrong"}, "is wrong"),
        ({"x_api_key": KEY[:-1]}, "is wrong"),
        ({"x_api_key": KEY + "x"}, "is wrong"),
        ({"x_api_key": KEY.upper()}, "is wrong"),
        ({"x_api_key": f"{KEY},{KEY}"}, "is wrong"),
        ({"x_api_key": "\u20ac"}, "is wrong"),
        ({"authorization": "Bearer wrong", "x_api_key": "wrong too"}, "is wrong"),
    ],
)
def test_without_the_key_nobody_gets_in(headers: dict[str, str], words: str) -> None:
    gate = Gate(KEY, PRIVATE)
    with pytest.raises(Unauthenticated, match=words) as caught:
        gate.check(environ(**headers))
    assert caught.value.status == 401
    assert caught.value.type == "authentication_error"
    assert caught.value.should_retry is False
    assert KEY not in str(caught.value)
    assert gate.identify(environ(**headers)) is None


def test_a_key_of_any_characters_is_compared_as_bytes() -> None:
    key = "schlüssel-ключ-🔑"
    as_wsgi_hands_it_on = key.encode().decode("latin-1")
    assert Gate(key, PRIVATE).check(environ(x_api_key=as_wsgi_hands_it_on)).name == "key"


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("", True),
        ("10.255.0.1", True),
        ("::ffff:192.168.3.4", True),
        ("fd12::1", True),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("2001:db8::1", False),
        ("fe80::1%eth0", False),
        ("x" * 100, False),
        (None, False),
    ],
)
def test_the_address_has_to_be_allowed_even_with_the_key(peer: str | None, allowed: bool) -> None:
    gate = Gate(KEY, PRIVATE)
    for _ in range(2):  # fresh, and from what is remembered
        if allowed:
            assert gate.check(environ(peer, x_api_key=KEY)).role == "admin"
        else:
            with pytest.raises(Forbidden, match="address"):
                gate.check(environ(peer, x_api_key=KEY))


def test_a_wrong_address_hears_nothing_of_its_key() -> None:
    for headers in ({}, {"x_api_key": "wrong"}, {"x_api_key": KEY}):
        with pytest.raises(Forbidden, match=r"8\.8\.8\.8 is not allowed"):
            Gate(KEY, PRIVATE).check(environ("8.8.8.8", **headers))


def test_everything_can_be_allowed() -> None:
    gate = Gate(KEY, [ip_network("0.0.0.0/0"), ip_network("::/0")])
    for peer in ("8.8.8.8", "2001:db8::1", "::ffff:1.2.3.4"):
        assert gate.check(environ(peer, x_api_key=KEY)).role == "admin"


# --- forwarded addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.1.1.1", "8.8.8.8", "10.1.1.1"),  # not a trusted proxy: what it forwards is its own invention
        ("10.9.9.1", None, "10.9.9.1"),
        ("10.9.9.1", "", "10.9.9.1"),
        ("10.9.9.1", "192.168.1.5", "192.168.1.5"),
        ("::ffff:10.9.9.1", "192.168.1.5", "192.168.1.5"),
        ("fd00:9::1", "fd12::5", "fd12::5"),
        ("10.9.9.1", "8.8.8.8, 192.168.1.5", "192.168.1.5"),  # the left part is what the client wrote itself
        ("10.9.9.1", "garbage, 192.168.1.5", "192.168.1.5"),
        ("10.9.9.1", "8.8.8.8, 192.168.1.5, 10.9.9.7", "192.168.1.5"),  # two proxies
        ("10.9.9.1", "10.9.9.3,10.9.9.2", "10.9.9.3"),  # nobody but proxies
        ("10.9.9.1", "192.168.1.5:4711", "192.168.1.5"),
        ("10.9.9.1", "[fd12::5]:4711", "fd12::5"),
        ("10.9.9.1", "[fd12::5]", "fd12::5"),
        ("10.9.9.1", "::ffff:192.168.1.5", "192.168.1.5"),
    ],
)
def test_the_client_is_the_last_hop_that_is_no_trusted_proxy(peer: str, forwarded: str | None, client: str) -> None:
    headers = {} if forwarded is None else {"x_forwarded_for": forwarded}
    assert Gate(KEY, PRIVATE, PROXY).check(environ(peer, x_api_key=KEY, **headers)).address == client


@pytest.mark.parametrize(
    ("forwarded", "words"),
    [
        ("8.8.8.8", "8.8.8.8 is not allowed"),
        ("127.0.0.1, 8.8.8.8", "8.8.8.8 is not allowed"),
        ("unknown", "not an address"),
        ("192.168.1.5, ", "not an address"),
        ("[::1", "::1"),
        ("1" * 300, "not an address"),
    ],
)
def test_a_forwarded_address_has_to_be_allowed_itself(forwarded: str, words: str) -> None:
    gate = Gate(KEY, [ip_network("192.168.0.0/16")], PROXY)
    with pytest.raises(Forbidden, match=words.replace("[", r"\[")):
        gate.check(environ("10.9.9.1", x_api_key=KEY, x_forwarded_for=forwarded))


# --- the rest ----------------------------------------------------------------------------------------------------


def test_the_admin_api_wants_an_admin() -> None:
    with pytest.raises(Forbidden, match="administrator"):
        Admin(None, ()).require_admin({})


def test_the_key_is_nowhere_on_the_gate() -> None:
    gate = Gate(KEY, PRIVATE)
    gate.identify(environ(x_api_key=KEY))
    assert KEY not in repr(gate)
    assert KEY not in repr(vars(gate))
    assert "key_configured=True" in repr(gate)


def test_every_refusal_is_an_error_of_ours() -> None:
    for gate in (Gate(None, ()), Gate(KEY, PRIVATE)):
        with pytest.raises(CCProxyError):
            gate.check({})


def test_where_a_call_comes_from() -> None:
    gate = Gate(KEY, PRIVATE, [ip_network("10.9.9.1/32")])
    assert gate.client_address(environ("::ffff:192.0.2.7")) == "192.0.2.7"
    assert gate.client_address(environ("10.9.9.1", x_forwarded_for="203.0.113.5, 192.0.2.8")) == "192.0.2.8"
    with pytest.raises(Forbidden):
        gate.client_address(environ("10.9.9.1", x_forwarded_for="nobody"))


# --- client keys -------------------------------------------------------------------------------------------------

SECRET, FORMER, OTHER = key_text.new_key(), key_text.new_key(), key_text.new_key()
LATER, BEFORE = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(seconds=1)


def client_key(**fields: Any) -> ClientKey:
    return ClientKey(name="anna", prefix=SECRET[:12], digest=key_text.digest(SECRET), **fields)


def gate_of(apikey: str | None, *keys: ClientKey) -> Gate:
    return Gate(apikey, PRIVATE, keys=lambda: KeySnapshot(version=1, keys=keys))


def test_a_client_key_that_is_let_in_is_in_use() -> None:
    used: list[str] = []
    gate = Gate(KEY, PRIVATE, keys=lambda: KeySnapshot(version=1, keys=(client_key(),)), used=used.append)
    gate.check(environ("10.0.0.7", x_api_key=KEY))
    gate.identify(environ("10.0.0.7", x_api_key=SECRET))
    for sent, peer in ((OTHER, "10.0.0.7"), (SECRET, "8.8.8.8")):
        with pytest.raises(ClientError):
            gate.check(environ(peer, x_api_key=sent))
    assert used == []
    gate.check(environ("10.0.0.7", x_api_key=SECRET))
    assert used == ["anna"]


@pytest.mark.parametrize("apikey", [KEY, None])
@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {SECRET}"},
        {"x_api_key": SECRET},
        {"authorization": "Bearer wrong", "x_api_key": SECRET},
        {"authorization": f"Bearer {OTHER}", "x_api_key": f" {SECRET} "},
    ],
)
@pytest.mark.parametrize("role", ["member", "admin"])
def test_who_sends_a_client_key_is_who_it_says(apikey: str | None, headers: dict[str, str], role: Any) -> None:
    key = client_key(role=role)
    for peer in ("10.0.0.7", "127.0.0.1"):
        caller = gate_of(apikey, key).check(environ(peer, "proxy.lan:3456", **headers))
        assert caller == Caller("anna", role, peer, key)


def test_the_first_key_stays_the_first() -> None:
    caller = gate_of(KEY, client_key()).check(environ("10.0.0.7", authorization=f"Bearer {SECRET}", x_api_key=KEY))
    assert caller == Caller("key", "admin", "10.0.0.7")


@pytest.mark.parametrize("apikey", [KEY, None])
@pytest.mark.parametrize(
    ("key", "sent", "words"),
    [
        (client_key(), OTHER, "the API key is wrong"),
        (client_key(), SECRET[:-1], "mistyped or cut off"),
        (client_key(), SECRET[:20] + "x" + SECRET[20:], "mistyped or cut off"),
        (client_key(enabled=False), SECRET, "the key 'anna' is disabled"),
        (client_key(expires_at=BEFORE), SECRET, "the key 'anna' expired on 2"),
        (client_key(former_digest=key_text.digest(FORMER), former_until=BEFORE), FORMER, "was replaced by a new one"),
        (client_key(former_digest=key_text.digest(FORMER)), FORMER, "was replaced by a new one"),
    ],
)
def test_a_client_key_that_is_not_taken(apikey: str | None, key: ClientKey, sent: str, words: str) -> None:
    """Nobody gets in with it, not even on this machine, where no key at all may do."""
    with pytest.raises(Unauthenticated, match=words) as caught:
        gate_of(apikey, key).check(environ(x_api_key=sent))
    assert caught.value.should_retry is False
    assert sent not in caught.value.message


def test_a_mistyped_key_costs_no_look_at_the_database() -> None:
    def keys() -> KeySnapshot:
        raise AssertionError("was looked at")

    with pytest.raises(Unauthenticated, match="mistyped"):
        Gate(KEY, PRIVATE, keys=keys).check(environ(x_api_key=SECRET[:-1]))


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        (client_key(expires_at=LATER), SECRET),
        (client_key(former_digest=key_text.digest(FORMER), former_until=LATER), FORMER),
        (client_key(former_digest=key_text.digest(FORMER), former_until=BEFORE), SECRET),
    ],
)
def test_a_client_key_that_is_still_taken(key: ClientKey, sent: str) -> None:
    assert gate_of(KEY, key).check(environ(x_api_key=sent)).name == "anna"


@pytest.mark.parametrize(
    ("addresses", "peer", "words"),
    [
        (("10.1.0.0/16", "fd00::/8"), "10.1.2.3", None),
        (("10.1.0.0/16", "fd00::/8"), "fd00::7", None),
        (("10.1.0.0/16", "fd00::/8"), "::ffff:10.1.2.3", None),
        (("10.1.0.0/16", "fd00::/8"), "10.2.0.1", "the key 'anna' may not be used from the address 10.2.0.1"),
        (("8.0.0.0/8",), "8.8.8.8", "the address 8.8.8.8 is not allowed to call"),
    ],
)
def test_a_key_may_have_addresses_of_its_own(addresses: tuple[str, ...], peer: str, words: str | None) -> None:
    gate = gate_of(KEY, client_key(addresses=addresses))
    if words is None:
        assert gate.check(environ(peer, x_api_key=SECRET)).name == "anna"
    else:
        with pytest.raises(Forbidden, match=words):
            gate.check(environ(peer, x_api_key=SECRET))


def test_without_the_first_key_others_are_asked_for_theirs_once_there_are_any() -> None:
    with pytest.raises(Unauthenticated, match="an API key is needed"):
        gate_of(None, client_key()).check(environ("10.0.0.7"))
    with pytest.raises(Forbidden, match="no API key is configured"):
        gate_of(None, client_key()).check(environ("8.8.8.8"))
    assert gate_of(None, client_key()).check(environ()) == Caller("local", "admin", "127.0.0.1")
    assert gate_of(None, client_key()).check(environ(x_api_key="dummy")) == Caller("local", "admin", "127.0.0.1")


def test_a_member_is_no_administrator() -> None:
    with pytest.raises(Forbidden, match="only an administrator"):
        gate_of(KEY, client_key()).require_admin(environ(x_api_key=SECRET))
    assert gate_of(KEY, client_key(role="admin")).require_admin(environ(x_api_key=SECRET)).name == "anna"


class TestWhoIsRefusedIsTold:
    """The gate's callable hears of every refusal of somebody who tried."""

    def told(self, gate_options: dict[str, Any], ask: str, *given: Any, **headers: Any) -> list[Any]:
        heard: list[Any] = []
        gate = Gate(**{"apikey": KEY, "allowed": PRIVATE, **gate_options}, refused=heard.append)
        with contextlib.suppress(ClientError):
            getattr(gate, ask)(environ(*given, **headers))
        return heard

    @pytest.mark.parametrize("ask", ["check", "require_admin", "identify"])
    def test_a_wrong_key(self, ask: str) -> None:
        [refusal] = self.told({}, ask, "10.0.0.9", x_api_key="nope")
        assert (refusal.address, refusal.reason) == ("10.0.0.9", "the API key is wrong")

    @pytest.mark.parametrize("ask", ["check", "require_admin", "identify"])
    def test_no_key_is_no_try_and_a_right_one_no_refusal(self, ask: str) -> None:
        assert self.told({}, ask, "10.0.0.9") == []
        assert self.told({}, ask, "10.0.0.9", x_api_key=KEY) == []

    def test_an_address_that_may_not_call_but_may_ask_how_it_is(self) -> None:
        [refusal] = self.told({}, "check", "8.8.8.8", x_api_key=KEY)
        assert (refusal.address, refusal.hint) == ("8.8.8.8", "")
        assert KEY not in repr(refusal)
        assert self.told({}, "identify", "8.8.8.8") == []

    def test_the_address_is_that_behind_a_trusted_proxy(self) -> None:
        proxied = {"trusted": [ip_network("10.0.0.1/32")]}
        [refusal] = self.told(proxied, "check", "10.0.0.1", x_forwarded_for="10.0.0.9", x_api_key="nope")
        assert refusal.address == "10.0.0.9"
        [refusal] = self.told(proxied, "check", "10.0.0.1", x_forwarded_for="nonsense", x_api_key="nope")
        assert refusal.address == "10.0.0.1"

    def test_a_foreign_page_without_a_key(self) -> None:
        [refusal] = self.told({"apikey": None}, "check", origin="https://evil.example")
        assert "foreign web pages" in refusal.reason

    def test_a_role_that_may_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        heard: list[Any] = []
        gate = Gate(KEY, PRIVATE, refused=heard.append)
        monkeypatch.setattr(gate, "_check", lambda _environ: Caller("anna", "member", "10.0.0.9"))
        with pytest.raises(Forbidden):
            gate.require_admin(environ("10.0.0.9", x_api_key=KEY))
        [refusal] = heard
        assert (refusal.name, refusal.reason) == ("anna", "only an administrator may do this")
