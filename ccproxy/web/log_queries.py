"""What may be asked of the request log in a query string, and how its rows are shown. `logs` answers it over HTTP, and
the command line without a running proxy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from ccproxy.errors import InvalidRequest, NotFound
from ccproxy.store import history
from ccproxy.store.history import Filters, Position
from ccproxy.store.models import request_logs
from ccproxy.web.parameters import Parameters
from ccproxy.web.schemas import moment

T = TypeVar("T")
Read = Callable[[Callable[[Connection], T]], T]
"""Runs a question on a connection."""

DEFAULT_ROWS = 50
MOST_ROWS = 500

FILTERS = ("from", "to", "last", "key", "provider", "model", "route", "client", "session", "status", "error_type")
ALLOWED = (*FILTERS, "min_duration_ms", "error", "limit", "cursor", "after", "format")
COLUMNS = tuple("key" if column.name == "caller" else column.name for column in request_logs.columns)
"""The fields of a row, those of an export in their order."""

_SAME = ("key", "provider", "model", "route", "client", "session", "error_type", "error")
_STATUS = re.compile(r"[1-5](?:xx|[0-9]{2})", re.ASCII)
_LONGEST_MS = 7 * 86_400_000
_MOST = 2**53


def page(read: Read[Any], query: MultiDict[str, str]) -> dict[str, Any]:
    """`{data, next, newest}`: one page, the newest first; with `after`, what was written since, in its order.

    Raises InvalidRequest for what cannot be asked.
    """
    given = Parameters(query, ALLOWED)
    asked, after, number = filters(given), position(given), given.whole("after", 0, _MOST)
    limit = given.whole("limit", 1, MOST_ROWS) or DEFAULT_ROWS
    if number is not None:
        if after is not None:
            raise InvalidRequest("after: cannot be given beside cursor")
        rows, newest = read(lambda connection: history.newer(connection, asked, number, limit))
        return {"data": [shown(row) for row in rows], "next": None, "newest": newest}
    found, newest = read(lambda connection: (history.page(connection, asked, limit, after), history.newest(connection)))
    return {
        "data": [shown(row) for row in found.rows],
        "next": found.next.encode() if found.next else None,
        "newest": newest,
    }


def one(read: Read[Any], request_id: str) -> dict[str, Any]:
    """One request's row, and whether its bodies were captured. Raises NotFound."""
    found = read(lambda connection: history.find(connection, request_id))
    if found is None:
        raise NotFound(
            f"the log has no request {request_id[:80]!r}; it is written within a second of a request's end, and kept"
            " as long as CCPROXY_LOG_DAYS says"
        )
    row, captured = found
    return shown(row) | {"captured": captured}


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the API shows it."""
    named = {name: row["caller" if name == "key" else name] for name in COLUMNS}
    return named | {"started_at": moment(row["started_at"]), "attempts_count": len(row["attempts"])}


def filters(given: Parameters) -> Filters:
    """Which requests are meant."""
    since, until = given.span(datetime.now(UTC))
    statuses, failed = _statuses(given.text("status"))
    return Filters(
        since=since,
        until=until,
        statuses=statuses,
        failed=failed,
        min_duration_ms=given.whole("min_duration_ms", 0, _LONGEST_MS),
        **{name: given.text(name) for name in _SAME},
    )


def position(given: Parameters) -> Position | None:
    """Where an earlier page ended."""
    cursor = given.text("cursor")
    try:
        return None if cursor is None else Position.decode(cursor)
    except ValueError:
        raise InvalidRequest("cursor: must be the `next` of an earlier page") from None


def _statuses(given: str | None) -> tuple[tuple[int, int] | None, bool | None]:
    if given is None:
        return None, None
    if given == "error":
        return None, True
    if not _STATUS.fullmatch(given):
        raise InvalidRequest("status: must be a status such as 503, a family such as 5xx, or error for all failures")
    lowest = int(given.replace("x", "0"))
    return (lowest, lowest + (99 if given.endswith("xx") else 0)), None
