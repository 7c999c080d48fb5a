"""What administrators say that models cost.

What applies to a model where several do, or none, is the gateway's. Requests see prices in the snapshot that
`store.providers` holds, so every write here moves the same version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from ccproxy.errors import NotFound, Unavailable
from ccproxy.store import audit, version
from ccproxy.store.audit import SYSTEM, Actor
from ccproxy.store.models import prices
from ccproxy.store.report import Report, to_logging
from ccproxy.store.writer import T, Writer

EVERY = "*"
"""In place of a provider's name: all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidPrice:
    """USD per million tokens of the models of a provider (EVERY: of all) that fit a glob.

    `cache_read` and `cache_write` are None where they cost what input does.
    """

    id: int
    provider: str
    model: str
    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    created_at: datetime
    updated_at: datetime


class Prices:
    """The table of prices. Writes happen in a thread of their own.

    They raise Unavailable when another process holds the database for too long, and are told to the audit.
    """

    def __init__(self, engine: Engine, report: Report = to_logging) -> None:
        self._report = report
        self._writer = Writer(engine)

    def save(self, fields: Mapping[str, Any], actor: Actor = SYSTEM) -> tuple[SaidPrice, bool]:
        """Say the price of `fields["provider"]` and `fields["model"]`, in place of what was said; whether it is new.

        Fields are those of SaidPrice without its id and times; prices that are left out are None.
        """
        which = (prices.c.provider == fields["provider"], prices.c.model == fields["model"])
        said = {"cache_read": None, "cache_write": None, **fields}

        def work(connection: Connection) -> tuple[SaidPrice, bool]:
            now = datetime.now(UTC)
            was = connection.execute(select(prices).where(*which)).one_or_none()
            if was is None:
                connection.execute(insert(prices).values({**said, "created_at": now, "updated_at": now}))
            else:
                connection.execute(update(prices).where(*which).values({**said, "updated_at": now}))
            version.bump(connection)
            price = _price(connection.execute(select(prices).where(*which)).one())
            if was is None:
                audit.record(connection, actor, "price.create", _subject(price), after=_told(price))
            elif _told(_price(was)) != _told(price):
                before = _told(_price(was))
                audit.record(connection, actor, "price.change", _subject(price), before=before, after=_told(price))
            return price, was is None

        try:
            return self._write(work)
        except IntegrityError:  # another database than SQLite lets two inserts race; by now the other has won
            return self._write(work)

    def delete(self, number: int, actor: Actor = SYSTEM) -> SaidPrice:
        """Take a price back, and return it. Raises NotFound."""

        def work(connection: Connection) -> SaidPrice:
            row = connection.execute(select(prices).where(prices.c.id == number)).one_or_none()
            if row is None:
                raise NotFound(f"there is no price {number}")
            connection.execute(delete(prices).where(prices.c.id == number))
            version.bump(connection)
            price = _price(row)
            audit.record(connection, actor, "price.delete", _subject(price), before=_told(price))
            return price

        return self._write(work)

    def close(self) -> None:
        """Give back the thread; it comes again when it is needed."""
        self._writer.close()

    def _write(self, work: Callable[[Connection], T]) -> T:
        try:
            return self._writer.run(work)
        except OperationalError as error:
            self._report("prices cannot be written", error=str(error.orig))
            raise Unavailable("the database of prices is busy or cannot be written", retry_after=1) from error


def all_prices(connection: Connection) -> tuple[SaidPrice, ...]:
    """All of them, in the order of their creation."""
    return tuple(_price(row) for row in connection.execute(select(prices).order_by(prices.c.id)))


def _price(row: Row[Any]) -> SaidPrice:
    return SaidPrice(**row._mapping)


def _subject(price: SaidPrice) -> str:
    return f"{price.provider}/{price.model}"


def _told(price: SaidPrice) -> dict[str, float | None]:
    """What the audit says of a price."""
    return {name: getattr(price, name) for name in ("input", "output", "cache_read", "cache_write")}
