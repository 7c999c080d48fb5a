"""The audit trail: who changed what, who read others' words, and when, as rows that are only ever added.

An event is written in the transaction of the change that it tells of, so neither is there without the other; triggers
refuse to change or delete one. What a row looks like without its secrets comes in as a function, for only whoever
shows it elsewhere knows; nothing is known here of requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, Row, and_, func, insert, or_, select
from sqlalchemy.exc import DBAPIError

from ccproxy.errors import Unavailable
from ccproxy.store.models import audit_events

V = TypeVar("V")

LONGEST_SUBJECT = 200
UNTOLD = frozenset({"updated_at"})
"""What moves with every change, and so tells nothing of it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the name of a key and the address that the request came from; both empty for the system itself."""

    name: str = ""
    address: str = ""


SYSTEM = Actor()
"""ccproxy itself, at a start."""
COMMAND_LINE = Actor("cli")
"""Whoever runs a command on this machine that changes the database without a running proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was done, or refused. `before` and `after` hold no secrets."""

    id: int
    at: datetime
    actor: str
    address: str
    action: str
    subject: str
    before: Any
    after: Any
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events are asked for: from `since` on and before `until`, and of these names; None is any."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None
    subject: str | None = None


def record(
    connection: Connection,
    actor: Actor,
    action: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    detail: str | None = None,
) -> None:
    """Add an event, now, in the transaction of `connection`. `before` and `after` must be free of secrets."""
    told = {"before": before, "after": after, "detail": detail}
    connection.execute(
        insert(audit_events).values(
            at=datetime.now(UTC),
            actor=actor.name,
            address=actor.address,
            action=action,
            subject=subject[:LONGEST_SUBJECT],
            # A JSON column would keep None as JSON's null
            **{name: value for name, value in told.items() if value is not None},
        )
    )


class Trail(Generic[V]):
    """What is recorded of one table's rows, under actions such as `provider.create`, `provider` being its `noun`.

    `value` makes the dataclass of a row, `show` what may be seen of it. Both are called inside of the transaction.
    """

    def __init__(self, noun: str, value: Callable[[Row[Any]], V], show: Callable[[V], Mapping[str, Any]]) -> None:
        self._noun = noun
        self._value = value
        self._show = show

    def created(self, connection: Connection, row: Row[Any], actor: Actor, detail: str | None = None) -> None:
        """A row is new."""
        after = self._show(self._value(row))
        record(connection, actor, f"{self._noun}.create", row.name, after=after, detail=detail)

    def changed(self, connection: Connection, was: Row[Any], is_now: Row[Any], actor: Actor, verb: str) -> None:
        """A row was changed: of what is shown of it the part that differs. Nothing where nothing does.

        What differs without being seen, such as a key, is named.
        """
        old, new = self._value(was), self._value(is_now)
        differing = _differing(old, new)
        if not differing:
            return
        before, after = self._show(old), self._show(new)
        seen = [name for name in after if name not in UNTOLD and before.get(name) != after[name]]
        unseen = [name for name in differing if name not in seen]
        record(
            connection,
            actor,
            f"{self._noun}.{verb}",
            was.name,
            before={name: before.get(name) for name in seen},
            after={name: after[name] for name in seen},
            detail=f"changed without being shown: {', '.join(unseen)}" if unseen else None,
        )

    def deleted(self, connection: Connection, row: Row[Any], actor: Actor) -> None:
        """A row is about to go."""
        record(connection, actor, f"{self._noun}.delete", row.name, before=self._show(self._value(row)))


def only_name(value: Any) -> Mapping[str, Any]:
    """Shows the name alone: the least that can be said of a row, where nobody said how to show it."""
    return {"name": value.name}


class Audit:
    """The trail, for reading."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, wanted: Wanted, limit: int, before: tuple[datetime, int] | None = None) -> list[Event]:
        """The `limit` newest events that are wanted, newest first; with `before`, those older than the event of that
        time and id. Every filter has an index in this order, so the work is that of the page, or at most that of
        all events of one name. Raises Unavailable where the database cannot be read."""
        at, number = audit_events.c.at, audit_events.c.id
        chosen = [
            audit_events.c[name] == value
            for name in ("actor", "subject")
            if (value := getattr(wanted, name)) is not None
        ]
        if wanted.action is not None:
            # Few events are of one name and many of one action (refusals), so beside a name its index must not be used
            action = audit_events.c.action
            chosen.append((func.coalesce(action, "") if chosen else action) == wanted.action)
        if wanted.since is not None:
            chosen.append(at >= wanted.since)
        if wanted.until is not None:
            chosen.append(at < wanted.until)
        if before is not None:
            chosen.append(and_(at <= before[0], or_(at < before[0], number < before[1])))
        query = select(audit_events).where(*chosen).order_by(at.desc(), number.desc()).limit(limit)
        try:
            with self._engine.connect() as connection:
                return [Event(**row._mapping) for row in connection.execute(query)]
        except DBAPIError as error:
            raise Unavailable("the audit cannot be read", retry_after=1) from error


def _differing(old: Any, new: Any) -> list[str]:
    return [
        each.name
        for each in fields(old)
        if each.name not in UNTOLD and getattr(old, each.name) != getattr(new, each.name)
    ]
