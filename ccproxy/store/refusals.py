"""Who was refused at the door, told to the audit in few words, however often they knock.

Anybody who reaches the port can be refused as often as they like, and a client with a wrong key tries again for days.
So refusals are gathered, by address and reason, and written by a greenlet of each worker through a thread of its own:
the first at once, then, while they go on, after one minute, two, four, … up to an hour, each time with their number.
Over all of them a worker writes at most ALLOWANCE events at once and one a minute in the long run, less than a
megabyte a day; what does not fit is counted in one event for all. Nothing of a key is known here but what may be shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

import gevent
from gevent.event import Event
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from ccproxy.store import audit
from ccproxy.store.report import Report, to_logging
from ccproxy.store.writer import Writer

ACTION = "sign_in.refused"
ALLOWANCE = 30
"""Events at once of one worker, some 10 kB; after them SECONDS_EACH a new one."""
SECONDS_EACH = 60.0
FIRST_WAIT = 60.0
LONGEST_WAIT = 3600.0
MOST_GATHERED = 500
"""Different addresses and reasons in memory; more are counted together."""
GATHERING = 1.0
"""Seconds between a refusal and its event, in which more of them may come."""
LONGEST_TEXT = 200
LONGEST_ADDRESS = 64
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refused request: from which address, why in words of ours, and for which path.

    `name` is whose key it was, where it is known; `hint` the beginning of a key, no more than may be shown.
    """

    address: str
    reason: str
    path: str
    name: str = ""
    hint: str = ""


@dataclass(slots=True)
class _Knocking:
    """One address and reason: its last refusal, how many there are to tell, since when, and when to tell them."""

    last: Refusal
    count: int = 0
    since: datetime = NEVER
    due: float = 0.0
    wait: float = FIRST_WAIT

    def add(self, count: int, at: datetime) -> None:
        self.since = min(self.since, at)
        self.count += count

    def is_due(self, now: float) -> bool:
        return self.count > 0 and self.due <= now

    def told(self, now: float) -> None:
        self.count, self.since, self.due = 0, NEVER, now + self.wait
        self.wait = min(self.wait * 2, LONGEST_WAIT)


class Told(NamedTuple):
    """One event as it is written."""

    actor: audit.Actor
    hint: str
    detail: str


class Tally:
    """What was refused and is not told yet. Pure: `now` is a monotonic time in seconds, never smaller than before."""

    def __init__(self) -> None:
        self._knocking: dict[tuple[str, str, str], _Knocking] = {}
        self._others = _Knocking(Refusal(address="", reason="too many addresses to name each were refused", path=""))
        self._allowance = float(ALLOWANCE)
        self._counted_at = 0.0

    def __bool__(self) -> bool:
        return any(each.count for each in (self._others, *self._knocking.values()))

    def note(self, refusal: Refusal, now: float, at: datetime) -> None:
        """Count a refusal."""
        key = (_group(refusal.address), refusal.reason, refusal.name)
        known = self._knocking.get(key)
        if known is None and len(self._knocking) < MOST_GATHERED:
            known = self._knocking[key] = _Knocking(refusal, due=now)
        if known is None:
            self._others.add(1, at)
        else:
            known.last = refusal if refusal.hint else replace(refusal, hint=known.last.hint)
            known.add(1, at)

    def due(self, now: float, *, ending: bool = False) -> list[Told]:
        """What is to be written now; with `ending` also what waits for its time. It counts as told."""
        self._renew(now)
        events = []
        for each in self._knocking.values():
            if each.is_due(now) or (ending and each.count):
                if self._allowance >= 1:
                    self._allowance -= 1
                    events.append(_told(each))
                else:
                    self._others.add(each.count, each.since)
                each.told(now)
        if self._others.is_due(now) or (ending and self._others.count):
            events.append(_told(self._others))
            self._others.told(now)
        self._forget(now)
        return events

    def _renew(self, now: float) -> None:
        if self._counted_at:
            self._allowance = min(ALLOWANCE, self._allowance + (now - self._counted_at) / SECONDS_EACH)
        self._counted_at = now

    def _forget(self, now: float) -> None:
        """Let go of those that were quiet for as long as they would have had to wait: they begin anew."""
        for key in [key for key, each in self._knocking.items() if not each.count and each.due <= now]:
            del self._knocking[key]
        if not self._others.count and self._others.due <= now:
            self._others.wait = FIRST_WAIT


class Refusals:
    """The tally of one worker, and the greenlet that writes it, which is there while there is something to write.

    `note` belongs to any greenlet; it neither waits nor raises. `stop` belongs to the end of a worker process.
    """

    def __init__(
        self, engine: Engine, report: Report = to_logging, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._writer = Writer(engine)
        self._report = report
        self._clock = clock
        self._tally = Tally()
        self._stopping = Event()
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self._unwritten: list[Told] = []
        self._failing = False

    def note(self, refusal: Refusal) -> None:
        """Have it told."""
        self._tally.note(refusal, self._clock(), datetime.now(UTC))
        if self._greenlet is None or self._greenlet.dead:
            self._greenlet = gevent.spawn(self._run)

    def stop(self, timeout: float) -> None:
        """Write what is there and end, within `timeout` seconds. May be called again, also meanwhile."""
        self._stopping.set()
        if self._greenlet is not None:
            self._greenlet.join(timeout)
            self._greenlet.kill(block=False)

    def _run(self) -> None:
        while self._tally or self._unwritten:
            self._stopping.wait(GATHERING)
            ending = self._stopping.is_set()
            self._unwritten += self._tally.due(self._clock(), ending=ending)
            self._write()
            if ending:
                return

    def _write(self) -> None:
        """Write what is due; it stays for another try where the database does not take it."""
        events = self._unwritten[-MOST_GATHERED:]
        if not events:
            return
        try:
            self._writer.run(lambda connection: _record(connection, events))
        except Exception as error:  # noqa: BLE001 - a database that is busy or full must not end the greenlet
            if not self._failing:
                cause = error.orig if isinstance(error, DBAPIError) else error
                self._report("refused requests cannot be told to the audit", error=str(cause), events=len(events))
            self._failing, self._unwritten = True, events
        else:
            self._failing, self._unwritten = False, []


def _record(connection: Connection, events: Sequence[Told]) -> None:
    for each in events:
        audit.record(connection, each.actor, ACTION, each.hint, detail=each.detail)


def _told(each: _Knocking) -> Told:
    last = each.last
    return Told(audit.Actor(last.name, last.address[:LONGEST_ADDRESS]), last.hint, _words(each))


def _words(each: _Knocking) -> str:
    words = each.last.reason[:LONGEST_TEXT]
    if each.count > 1:
        words += f"; {each.count} times since {each.since:%Y-%m-%dT%H:%M:%SZ}"
    return f"{words}; last at {each.last.path[:LONGEST_TEXT]}" if each.last.path else words


def _group(address: str) -> str:
    """Whose address it is: of an IPv6 address the /64, all of which belongs to whoever has one of it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:LONGEST_ADDRESS]
    return str(IPv6Network((int(parsed) >> 64 << 64, 64))) if isinstance(parsed, IPv6Address) else address
