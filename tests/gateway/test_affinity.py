"""Where a session was, for all processes of one machine."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from ccproxy.gateway import affinity as module
from ccproxy.gateway.affinity import REFRESH, WAYS, Affinity, mark


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


# No thread of the tests' does anything that a child could be left in the middle of
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


def in_child(work: Callable[[], None]) -> None:
    """Do it in a forked process, as a worker does."""
    process = os.fork()
    if process == 0:  # pragma: no cover - in another process
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(process, 0)[1] == 0


def test_a_session_is_remembered_for_each_route() -> None:
    table = Affinity()
    assert table.recall("s", "default") is None
    table.keep("s", "default", "a/m")
    table.keep("s", "think", "b/m")
    table.keep("t", "default", "c/m")
    assert table.recall("s", "default") == mark("a/m")
    assert table.recall("s", "think") == mark("b/m")
    assert table.recall("t", "default") == mark("c/m")
    assert table.recall("t", "think") is None
    table.keep("s", "default", "b/m")
    assert table.recall("s", "default") == mark("b/m")


def test_what_belongs_together_is_not_confused() -> None:
    table = Affinity()
    table.keep("a b", "c", "x/m")
    assert table.recall("a", "b c") is None


def test_a_mark_is_the_same_in_every_process() -> None:
    assert mark("groq/openai/gpt-oss-120b") == 22506524 != mark("groq/openai/gpt-oss-20b")


def test_processes_share_it() -> None:
    table = Affinity()
    table.keep("s", "default", "a/m")

    def work() -> None:
        assert table.recall("s", "default") == mark("a/m")
        table.keep("s", "default", "b/m")
        for number in range(100):
            table.keep(f"session {number}", "default", "c/m")

    in_child(work)
    assert table.recall("s", "default") == mark("b/m")
    assert all(table.recall(f"session {number}", "default") == mark("c/m") for number in range(100))


def test_processes_that_write_into_each_other_leave_nothing_wrong() -> None:
    """Everything that is read is something that somebody wrote, for just that session."""
    table = Affinity(WAYS)  # one set, so that all write into the same four slots
    sessions = [f"session {number}" for number in range(8)]

    def work() -> None:
        for turn in range(400):
            for session in sessions:
                table.keep(session, "r", f"{session}/{turn % 7}")
                found = table.recall(session, "r")
                assert found is None or found in {mark(f"{session}/{turn}") for turn in range(7)}

    children = []
    for _ in range(3):
        process = os.fork()
        if process == 0:  # pragma: no cover - in another process
            status = 1
            try:
                work()
                status = 0
            finally:
                os._exit(status)
        children.append(process)
    assert [os.waitpid(process, 0)[1] for process in children] == [0, 0, 0]


@pytest.mark.parametrize("place", range(20))
def test_a_torn_entry_counts_as_nothing(place: int) -> None:
    table = Affinity(WAYS)
    table.keep("s", "r", "a/m")
    for start in range(0, len(table._memory), 32):
        table._memory[start + place] ^= 0x10
    assert table.recall("s", "r") is None
    table.keep("s", "r", "b/m")
    assert table.recall("s", "r") == mark("b/m")


def test_the_oldest_makes_room() -> None:
    clock = Clock()
    table = Affinity(WAYS, clock=clock)
    for number in range(WAYS):
        table.keep(f"session {number}", "r", "a/m")
        clock.now += 1
    clock.now += REFRESH
    table.keep("session 0", "r", "a/m")  # is in use
    table.keep("new", "r", "a/m")
    known = [number for number in range(WAYS) if table.recall(f"session {number}", "r") is not None]
    assert known == [0, 2, 3]
    assert table.recall("new", "r") is not None


def test_a_clock_that_was_turned_back_locks_nobody_out() -> None:
    clock = Clock()
    table = Affinity(WAYS, clock=clock)
    for number in range(WAYS):
        table.keep(f"session {number}", "r", "a/m")
    clock.now -= 86_400
    table.keep("new", "r", "b/m")
    assert table.recall("new", "r") == mark("b/m")


def test_an_entry_is_not_written_again_at_each_request() -> None:
    clock = Clock()
    table = Affinity(WAYS, clock=clock)
    table.keep("s", "r", "a/m")
    before = table._memory[:]
    clock.now += REFRESH - 1
    table.keep("s", "r", "a/m")
    assert table._memory[:] == before
    clock.now += 1
    table.keep("s", "r", "a/m")
    assert table._memory[:] != before


def test_it_has_room_for_some_thousand_sessions() -> None:
    table = Affinity()
    for number in range(4000):
        table.keep(f"session {number}", "default", "a/m")
    known = sum(table.recall(f"session {number}", "default") is not None for number in range(4000))
    assert known > 3800
    assert len(table._memory) == module.SLOTS * 32
