"""`/logs/{request_id}/capture` and `/replay`: what was kept of a request's bodies, and the same request once more.

For administrators, who read here what people have written. Thin: `gateway.recording` makes captures, `store.captures`
keeps them, `replay` sends one again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, g
from msgspec import Raw
from sqlalchemy.exc import SQLAlchemyError

from ccproxy.errors import InvalidRequest, NotFound, Unavailable
from ccproxy.store.captures import Capture
from ccproxy.store.vault import Undecryptable
from ccproxy.store.writer import is_the_database
from ccproxy.translate import transcript
from ccproxy.web import replay
from ccproxy.web.acting import acting, admins_only, calling
from ccproxy.web.bodies import read_document
from ccproxy.web.replies import as_json
from ccproxy.web.schemas import moment
from ccproxy.web.services import services

MAX_BODY = 64 * 1024
BODY_TIMEOUT = 30.0

T = TypeVar("T")

blueprint = Blueprint("captures", __name__, url_prefix="/logs")


blueprint.before_request(admins_only)


@blueprint.get("/<request_id>/capture")
def show(request_id: str) -> Response:
    """The bodies as they went over the wire; of a stream also the message that it comes to."""
    return as_json(_find(request_id, lambda capture, _: Raw(msgspec.json.encode(_shown(capture)))))


@blueprint.post("/<request_id>/replay")
def again(request_id: str) -> Response:
    """Both answers side by side; 200 also where the target could not answer, for then that is what there is to see."""
    target = _target(read_document(MAX_BODY, BODY_TIMEOUT))
    plan = replay.plan(calling(), target)
    capture, original = _find(request_id, lambda capture, row: (capture, _original(capture, row)), target)
    compared = {
        "original": original,
        "replay": replay.run(calling(), capture, target, plan),
        "target": target,
        "request_id": g.request_id,
        "truncated": capture.truncated,
    }
    return as_json(compared)


def _find(request_id: str, then: Callable[[Capture, Mapping[str, Any] | None], T], target: str | None = None) -> T:
    """What `then` makes of a capture, beside the hub; the audit knows of it. Raises NotFound, Unavailable."""
    try:
        found = services().captures.find(request_id, then, acting(), target)
    except Undecryptable:
        raise NotFound(
            f"what was captured of the request {request_id[:80]!r} is damaged, or encrypted with a secret key that is"
            " not here"
        ) from None
    except (SQLAlchemyError, sqlite3.Error) as error:
        if not is_the_database(error):
            raise
        raise Unavailable("the database cannot be read now; try again", retry_after=1) from error
    if found is None:
        raise NotFound(
            f"nothing was captured of the request {request_id[:80]!r}; bodies are kept for a few days, and only where a"
            ' key or a route says so: "capture": "errors" or "all" under /keys/NAME or /routes/NAME'
        )
    return found


def _target(document: Any) -> str:
    given = document if isinstance(document, dict) else {}
    if set(given) != {"target"} or not isinstance(given["target"], str):
        raise InvalidRequest('body: must be an object with a target and nothing else: {"target": "provider/model"}')
    return str(given["target"])


def _shown(capture: Capture) -> dict[str, Any]:
    """A capture as the API shows it: an answer that was a stream has `events`."""
    events: list[dict[str, Any]] | None = None
    answer: Any = None
    if capture.streamed:
        events = transcript.events(capture.answer)
        answer = transcript.message(events)
    elif capture.answer:
        answer = _document(capture.answer)
    return {
        "request_id": capture.request_id,
        "captured_at": moment(capture.captured_at),
        "headers": capture.headers,
        "request": _document(capture.request),
        "answer": answer,
        "events": events,
        "truncated": capture.truncated,
    }


def _original(capture: Capture, row: Mapping[str, Any] | None) -> dict[str, Any]:
    """The request as it went, from the log and the capture; the log may have lost it."""
    message: Any = None
    error: Any = None
    if capture.streamed:
        events = transcript.events(capture.answer)
        message, error = transcript.message(events), transcript.error(events)
    elif capture.answer:
        message, error = replay.answered(capture.answer)
    return replay.side({"request_id": capture.request_id, **(row or {})}, message, error)


def _document(body: bytes) -> Raw | str:
    """JSON as it is, and anything else as text."""
    text = body.decode("utf-8", "replace")
    try:
        msgspec.json.decode(text, type=Raw)
    except (ValueError, RecursionError):
        return text
    return Raw(text.encode())
