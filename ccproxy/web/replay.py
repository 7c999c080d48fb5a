"""A captured request sent again, to one target outright and not as a stream, as its administrator's own request.

It goes the way of every other (router, exchange, one row), is counted as usage, charged to whoever replays it, and
captured where that key asks for it; the key that sent it first is not charged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import msgspec
from flask import g, request
from msgspec import Raw

from ccproxy.errors import CCProxyError, InvalidRequest, NoProvider, NotFound
from ccproxy.gateway import journal, names
from ccproxy.gateway.access import Caller
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.call import Incoming
from ccproxy.gateway.disconnect import watch
from ccproxy.gateway.journal import Entry
from ccproxy.gateway.permission import permitted
from ccproxy.gateway.recording import OFF, Recording
from ccproxy.gateway.routing import Plan
from ccproxy.store.captures import Capture
from ccproxy.translate.parse import LONGEST_MODEL, parse
from ccproxy.web.messages import UNREAD, admitted, message_id
from ccproxy.web.schemas import moment
from ccproxy.web.services import services

_USAGE = (
    *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
    *("thinking_tokens",),
)


def plan(caller: Caller, target: str) -> Plan:
    """The plan that leads to the target and nowhere else. Raises InvalidRequest where there is none, and Forbidden."""
    parts = services()
    snapshot = parts.providers.snapshot()
    parts.health.take_in(snapshot)
    if len(target) > LONGEST_MODEL or names.outright(target, snapshot) is None:
        raise InvalidRequest(
            f"target: {target[:200]!r} is not allowed; must be provider/model; {names.known(snapshot)}"
        )
    try:
        found = parts.router.plan(Asked.named(target), snapshot)
    except (NotFound, NoProvider) as error:
        raise InvalidRequest(f"target: {error.message.removeprefix('model: ')}") from None
    return permitted(found, target, caller.key)


def run(caller: Caller, capture: Capture, target: str, plan: Plan) -> dict[str, Any]:
    """Send it and wait for the answer: `side` of what it came to, be it an error. Raises Draining."""
    parts = services()
    environ = request.environ
    with ExitStack() as ending:
        ending.callback(parts.lifecycle.leave, parts.lifecycle.enter())
        client = environ.get("gunicorn.socket")
        if client is not None:
            ending.callback(watch(client, parts.settings.request_timeout + UNREAD))
        entry = journal.begin(
            parts.record,
            request_id=g.request_id,
            caller=caller.name,
            client_ip=caller.address,
            session_id=None,  # the conversation that it was part of stays where it is
            user_agent=environ.get("HTTP_USER_AGENT"),
            cost=parts.pricing.cost,
        )
        entry.row.replay_of = capture.request_id
        try:
            message, error = answered(_answer(caller, capture, target, plan, entry))
        except CCProxyError as failure:
            message, error = answered(failure.payload or msgspec.json.encode(failure.body(g.request_id)))
    return side(entry.row.to_dict(), message, error)


def _answer(caller: Caller, capture: Capture, target: str, plan: Plan, entry: Entry) -> bytes:
    parts = services()
    with ExitStack() as ending:
        ending.enter_context(entry)
        entry.row.model = target
        asked = _asked(capture.request, target)
        if caller.key is not None and caller.key.capture != OFF:
            entry.recording = Recording(parts.captures.keep, capture.headers, asked)
            entry.recording.ask(caller.key.capture)
        parsed = parse(asked)
        entry.arrived(parsed.request, plan.route)
        incoming = Incoming(parsed, capture.headers, message_id(), g.request_id)
        admitted(caller, incoming, plan.targets[0], entry, parts.limits.knock(caller.key))
        answer = parts.exchange.answer(parts.exchange.begin(incoming, plan, entry))
        if entry.recording is not None:
            entry.recording.take(answer)
        return answer


def _asked(body: bytes, target: str) -> bytes:
    """The same request for the target, as a whole. Raises InvalidRequest where it never was one."""
    members = msgspec.json.decode(parse(body).body, type=dict[str, Raw])
    members |= {"model": Raw(msgspec.json.encode(target)), "stream": Raw(b"false")}
    return msgspec.json.encode(members)


def answered(body: bytes) -> tuple[Any, Any]:
    """The message and the error in an answer that is JSON, of which one is None; both are where it is neither."""
    try:
        document = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None, None
    match document:
        case {"type": "error", "error": dict(error)}:
            return None, error
        case dict():
            return document, None
        case _:
            return None, None


def side(row: Mapping[str, Any], message: Any, error: Any) -> dict[str, Any]:
    """One of the two requests: what its row says, and its message or its error."""
    started_at = row.get("started_at")
    return {
        "request_id": row["request_id"],
        "started_at": moment(started_at) if started_at else None,
        "provider": row.get("provider"),
        "model": row.get("upstream_model"),
        "status": row.get("status"),
        "message": message,
        "error": error,
        "stop_reason": row.get("stop_reason"),
        "usage": {name: row.get(name) for name in _USAGE} | {"estimated": row.get("usage_estimated")},
        "cost_usd": row.get("cost_usd"),
        "ttft_ms": row.get("ttft_ms"),
        "duration_ms": row.get("duration_ms"),
        "dropped": row.get("dropped"),
        "attempts": row.get("attempts"),
    }
