"""What is told to the other workers, when it is written, and what a board that fails means to a request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import gevent
import pytest
from gevent.event import Event
from structlog.testing import capture_logs

from ccproxy.gateway.health import board as module
from ccproxy.gateway.health.board import Notices, Scope
from ccproxy.gateway.health.rules import Standing
from ccproxy.store.cooldowns import Cooldown

ONE: Scope = ("p", "m", "")
TWO: Scope = ("p", "", "f")
REST = Standing(1, 1000.0, 1005.0, "api_error", 503)


class Board:
    """Keeps what it is told, once `open` is set; fails with `failure`; a `busy` one can be neither read nor written."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.rests: tuple[Cooldown, ...] = ()
        self.open = Event()
        self.open.set()
        self.failure: Exception | None = None
        self.busy = False

    def news(self) -> tuple[Cooldown, ...] | None:
        self._fail()
        return None if self.busy else self.rests

    def put(self, cooldown: Cooldown) -> bool:
        return self._tell(cooldown)

    def drop(self, provider: str, model: str, key: str) -> bool:
        return self._tell((provider, model, key))

    def _tell(self, word: object) -> bool:
        self.open.wait()
        self._fail()
        if not self.busy:
            self.told.append(word)
        return not self.busy

    def claim(self, provider: str, model: str, key: str, now: datetime, until: datetime) -> bool:
        self.told.append((now, until))
        self.open.wait()
        return False

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


def cooldown(scope: Scope = ONE, **changes: Any) -> Cooldown:
    fields: dict[str, Any] = {
        "provider": scope[0],
        "model": scope[1],
        "key": scope[2],
        "reason": "api_error",
        "status": 503,
        "since": datetime.fromtimestamp(1000, UTC),
        "until": datetime.fromtimestamp(1005, UTC),
    }
    return Cooldown(**fields | changes)


def test_without_a_board_there_is_no_news() -> None:
    notices = Notices(None)
    assert notices.read() is None
    assert notices.tell(ONE, REST) is False
    assert not notices.unwritten(ONE)
    assert notices.claim(ONE, 1.0, 2.0) is True
    notices.flush(1)


def test_it_is_written_behind_the_requests_back() -> None:
    board = Board()
    board.open.clear()
    notices = Notices(board)
    assert notices.tell(ONE, REST) is True
    assert notices.tell(TWO, None) is True
    assert (notices.unwritten(ONE), notices.unwritten(TWO), board.told) == (True, True, [])
    gevent.sleep(0)  # the first write has begun
    assert notices.unwritten(ONE)
    board.open.set()
    notices.flush(5)
    assert board.told == [cooldown(), TWO]
    assert not notices.unwritten(ONE)
    notices.tell(ONE, None)  # by another greenlet, for the first one has ended
    notices.flush(5)
    assert board.told[2:] == [ONE]


def test_only_the_latest_word_is_written() -> None:
    board = Board()
    notices = Notices(board)
    for length in (1.0, 2.0, 5.0):
        notices.tell(ONE, Standing(1, 1000.0, 1000.0 + length, "api_error", 503))
    notices.tell(TWO, REST)
    notices.tell(TWO, None)
    notices.flush(5)
    assert board.told == [cooldown(), TWO]


def test_what_stands_there_is_read_as_standings() -> None:
    board = Board()
    board.rests = (cooldown(), cooldown(TWO, status=None))
    assert Notices(board).read() == {ONE: REST, TWO: Standing(1, 1000.0, 1005.0, "api_error", None)}


def test_a_full_board_takes_no_more_but_lets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    board = Board()
    notices = Notices(board)
    board.rests = (cooldown(), cooldown(TWO))
    notices.read()
    assert notices.tell(("p", "other", ""), REST) is False
    assert notices.tell(TWO, None) is True
    notices.flush(5)
    assert board.told == [TWO]


def test_failures_are_told_and_nothing_else() -> None:
    board = Board()
    board.failure = RuntimeError("disk full")
    notices = Notices(board)
    with capture_logs() as lines:
        assert notices.read() is None
        notices.tell(ONE, REST)
        notices.tell(TWO, None)
        notices.flush(5)
    assert [line["event"] for line in lines] == [
        "bug in reading what rests",
        "bug in writing what rests",
        "bug in writing what rests",
    ]
    assert not notices.unwritten(ONE)
    board.failure = None
    notices.tell(ONE, REST)
    notices.flush(5)
    assert board.told == [cooldown()]


def test_what_could_not_be_written_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN", 0.001)
    board = Board()
    board.busy = True
    notices = Notices(board)
    notices.tell(ONE, REST)
    notices.tell(TWO, None)
    notices.flush(0.01)
    assert notices.read() is None
    assert (notices.unwritten(ONE), notices.unwritten(TWO), board.told) == (True, True, [])
    notices.tell(ONE, None)  # it is well again meanwhile, which is what counts
    board.busy = False
    notices.flush(5)
    assert sorted(board.told) == [TWO, ONE]
    assert not notices.unwritten(ONE)


def test_what_waits_to_be_written_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    board = Board()
    board.busy = True
    notices = Notices(board)
    assert [notices.tell(("p", str(number), ""), REST) for number in range(3)] == [True, True, False]


def test_a_claim_is_the_boards_word() -> None:
    board = Board()
    assert Notices(board).claim(ONE, 1000.0, 1060.0) is False
    assert board.told == [(datetime.fromtimestamp(1000, UTC), datetime.fromtimestamp(1060, UTC))]


def test_a_claim_that_takes_too_long_is_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLAIM", 0.01)
    board = Board()
    board.open.clear()
    assert Notices(board).claim(ONE, 1000.0, 1060.0) is True


def test_the_requests_own_deadline_is_no_grant() -> None:
    board = Board()
    board.open.clear()
    with pytest.raises(TimeoutError), gevent.Timeout(0.01, TimeoutError):
        Notices(board).claim(ONE, 1000.0, 1060.0)
    other = gevent.Timeout(0.01)
    with pytest.raises(gevent.Timeout) as raised, other:
        Notices(board).claim(ONE, 1000.0, 1060.0)
    assert raised.value is other
