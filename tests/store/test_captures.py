"""Captures on their way into the database and back."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent
import gevent.event
import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import OperationalError

from ccproxy.errors import Unavailable
from ccproxy.store import captures as module
from ccproxy.store.audit import Actor, Audit, Event, Wanted
from ccproxy.store.captures import Capture, Captures
from ccproxy.store.models import request_logs
from ccproxy.store.session import sqlite_path
from ccproxy.store.storage import used_bytes
from ccproxy.store.vault import Undecryptable, Vault, new_key
from tests.store.conftest import Said
from tests.store.test_logbook import Lock, until

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
TEXT = b'{"text": "a very private prompt"}'
READER = Actor("root", "10.0.0.7")


def capture(number: int = 0, **fields: Any) -> Capture:
    made = {"request_id": f"r-{number}", "captured_at": MOMENT, "headers": {"anthropic-version": "1"}, "request": TEXT}
    return Capture(**{**made, **fields})


def untouched(capture: Capture, secrets: Any) -> Capture:
    return capture


Make = Callable[..., Captures]


@pytest.fixture
def make(engine: Engine, vault: Vault, said: Said) -> Iterator[Make]:
    made: list[Captures] = []

    def make(cleaned: Any = untouched, secrets: Any = tuple, **more: Any) -> Captures:
        made.append(Captures(engine, vault, cleaned, secrets, report=said, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def found(captures: Captures, request_id: str = "r-0") -> Capture | None:
    return captures.find(request_id, lambda capture, _: capture, READER)


@pytest.mark.parametrize(
    "one",
    [
        capture(),
        capture(answer=b"event: a\n\n", truncated=True),
        capture(headers={}, request=b"\xff\x00 no json", answer=b"{}"),
        capture(request=bytes(range(256)) * 10_000),
    ],
)
def test_there_and_back(make: Make, one: Capture, url: str) -> None:
    captures = make()
    captures.keep(one)
    assert captures.queued == 1
    captures.stop()
    assert (captures.queued, captures.dropped) == (0, 0)
    assert found(captures) == one
    files = Path(str(sqlite_path(url))).parent.glob("ccproxy.db*")
    assert b"private" not in b"".join(path.read_bytes() for path in files)


def test_with_the_row_of_its_request(make: Make, engine: Engine) -> None:
    captures = make()
    assert captures.find("r-0", lambda *given: given, READER) is None
    captures.keep(capture())
    captures.stop()
    assert captures.find("r-0", lambda _, row: (row,), READER) == (None,)
    with engine.begin() as connection:
        row = {"request_id": "r-0", "started_at": MOMENT, "stream": False, "status": 503, "usage_estimated": False}
        connection.execute(insert(request_logs).values(**row, duration_ms=1.5, dropped=["a"], attempts=[]))
    found = captures.find("r-0", lambda _, row: row, READER)
    assert found is not None
    assert (found["status"], found["started_at"], found["dropped"]) == (503, MOMENT, ["a"])


def told(engine: Engine) -> list[Event]:
    return Audit(engine).page(Wanted(), 10)


def test_nobody_reads_one_without_the_audits_knowing(make: Make, engine: Engine) -> None:
    captures = make()
    found(captures)
    assert told(engine) == [], "of what is not there nothing was read"
    captures.keep(capture())
    captures.stop()
    seen = captures.find("r-0", lambda *_: len(told(engine)), READER)
    assert seen == 1, "the audit is told first"
    with engine.begin() as connection:
        row = {"request_id": "r-0", "started_at": MOMENT, "stream": False, "status": 200, "usage_estimated": False}
        connection.execute(insert(request_logs).values(**row, caller="ann", duration_ms=1, dropped=[], attempts=[]))
    captures.find("r-0", lambda *_: None, READER, "groq/llama")
    again, first = told(engine)
    assert (first.action, first.subject, first.actor, first.address) == ("capture.read", "r-0", "root", "10.0.0.7")
    assert (first.before, first.after, first.detail) == (None, None, None)
    assert (again.action, again.detail) == ("capture.replay", "a request of ann, to groq/llama")


def test_what_cannot_be_told_to_the_audit_is_not_read(make: Make, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccproxy.store.session.WRITE_SECONDS", 0.05)
    captures = make()
    captures.keep(capture())
    captures.stop()
    lock = Lock(url)
    with pytest.raises(OperationalError):
        found(captures)
    lock.release()
    assert found(captures) == capture()


def test_the_writer_writes_while_others_run(make: Make) -> None:
    captures = make()
    captures.start()
    captures.start()
    for number in range(50):
        captures.keep(capture(number))
    until(lambda: captures.queued == 0)
    assert [found(captures, f"r-{number}") is not None for number in (0, 49, 50)] == [True, True, False]
    captures.keep(capture(51))
    captures.stop()
    assert found(captures, "r-51")
    captures.stop()


def test_keys_are_taken_out_before_anything_is_written(make: Make) -> None:
    seen = []

    def cleaned(one: Capture, secrets: Any) -> Capture:
        seen.append(tuple(secrets))
        return dataclasses.replace(one, request=b"{}")

    captures = make(cleaned, lambda: ["secret"])
    captures.keep(capture())
    captures.stop()
    kept = found(captures)
    assert kept is not None
    assert (kept.request, seen) == (b"{}", [("secret",)])


@pytest.mark.parametrize("fails", ["cleaned", "secrets"])
def test_what_cannot_be_cleaned_is_not_written(make: Make, said: Said, fails: str) -> None:
    def broken(*_: Any) -> Any:
        raise Unavailable("a private word")

    captures = make(**{fails: broken})
    captures.keep(capture())
    captures.stop()
    assert (captures.dropped, found(captures)) == (1, None)
    assert said.texts == ["a capture was refused", "captured bodies dropped"]
    assert "private" not in str(said.events)


def test_too_much_is_dropped_and_counted(make: Make, said: Said) -> None:
    captures = make(limit=3 * len(TEXT))
    for number in range(5):
        captures.keep(capture(number))
    assert (captures.queued, captures.dropped) == (3, 2)
    captures.stop()
    assert said.events == [("captured bodies dropped", {"dropped": 2, "total": 2})]
    captures.keep(capture(9, request=b"x" * 1000))
    assert (captures.queued, captures.dropped) == (1, 2), "one of any size finds room"
    captures.keep(capture(10))
    assert captures.dropped == 3
    captures.stop()
    assert found(captures, "r-9")


def test_a_database_that_is_full_takes_no_more(make: Make, engine: Engine, said: Said) -> None:
    with engine.connect() as connection:
        used = used_bytes(connection)
    assert used is not None
    captures = make(most_bytes=used + 500_000)
    for number in range(5):
        captures.keep(capture(number, request=os.urandom(200_000)))
        captures.stop()
    assert [found(captures, f"r-{number}") is not None for number in range(5)] == [True, True, False, False, False]
    assert captures.dropped == 3
    assert said.texts == [
        "the database is as large as it may be: nothing is captured",
        *["captured bodies dropped"] * 3,
    ]


def test_its_size_is_what_the_database_keeps_of_it(make: Make, engine: Engine) -> None:
    captures = make()
    captures.keep(capture(answer=b"{}"))
    assert captures.queued_bytes == len(TEXT) + 2
    captures.stop()
    assert captures.queued_bytes == 0
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT size, length(headers) + length(request) + length(answer) FROM captures"))
        [(size, length)] = kept
    assert size == length > 100


def test_large_ones_are_written_a_few_at_a_time(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_BYTES", 300_000)
    captures = make()
    sizes = []
    real = captures._insert
    monkeypatch.setattr(captures, "_insert", lambda connection, rows: sizes.append(len(rows)) or real(connection, rows))
    for number in range(5):
        captures.keep(capture(number, request=os.urandom(200_000)))
    captures.stop()
    assert (sizes, captures.dropped) == ([2, 2, 1], 0)


def test_a_locked_database_is_waited_for(make: Make, url: str, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr("ccproxy.store.session.WRITE_SECONDS", 0.05)
    lock = Lock(url)
    captures = make()
    captures.start()
    captures.keep(capture())
    until(lambda: "captured bodies cannot be written" in said.texts)
    assert captures.queued == 1
    lock.release()
    until(lambda: captures.queued == 0)
    assert found(captures) == capture()
    captures.stop()
    assert captures.dropped == 0


def test_what_is_left_at_the_end_counts_as_dropped(make: Make, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccproxy.store.session.WRITE_SECONDS", 0.05)
    lock = Lock(url)
    captures = make()
    captures.keep(capture())
    captures.stop(0.2)
    lock.release()
    assert (captures.queued, captures.dropped) == (0, 1)


def test_what_the_database_refuses_does_not_stop_the_others(make: Make, said: Said) -> None:
    captures = make()
    captures.keep(capture())
    captures.stop()
    captures.keep(capture())
    captures.stop()
    captures.keep(capture(1))
    captures.stop()
    assert captures.dropped == 1
    assert said.events[0][1]["error"] == "IntegrityError"
    assert found(captures, "r-1")


def test_what_no_key_opens(make: Make, engine: Engine, vault: Vault) -> None:
    captures = make()
    captures.keep(capture())
    captures.stop()
    other = Captures(engine, Vault([new_key()]), untouched)
    with pytest.raises(Undecryptable):
        found(other)
    with engine.begin() as connection:
        connection.execute(text("UPDATE captures SET request = X'00'"))
    with pytest.raises(Undecryptable):
        found(captures)
    with engine.begin() as connection:
        connection.execute(text("UPDATE captures SET request = :it"), {"it": vault.encrypt_bytes(b"not compressed")})
    with pytest.raises(Undecryptable):
        found(captures)
    other.close()


def test_the_hub_runs_while_much_is_packed(make: Make) -> None:
    """It has turns as long as the writer works on several megabytes: the work is not on it."""
    captures = make()
    turns = 0

    def turn() -> None:
        nonlocal turns
        while captures.queued:
            turns += 1
            gevent.sleep(0.001)

    for number in range(4):
        captures.keep(capture(number, request=bytes(range(256)) * 10_000))
    turning = gevent.spawn(turn)
    captures.stop()
    turning.join()
    assert captures.dropped == 0
    assert turns > 10


def test_one_that_is_written_just_when_patience_ends_is_not_lost(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    written, told = gevent.event.Event(), gevent.event.Event()
    captures = make()
    run = captures._writer.run

    def late(work: Any) -> None:
        run(work)
        written.set()
        told.wait()

    monkeypatch.setattr(captures._writer, "run", late)
    captures.keep(capture())
    captures.start()
    assert written.wait(20)
    assert captures._greenlet is not None
    captures._greenlet.join = lambda timeout: told.set()
    captures.stop()
    assert (captures.queued, captures.queued_bytes, captures.dropped) == (0, 0, 0)
    monkeypatch.undo()
    assert found(captures) == capture()
