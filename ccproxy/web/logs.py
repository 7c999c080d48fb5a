"""`/logs`: the requests that the log keeps, in pages, as exports, and one by one. Thin: `store.history` finds them.

An export is a stream of pages: each is read for itself, so that no transaction lasts and every other request of this
worker has its turn in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from ccproxy.errors import InvalidRequest
from ccproxy.store import history
from ccproxy.store.history import Filters, Page, Position
from ccproxy.web import log_queries, sheets
from ccproxy.web.acting import admins_only
from ccproxy.web.log_queries import COLUMNS, shown
from ccproxy.web.parameters import Parameters
from ccproxy.web.reading import read
from ccproxy.web.replies import as_json
from ccproxy.web.services import Services, services

MOST_EXPORTED = 100_000_000
EXPORT_ROWS = 200
"""Rows of one piece of an export: some milliseconds of work between two turns of others."""

blueprint = Blueprint("logs", __name__, url_prefix="/logs")


blueprint.before_request(admins_only)  # rows name people's sessions and addresses


@blueprint.get("")
def list_some() -> Response:
    """One page, the newest first, or all of them as an export."""
    given = Parameters(request.args, log_queries.ALLOWED)
    form = given.choice("format", ("json", "csv", "ndjson"), "json")
    if form == "json":
        return as_json(log_queries.page(partial(read, services()), request.args))
    if given.text("after") is not None:
        raise InvalidRequest("after: cannot be exported")
    asked, after = log_queries.filters(given), log_queries.position(given)
    return _export(services(), form, asked, after, given.whole("limit", 1, MOST_EXPORTED))


@blueprint.get("/<request_id>")
def show(request_id: str) -> Response:
    """One request, with its attempts."""
    return as_json(log_queries.one(partial(read, services()), request_id))


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
