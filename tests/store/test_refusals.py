"""Refusals: what is told of them, and how little however many there are."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import gevent
import pytest
from sqlalchemy import text

from ccproxy.store import refusals as module
from ccproxy.store.audit import Audit, Wanted
from ccproxy.store.refusals import ALLOWANCE, LONGEST_WAIT, MOST_GATHERED, Refusal, Refusals, Tally
from ccproxy.store.session import open_engine

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SPELL = 4 * 3600
WRONG = "the API key is wrong"


def refusal(address="10.0.0.9", **fields):
    return Refusal(address=address, **{"reason": WRONG, "path": "/v1/messages", **fields})


def at(seconds):
    return START + timedelta(seconds=seconds)


def knock(tally, now, *refusals):
    for each in refusals:
        tally.note(each, now, at(now))


def details(told):
    return [each.detail for each in told]


def count(detail):
    """How many refusals an event stands for."""
    found = re.search(r"; (\d+) times since", detail)
    return int(found[1]) if found else 1


def test_the_first_is_told_at_once_and_as_it_is():
    tally = Tally()
    assert not tally
    knock(tally, 5, refusal(hint="ccp_ab12", name="anna"))
    assert tally
    [told] = tally.due(5)
    assert (told.actor.name, told.actor.address, told.hint) == ("anna", "10.0.0.9", "ccp_ab12")
    assert told.detail == f"{WRONG}; last at /v1/messages"
    assert not tally
    assert tally.due(6) == []


def test_a_client_that_goes_on_for_a_day_is_told_a_few_dozen_times_with_all_its_refusals():
    tally = Tally()
    told = []
    for now in range(86400):
        knock(tally, now, refusal(path=f"/{now}"))
        told += [(now, each.detail) for each in tally.due(now)]
    told += [(now, each.detail) for each in tally.due(now, ending=True)]
    assert [when for when, _ in told[:8]] == [0, 60, 180, 420, 900, 1860, 3780, 3780 + LONGEST_WAIT]
    assert len(told) < 35
    assert told[1][1] == f"{WRONG}; 60 times since 2026-03-01T12:00:01Z; last at /60"
    assert sum(count(detail) for _, detail in told) == 86400


def test_after_a_quiet_time_it_begins_anew():
    tally = Tally()
    for now in (0, 60, 180):
        knock(tally, now, refusal())
        assert len(tally.due(now)) == 1
    assert tally.due(1000) == []
    knock(tally, 1000, refusal())
    assert len(tally.due(1000)) == 1
    knock(tally, 1060, refusal())
    assert len(tally.due(1060)) == 1


def test_each_address_and_reason_is_one():
    tally = Tally()
    knock(tally, 0, refusal(), refusal("10.0.0.8"), refusal(reason="another"), refusal(name="anna"), refusal(path="/x"))
    assert details(tally.due(0)) == [
        f"{WRONG}; 2 times since 2026-03-01T12:00:00Z; last at /x",
        f"{WRONG}; last at /v1/messages",
        "another; last at /v1/messages",
        f"{WRONG}; last at /v1/messages",
    ]


def test_a_key_of_ours_among_others_is_what_is_shown():
    tally = Tally()
    knock(tally, 0, refusal(), refusal(hint="ccp_ab12"), refusal(path="/last"))
    [told] = tally.due(0)
    assert told.hint == "ccp_ab12"
    assert told.detail.endswith("last at /last")


def test_all_addresses_of_one_ipv6_network_are_one_and_the_last_is_named():
    tally = Tally()
    knock(tally, 0, *(refusal(f"2001:db8::{last:x}") for last in range(1, 50)), refusal("2001:db8:0:1::1"))
    first, second = tally.due(0)
    assert (first.actor.address, second.actor.address) == ("2001:db8::31", "2001:db8:0:1::1")
    assert "49 times" in first.detail


@pytest.mark.parametrize("address", ["", "not an address", "::1", "0.0.0.1", "x" * 500])
def test_any_address_can_be_told(address):
    tally = Tally()
    knock(tally, 0, refusal(address))
    assert tally.due(0)[0].actor.address == address[:64]


def test_a_flood_from_everywhere_costs_little_and_is_counted_all_the_same():
    """Hours of somebody who has any address they want."""
    tally = Tally()
    told = []
    sent = 0
    for now in range(0, SPELL, 5):
        for host in range(20):
            knock(tally, now, refusal(f"10.{sent >> 16 & 255}.{sent >> 8 & 255}.{host}"))
            sent += 1
        told += tally.due(now)
        assert len(tally._knocking) <= MOST_GATHERED
    told += tally.due(SPELL, ending=True)
    others = [detail for detail in details(told) if detail.startswith("too many addresses")]
    assert len(told) - len(others) <= ALLOWANCE + SPELL / 60
    assert len(others) < 12
    assert sum(map(count, details(told))) == sent


def test_long_texts_are_cut():
    tally = Tally()
    knock(tally, 0, refusal(reason="r" * 9999, path="p" * 9999))
    assert len(tally.due(0)[0].detail) < 500


@pytest.fixture
def quickly(monkeypatch):
    monkeypatch.setattr(module, "GATHERING", 0.01)


def events(engine):
    return [
        (each.action, each.actor, each.address, each.subject, each.detail) for each in Audit(engine).page(Wanted(), 99)
    ]


def until(condition):
    with gevent.Timeout(10):
        while not condition():
            gevent.sleep(0.01)


def test_refusals_are_written_soon_and_nobody_waits(engine, quickly):
    doorbell = Refusals(engine)
    doorbell.note(refusal(hint="ccp_ab12"))
    doorbell.note(refusal(hint="ccp_ab12"))
    assert events(engine) == []
    until(lambda: events(engine))
    [(action, actor, address, subject, detail)] = events(engine)
    assert (action, actor, address, subject) == ("sign_in.refused", "", "10.0.0.9", "ccp_ab12")
    assert detail.startswith(f"{WRONG}; 2 times since")
    until(lambda: doorbell._greenlet.dead)
    doorbell.note(refusal("10.0.0.8"))
    until(lambda: len(events(engine)) == 2)


def test_the_end_of_a_worker_writes_what_still_waits_for_its_time(engine, quickly):
    doorbell = Refusals(engine)
    doorbell.note(refusal())
    until(lambda: events(engine))
    doorbell.note(refusal())
    doorbell.note(refusal())
    doorbell.stop(10)
    assert "2 times" in events(engine)[0][4]
    doorbell.stop(10)
    doorbell.note(refusal("10.0.0.8"))
    doorbell.stop(10)
    assert len(events(engine)) == 3


def test_where_nobody_was_refused_there_is_nothing_to_end(engine):
    Refusals(engine).stop(0.1)
    assert events(engine) == []


def test_a_database_that_takes_nothing_is_told_once_and_tried_again(engine, url, said, quickly):
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'full'); END")
        )
    doorbell = Refusals(open_engine(url), said)
    doorbell.note(refusal())
    until(lambda: said.texts)
    doorbell.note(refusal("10.0.0.8"))
    until(lambda: len(doorbell._unwritten) == 2)
    assert said.texts == ["refused requests cannot be told to the audit"]
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER full"))
    until(lambda: len(events(engine)) == 2)
    until(lambda: doorbell._greenlet.dead)
