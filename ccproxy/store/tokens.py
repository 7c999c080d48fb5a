"""What of the provider table is encrypted."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from ccproxy.store.models import providers

ENCRYPTED = ("api_key", "api_keys", "headers")


class StoredToken(NamedTuple):
    """One encrypted value and where it is."""

    provider: str
    column: str
    token: str


def stored(connection: Connection) -> list[StoredToken]:
    """Every token in the database."""
    rows = connection.execute(select(providers.c.name, *(providers.c[column] for column in ENCRYPTED))).all()
    return [
        StoredToken(row.name, column, token) for row in rows for column in ENCRYPTED if (token := getattr(row, column))
    ]


def count_stored(engine: Engine) -> int:
    """How many tokens there are; none in a database that cannot be read, for instance because it has no tables."""
    try:
        with engine.connect() as connection:
            return len(stored(connection))
    except DBAPIError:
        return 0
