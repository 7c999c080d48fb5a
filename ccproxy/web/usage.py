"""`/usage`: what requests came to, as JSON or CSV. Thin: `store.usage` adds up.

Administrators see everything; everybody else their own key's requests, whatever they ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from ccproxy.errors import Forbidden, InvalidRequest
from ccproxy.gateway.access import ADMIN, Caller
from ccproxy.store import usage
from ccproxy.store.rollups import DIMENSIONS
from ccproxy.web import sheets
from ccproxy.web.parameters import Parameters
from ccproxy.web.reading import read
from ccproxy.web.schemas import moment
from ccproxy.web.services import services

DEFAULT_SPAN = timedelta(days=30)
DEFAULT_SPANS = {"minute": timedelta(hours=1), "hour": timedelta(days=7)}
"""Minute by minute and hour by hour: whatever else it is grouped by, one answer may go as far back."""
ALLOWED = ("group_by", "from", "to", "last", "precision", *DIMENSIONS, "format")

blueprint = Blueprint("usage", __name__)


@blueprint.get("/usage")
def show() -> Response:
    """The sums of each group, and of all together."""
    parts = services()
    caller = parts.gate.check(request.environ)
    given = Parameters(request.args, ALLOWED)
    form = given.choice("format", ("json", "csv"), "json")
    now = datetime.now(UTC)
    question = _question(given, caller, now)
    if question.minutely and question.since < now - timedelta(days=parts.settings.log_days):
        raise InvalidRequest("group_by: minutes are told from the log, which is kept as long as CCPROXY_LOG_DAYS says")
    # Thousands of rows are written beside the hub too
    body = read(parts, lambda connection: _written(usage.ask(connection, question, now), question.by, form))
    response = Response(body, mimetype=sheets.MIMETYPE if form == "csv" else "application/json")
    response.headers["Cache-Control"] = "no-store"
    if form == "csv":
        response.headers["Content-Disposition"] = "attachment; filename=usage.csv"
    return response


def _written(answer: usage.Answer, by: tuple[str, ...], form: str) -> bytes:
    rows = [_row(row, by) for row in answer.rows]
    if form == "csv":
        heading = [*by, *answer.totals]
        return sheets.lines([heading, *([row[name] for name in heading] for row in rows)])
    span = {"from": moment(answer.since), "to": moment(answer.until)}
    return msgspec.json.encode({**span, "group_by": by, "data": rows, "totals": answer.totals})


def _question(given: Parameters, caller: Caller, now: datetime) -> usage.Question:
    by = given.choices("group_by", usage.GROUPS)
    periods = [name for name in usage.PERIODS if name in by]
    if len(periods) > 1:
        raise InvalidRequest(f"group_by: must have one of {', '.join(usage.PERIODS)} at most")
    fine = given.choice("precision", ("hour", "minute"), "hour") == "minute"
    if fine and periods not in ([], ["minute"]):
        raise InvalidRequest("precision: must be hour where hours or days are told")
    since, until = given.span(now)
    until = until or now
    since = since or until - DEFAULT_SPANS.get("minute" if fine else "".join(periods), DEFAULT_SPAN)
    if since >= until:
        raise InvalidRequest("from: must be before now")
    where = {name: value for name in DIMENSIONS if (value := given.text(name)) is not None}
    if caller.role != ADMIN:
        if where.get("key", caller.name) != caller.name:
            raise Forbidden("key: only an administrator may see what other keys have used")
        where["key"] = caller.name
    return usage.Question(since=since, until=until, by=by, where=where, fine=fine)


def _row(row: Mapping[str, Any], by: tuple[str, ...]) -> dict[str, Any]:
    times = {name: moment(row[name]) for name in by if name in usage.PERIODS}
    return {**row, **times}
