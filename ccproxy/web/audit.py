"""`/audit`: what was changed and who was refused, for administrators, newest first. Nothing here changes anything."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request

from ccproxy.errors import InvalidRequest
from ccproxy.store.audit import Event, Wanted
from ccproxy.web.acting import admins_only
from ccproxy.web.parameters import Parameters
from ccproxy.web.replies import as_json
from ccproxy.web.schemas import moment
from ccproxy.web.services import services

LIMIT = 50
LARGEST_LIMIT = 500
LONGEST_NAME = 200
PARAMETERS = ("from", "to", "last", "actor", "action", "subject", "limit", "cursor")

_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)
_CURSOR = re.compile(r"([0-9]{1,17})-([0-9]{1,18})")

blueprint = Blueprint("audit", __name__, url_prefix="/audit")
blueprint.before_request(admins_only)


@blueprint.get("")
def list_page() -> Response:
    """One page; `next` leads to the one after it, null on the last."""
    given = Parameters(request.args, PARAMETERS)
    since, until = given.span(datetime.now(UTC))
    wanted = Wanted(
        since=since,
        until=until,
        actor=given.text("actor", LONGEST_NAME),
        action=given.text("action", LONGEST_NAME),
        subject=given.text("subject", LONGEST_NAME),
    )
    limit = given.whole("limit", 1, LARGEST_LIMIT) or LIMIT
    found = services().audit.page(wanted, limit + 1, _cursor(given.text("cursor")))
    page = found[:limit]
    body = {"data": [show_event(event) for event in page], "next": _after(page[-1]) if len(found) > limit else None}
    return as_json(body)


def show_event(event: Event) -> dict[str, Any]:
    """An event as the API shows it."""
    return {
        "id": event.id,
        "at": moment(event.at),
        "actor": event.actor,
        "address": event.address,
        "action": event.action,
        "subject": event.subject,
        "before": event.before,
        "after": event.after,
        "detail": event.detail,
    }


def _cursor(given: str | None) -> tuple[datetime, int] | None:
    """The time and id of the last event of the page before. Times have more digits there than JSON shows."""
    if given is None:
        return None
    found = _CURSOR.fullmatch(given)
    if found is None:
        raise InvalidRequest("cursor: must be the `next` of a page")
    return _EPOCH + int(found[1]) * _MICROSECOND, int(found[2])


def _after(event: Event) -> str:
    return f"{(event.at - _EPOCH) // _MICROSECOND}-{event.id}"
