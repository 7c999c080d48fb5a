"""Questions to the database that take a thread of their own, and what a client hears where it does not answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ccproxy.errors import Unavailable
from ccproxy.store.writer import is_the_database
from ccproxy.web.services import Services

T = TypeVar("T")


def read(parts: Services, work: Callable[[Connection], T]) -> T:
    """What `work` makes of one snapshot of the database. Raises Unavailable where that cannot be read now."""
    try:
        return parts.reader.run(work)
    except (SQLAlchemyError, sqlite3.Error) as error:
        if not is_the_database(error):
            raise
        raise Unavailable("the database cannot be read now; try again", retry_after=1) from error
