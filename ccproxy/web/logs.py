"""`/logs`: the requests that the log keeps, in pages, as exports, and one by one. Thin: `store.history` finds them.

An export is a stream of pages: each is read for itself, so that no transaction lasts and every other request of this
worker has its turn in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from ccproxy.errors import InvalidRequest, NotFound
from ccproxy.store import history
from ccproxy.store.history import Filters, Page, Position
from ccproxy.store.models import request_logs
from ccproxy.web import sheets
from ccproxy.web.parameters import Parameters
from ccproxy.web.reading import read
from ccproxy.web.schemas import moment
from ccproxy.web.services import Services, services

DEFAULT_ROWS = 50
MOST_ROWS = 500
MOST_EXPORTED = 100_000_000
EXPORT_ROWS = 200
"""Rows of one piece of an export: some milliseconds of work between two turns of others."""

_SAME = ("key", "provider", "model", "route", "client", "session", "error_type", "error")
ALLOWED = ("from", "to", "last", *_SAME, "status", "min_duration_ms", "limit", "cursor", "format")
COLUMNS = tuple("key" if column.name == "caller" else column.name for column in request_logs.columns)
"""The fields of a row, those of an export in their order."""

_STATUS = re.compile(r"[1-5](?:xx|[0-9]{2})", re.ASCII)
_LONGEST_MS = 7 * 86_400_000

blueprint = Blueprint("logs", __name__, url_prefix="/logs")


@blueprint.before_request
def admins_only() -> None:
    """Rows name people's sessions and addresses."""
    services().gate.require_admin(request.environ)


@blueprint.get("")
def list_some() -> Response:
    """One page, the newest first, or all of them as an export."""
    given = Parameters(request.args, ALLOWED)
    form = given.choice("format", ("json", "csv", "ndjson"), "json")
    filters = _filters(given)
    after = _position(given.text("cursor"))
    parts = services()
    if form != "json":
        return _export(parts, form, filters, after, given.whole("limit", 1, MOST_EXPORTED))
    limit = given.whole("limit", 1, MOST_ROWS) or DEFAULT_ROWS
    page = _page(parts, filters, limit, after)
    following = page.next.encode() if page.next else None
    return _json({"data": [shown(row) for row in page.rows], "next": following})


@blueprint.get("/<request_id>")
def show(request_id: str) -> Response:
    """One request, with its attempts."""
    found = read(services(), lambda connection: history.find(connection, request_id))
    if found is None:
        raise NotFound(
            f"the log has no request {request_id[:80]!r}; it is written within a second of a request's end, and kept"
            " as long as CCPROXY_LOG_DAYS says"
        )
    row, captured = found
    return _json(shown(row) | {"captured": captured})


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the API shows it."""
    named = {name: row["caller" if name == "key" else name] for name in COLUMNS}
    return named | {"started_at": moment(row["started_at"]), "attempts_count": len(row["attempts"])}


def _filters(given: Parameters) -> Filters:
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


def _statuses(given: str | None) -> tuple[tuple[int, int] | None, bool | None]:
    if given is None:
        return None, None
    if given == "error":
        return None, True
    if not _STATUS.fullmatch(given):
        raise InvalidRequest("status: must be a status such as 503, a family such as 5xx, or error for all failures")
    lowest = int(given.replace("x", "0"))
    return (lowest, lowest + (99 if given.endswith("xx") else 0)), None


def _position(given: str | None) -> Position | None:
    try:
        return None if given is None else Position.decode(given)
    except ValueError:
        raise InvalidRequest("cursor: must be the `next` of an earlier page") from None


def _page(parts: Services, filters: Filters, limit: int, after: Position | None) -> Page:
    return read(parts, lambda connection: history.page(connection, filters, limit, after))


def _export(parts: Services, form: str, filters: Filters, after: Position | None, limit: int | None) -> Response:
    # The first piece before the answer begins: what goes wrong by then still has a status
    size = min(EXPORT_ROWS, limit or EXPORT_ROWS)
    first = _page(parts, filters, size, after)
    kind = sheets.MIMETYPE if form == "csv" else "application/x-ndjson"
    response = Response(_pieces(parts, form, filters, first, limit), mimetype=kind)
    response.headers["Content-Disposition"] = f"attachment; filename=logs.{form}"
    response.headers["Cache-Control"] = "no-store"
    return response


def _pieces(parts: Services, form: str, filters: Filters, page: Page, limit: int | None) -> Iterator[bytes]:
    if form == "csv":
        yield sheets.lines([COLUMNS])
    left = MOST_EXPORTED if limit is None else limit
    while True:
        if page.rows:  # an empty piece would be the end of the answer
            yield _piece(form, page)
        left -= len(page.rows)
        if page.next is None or left <= 0:
            return
        page = _page(parts, filters, min(EXPORT_ROWS, left), page.next)


def _piece(form: str, page: Page) -> bytes:
    rows = [shown(row) for row in page.rows]
    if form == "ndjson":
        return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    return sheets.lines([_plain(name, row[name]) for name in COLUMNS] for row in rows)


def _plain(name: str, value: Any) -> Any:
    """A list as one cell: for each attempt whom it asked and what came."""
    match name:
        case "attempts":
            return ", ".join(f"{one.get('provider')}/{one.get('model')} {one.get('status')}" for one in value)
        case "dropped":
            return ", ".join(value)
        case _:
            return value


def _json(value: Any) -> Response:
    response = Response(msgspec.json.encode(value), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
