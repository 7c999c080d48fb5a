"""Sessions: what is sealed, what opens, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.gateway.sessions import HEADER, LIFETIME, Sessions

DIGEST = "0123456789abcdef" * 4


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


HOST = "box:3456"


def environ(cookie: str, host: str = HOST) -> dict[str, Any]:
    return {HEADER: "1", "HTTP_HOST": host, "HTTP_COOKIE": cookie}


def cookie(sessions: Sessions, host: str = HOST) -> str:
    """What a browser brings that has begun a session there."""
    return f"{sessions.names(environ('', host))[0]}={sessions.begin(DIGEST)}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(lambda: (b"first", b"second"), clock)


def test_what_is_begun_is_brought_back(sessions: Sessions) -> None:
    sent = cookie(sessions)
    assert DIGEST not in sent
    for text in (sent, f"a=b; {sent}; c=d", f"a=b;{sent}"):
        assert sessions.brought(environ(text)) == DIGEST


@pytest.mark.parametrize("value", ["", "=", "=x", f"={'x' * 2000}", "=\xff"])
def test_what_is_no_session_is_none(sessions: Sessions, value: str) -> None:
    name = sessions.names(environ(""))[0]
    for text in (f"{name}{value}", f"a=b; {name}{value}", f"a{value}"):
        assert sessions.brought(environ(text)) is None
    assert sessions.brought({HEADER: "1"}) is None


def test_nothing_counts_without_the_header(sessions: Sessions) -> None:
    sent = environ(cookie(sessions))
    del sent[HEADER]
    assert sessions.brought(sent) is None


@pytest.mark.parametrize(("later", "there"), [(LIFETIME - 1, True), (LIFETIME + 1, False), (-3600, False)])
def test_a_session_lasts_so_long(sessions: Sessions, clock: Clock, later: int, there: bool) -> None:
    sent = cookie(sessions)
    clock.now += later
    assert (sessions.brought(environ(sent)) == DIGEST) is there


def test_a_change_in_the_middle_is_seen(sessions: Sessions) -> None:
    sent = cookie(sessions)
    changed = sent[:90] + ("A" if sent[90] != "A" else "B") + sent[91:]
    assert sessions.brought(environ(changed)) is None


def test_secrets_may_be_rotated(clock: Clock) -> None:
    secrets: list[bytes] = [b"old"]
    sessions = Sessions(lambda: tuple(secrets), clock)
    before = cookie(sessions)
    secrets.insert(0, b"new")
    assert sessions.brought(environ(before)) == DIGEST
    after = cookie(sessions)
    assert sessions.brought(environ(f"{before}; {after}")) == DIGEST
    assert Sessions(lambda: (b"new",), clock).brought(environ(after)) == DIGEST
    secrets.pop()
    assert sessions.brought(environ(before)) is None


def test_several_on_one_host_leave_each_other_alone(sessions: Sessions, clock: Clock) -> None:
    """A browser sends the cookies of all ports of a host to each of them, and keeps one of each name."""
    another = Sessions(lambda: (b"another's",), clock)
    jar = dict(part.split("=", 1) for part in (cookie(sessions), cookie(another), cookie(sessions, "box:3457")))
    assert len(jar) == 3
    sent = "; ".join(f"{name}={value}" for name, value in jar.items())
    assert [one.brought(environ(sent)) for one in (sessions, another)] == [DIGEST, DIGEST]
