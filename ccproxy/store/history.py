"""The requests that the log keeps, page by page, the newest first.

A page costs the same however long the log is and whatever it is filtered by. One index leads (`_lead`), in the order of
time, and at most SCANNED of its entries are looked at: a page that ends there may hold fewer rows than were asked for,
and its `next` goes on behind them. SQLite keeps no statistics here and would choose between indexes by guess, so it is
told which; where that cannot be used the question fails, rather than reading the whole log.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    TextClause,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
)

from ccproxy.store.models import captures, request_logs

SCANNED = 10_000
"""Rows that are looked at for one page: some 30 ms where hardly any of them is wanted."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_POSITION = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})", re.ASCII)
# Columns without their table, for the table is written with its index
_C = {column.name: literal_column(column.name, column.type) for column in request_logs.columns}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which requests: all that is said must hold, None says nothing.

    `since` and `until` are when a request began, aware; `until` is not in it. `model` is the provider's name of it or
    the client's. `statuses` are the first and the last one; `failed` is whether something went wrong at all, in any
    way. `error` is a piece of the error's words, in any case.
    """

    since: datetime | None = None
    until: datetime | None = None
    key: str | None = None
    provider: str | None = None
    model: str | None = None
    route: str | None = None
    client: str | None = None
    session: str | None = None
    statuses: tuple[int, int] | None = None
    failed: bool | None = None
    error_type: str | None = None
    min_duration_ms: float | None = None
    error: str | None = None

    @property
    def of_failures(self) -> bool:
        """Whether only failures can fit."""
        of_status = self.statuses is not None and not self.statuses[0] <= 200 <= self.statuses[1]
        return bool(self.failed or of_status or self.error_type is not None or self.error is not None)


@dataclass(frozen=True, slots=True)
class Position:
    """A row's place in the order of time; rows that began in one moment are in the order of their numbers."""

    at: datetime
    number: int

    def encode(self) -> str:
        """As text that says nothing to whoever holds it."""
        plain = f"{(self.at - _EPOCH) // _MICROSECOND}.{self.number}"
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, given: str) -> Position:
        """The position that `encode` wrote. Raises ValueError for anything else."""
        plain = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
        found = _POSITION.fullmatch(plain.decode("ascii"))
        if found is None:
            raise ValueError("not a position")
        try:
            return cls(_EPOCH + int(found[1]) * _MICROSECOND, int(found[2]))
        except OverflowError:
            raise ValueError("not a position") from None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows by column name, the newest first; `next` is behind what was looked at, None where nothing is left."""

    rows: list[Mapping[str, Any]]
    next: Position | None


def page(connection: Connection, filters: Filters, limit: int, after: Position | None = None) -> Page:
    """At most `limit` rows that began before the position, all in one snapshot of the database."""
    sqlite = connection.dialect.name == "sqlite"
    index, lead = _lead(filters)
    source = text(f"request_logs INDEXED BY {index}" if sqlite else "request_logs")
    begun = [lead, *_upper(after, filters)]
    places = _ordered(select(_C["started_at"], _C["id"]), source, [*begun, *_lower(None, filters)])
    end = connection.execute(places.offset(SCANNED - 1).limit(1)).first()
    last = None if end is None else Position(*end)
    reach = [*begun, *_lower(last, filters), *_conditions(filters)]
    query = _ordered(select(*_C.values()), source, reach).limit(limit)
    rows: list[Mapping[str, Any]] = [dict(row) for row in connection.execute(query).mappings()]
    if len(rows) == limit:
        last = Position(rows[-1]["started_at"], rows[-1]["id"])
    return Page(rows, last)


def newest(connection: Connection) -> int:
    """The number of the row that was written last; 0 where there is none."""
    return connection.execute(select(func.max(request_logs.c.id))).scalar() or 0


def newer(connection: Connection, filters: Filters, number: int, limit: int) -> tuple[list[Mapping[str, Any]], int]:
    """At most `limit` rows that were written after that one, in this order, and the number of the last looked at.

    A request is written when it has ended, so one that took long comes late. Where several workers write at once
    (PostgreSQL), a number may come after a higher one: whoever follows looks back a little.
    """
    last = min(newest(connection), number + SCANNED)
    source = text("request_logs NOT INDEXED" if connection.dialect.name == "sqlite" else "request_logs")
    wanted = [*_lower(None, filters), *_upper(None, filters), *_conditions(filters)]
    query = select(*_C.values()).select_from(source).where(_C["id"] > number, _C["id"] <= last, *wanted)
    found = connection.execute(query.order_by(_C["id"]).limit(limit)).mappings()
    rows: list[Mapping[str, Any]] = [dict(row) for row in found]
    return rows, rows[-1]["id"] if len(rows) == limit else last


def find(connection: Connection, request_id: str) -> tuple[Mapping[str, Any], bool] | None:
    """One request's row, and whether its bodies were captured; None where the log has no such request."""
    query = select(request_logs).where(request_logs.c.request_id == request_id).order_by(request_logs.c.id.desc())
    row = connection.execute(query.limit(1)).mappings().first()
    if row is None:
        return None
    captured = connection.execute(select(captures.c.request_id).where(captures.c.request_id == request_id)).first()
    return dict(row), captured is not None


def _lead(filters: Filters) -> tuple[str, ColumnElement[bool]]:
    """The index that finds the fewest rows to look at, and its condition."""
    if filters.session is not None:
        return "ix_request_logs_session_id_started_at", _C["session_id"] == filters.session
    if filters.of_failures:
        return "ix_request_logs_failed", _C["error_type"].is_not(None)
    if filters.key is not None:
        return "ix_request_logs_caller_started_at", _C["caller"] == filters.key
    if filters.provider is not None:
        return "ix_request_logs_provider_started_at", _C["provider"] == filters.provider
    return "ix_request_logs_started_at", true()


def _ordered(query: Select[Any], source: TextClause, conditions: list[ColumnElement[bool]]) -> Select[Any]:
    return query.select_from(source).where(*conditions).order_by(_C["started_at"].desc(), _C["id"].desc())


# Of two bounds on one side SQLite takes any to search by, and reads all that lies between; so there is only one.


def _upper(after: Position | None, filters: Filters) -> Iterator[ColumnElement[bool]]:
    """Rows behind the position, or before `until`. There is always an end, so that it is a search in the index."""
    at, number = _C["started_at"], _C["id"]
    if after is not None and (filters.until is None or after.at < filters.until):
        yield at <= after.at
        yield or_(at < after.at, number < after.number)
    else:
        yield at < (filters.until or datetime.max.replace(tzinfo=UTC))


def _lower(last: Position | None, filters: Filters) -> Iterator[ColumnElement[bool]]:
    """Rows up to the last one that may be looked at, or from `since` on."""
    at, number = _C["started_at"], _C["id"]
    if last is not None:
        yield at >= last.at
        yield or_(at > last.at, number >= last.number)
    elif filters.since is not None:
        yield at >= filters.since


def _conditions(filters: Filters) -> Iterator[ColumnElement[bool]]:
    """What the index of failures can tell by itself, then the rest as one: each further condition has SQLite expect
    fewer rows, until it would rather sort them all than read them in order.
    """
    for name, value in (("caller", filters.key), ("provider", filters.provider), ("error_type", filters.error_type)):
        if value is not None:
            yield _C[name] == value
    if filters.statuses is not None:
        yield _C["status"].between(*filters.statuses)
    if filters.failed is not None:
        yield _C["error_type"].is_not(None) if filters.failed else _C["error_type"].is_(None)
    rest = [*_others(filters)]
    if rest:
        yield case((and_(*rest), 1), else_=0) == 1


def _others(filters: Filters) -> Iterator[ColumnElement[bool]]:
    for name, value in (("session_id", filters.session), ("route", filters.route), ("client", filters.client)):
        if value is not None:
            yield _C[name] == value
    if filters.model is not None:
        yield or_(_C["upstream_model"] == filters.model, _C["model"] == filters.model)
    if filters.min_duration_ms is not None:
        yield _C["duration_ms"] >= filters.min_duration_ms
    if filters.error is not None:
        yield _C["error"].icontains(filters.error, autoescape=True)
