"""Sessions: what is sealed, what opens, and for how long."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.gateway.sessions import COOKIE, HEADER, LIFETIME, Sessions

DIGEST = "0123456789abcdef" * 4


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def environ(cookie: str, **more: str) -> dict[str, Any]:
    return {HEADER: "1", "HTTP_COOKIE": cookie, **more}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(lambda: (b"first", b"second"), clock)


def test_what_is_begun_is_brought_back(sessions: Sessions) -> None:
    value = sessions.begin(DIGEST)
    assert DIGEST not in value
    for cookie in (f"{COOKIE}={value}", f"a=b; {COOKIE}={value}; c=d", f"a=b;{COOKIE}={value}"):
        assert sessions.brought(environ(cookie)) == DIGEST


@pytest.mark.parametrize(
    "cookie", ["", "a=b", COOKIE, f"{COOKIE}=", f"{COOKIE}=x", f"{COOKIE}={'x' * 2000}", f"{COOKIE}=\xff"]
)
def test_what_is_no_session_is_none(sessions: Sessions, cookie: str) -> None:
    assert sessions.brought(environ(cookie)) is None
    assert sessions.brought({HEADER: "1"}) is None


def test_nothing_counts_without_the_header(sessions: Sessions) -> None:
    assert sessions.brought({"HTTP_COOKIE": f"{COOKIE}={sessions.begin(DIGEST)}"}) is None


@pytest.mark.parametrize(("later", "there"), [(LIFETIME - 1, True), (LIFETIME + 1, False), (-3600, False)])
def test_a_session_lasts_so_long(sessions: Sessions, clock: Clock, later: int, there: bool) -> None:
    cookie = f"{COOKIE}={sessions.begin(DIGEST)}"
    clock.now += later
    assert (sessions.brought(environ(cookie)) == DIGEST) is there


def test_a_change_in_the_middle_is_seen(sessions: Sessions) -> None:
    value = sessions.begin(DIGEST)
    changed = value[:60] + ("A" if value[60] != "A" else "B") + value[61:]
    assert sessions.brought(environ(f"{COOKIE}={changed}")) is None


def test_secrets_may_be_rotated(clock: Clock) -> None:
    secrets: list[bytes] = [b"old"]
    sessions = Sessions(lambda: tuple(secrets), clock)
    cookie = f"{COOKIE}={sessions.begin(DIGEST)}"
    secrets.insert(0, b"new")
    assert sessions.brought(environ(cookie)) == DIGEST
    assert Sessions(lambda: (b"new",), clock).brought(environ(f"{COOKIE}={sessions.begin(DIGEST)}")) == DIGEST
    secrets.pop()
    assert sessions.brought(environ(cookie)) is None
