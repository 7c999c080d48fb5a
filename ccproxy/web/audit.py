"""`/audit`: what was changed and who was refused, for administrators, newest first. Nothing here changes anything."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from ccproxy.errors import InvalidRequest
from ccproxy.store.audit import Event, Wanted
from ccproxy.web.acting import admins_only
from ccproxy.web.fields import Moment, as_moment
from ccproxy.web.schemas import moment
from ccproxy.web.services import services

LIMIT = 50
LARGEST_LIMIT = 500
LONGEST_NAME = 200
PARAMETERS = ("from", "to", "actor", "action", "subject", "limit", "cursor")

_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBER = re.compile(r"[0-9]{1,4}")
_CURSOR = re.compile(r"([0-9]{1,17})-([0-9]{1,18})")

blueprint = Blueprint("audit", __name__, url_prefix="/audit")
blueprint.before_request(admins_only)


@blueprint.get("")
def list_page() -> Response:
    """One page; `next` leads to the one after it, null on the last."""
    if unknown := sorted(request.args.keys() - set(PARAMETERS)):
        raise InvalidRequest(f"{unknown[0][:80]}: is not a parameter; there is {', '.join(PARAMETERS)}")
    wanted = Wanted(
        since=_moment("from"),
        until=_moment("to"),
        actor=_name("actor"),
        action=_name("action"),
        subject=_name("subject"),
    )
    limit = _limit()
    found = services().audit.page(wanted, limit + 1, _cursor())
    page = found[:limit]
    body = {"data": [show_event(event) for event in page], "next": _after(page[-1]) if len(found) > limit else None}
    return Response(msgspec.json.encode(body), mimetype="application/json")


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


def _name(parameter: str) -> str | None:
    given = request.args.get(parameter) or None
    if given is not None and len(given) > LONGEST_NAME:
        raise InvalidRequest(f"{parameter}: must not be longer than {LONGEST_NAME} characters")
    return given


def _limit() -> int:
    given = request.args.get("limit") or str(LIMIT)
    limit = int(given) if _NUMBER.fullmatch(given) else 0
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidRequest(f"limit: must be a whole number from 1 to {LARGEST_LIMIT}")
    return limit


def _moment(parameter: str) -> datetime | None:
    given = request.args.get(parameter)
    if not given:
        return None
    found = as_moment(given)
    if found is None:
        raise InvalidRequest(f"{parameter}: {Moment.FORM}, its beginning in UTC")
    return found


def _cursor() -> tuple[datetime, int] | None:
    """The time and id of the last event of the page before. Times have more digits there than JSON shows."""
    given = request.args.get("cursor")
    if not given:
        return None
    found = _CURSOR.fullmatch(given)
    if found is None:
        raise InvalidRequest("cursor: must be the `next` of a page")
    return _EPOCH + int(found[1]) * _MICROSECOND, int(found[2])


def _after(event: Event) -> str:
    return f"{(event.at - _EPOCH) // _MICROSECOND}-{event.id}"
