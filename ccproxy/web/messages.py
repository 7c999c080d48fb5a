"""POST /v1/messages and /v1/messages/count_tokens: bytes and headers in, an answer or a stream out.

The request's whole way stands in `create`, top to bottom. Everything that must end with the request, however it
ends, is on one stack: for a stream it is closed when the stream is, else when the view returns.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from flask import Blueprint, Response, g, request

from ccproxy.errors import CCProxyError
from ccproxy.gateway import journal
from ccproxy.gateway.access import Caller
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.attempts import Attempts
from ccproxy.gateway.call import Incoming
from ccproxy.gateway.disconnect import watch
from ccproxy.gateway.journal import Entry
from ccproxy.gateway.limits import Knock
from ccproxy.gateway.permission import planned
from ccproxy.gateway.recording import OFF, Recording
from ccproxy.gateway.wires import wire_of
from ccproxy.store.client_keys import Capture, ClientKey
from ccproxy.translate import losses
from ccproxy.translate.parse import parse
from ccproxy.translate.target import Target
from ccproxy.web.bodies import read_body
from ccproxy.web.services import services

BODY_TIMEOUT = 60.0
"""Seconds that a client has for sending its body."""

UNREAD = 30.0
"""Seconds beyond the request's own deadline that a client has for reading its answer."""

ATTEMPTS_LENGTH = 1024
"""Characters of a header, of all of which common reverse proxies allow 8 kB and Node 16."""

blueprint = Blueprint("messages", __name__)


@blueprint.post("/v1/messages")
def create() -> Response:
    """Answer a request of the Messages API, whole or as server-sent events."""
    parts = services()
    environ = request.environ
    caller = parts.gate.check(environ)
    record = parts.record if parts.traces is None else parts.traces.following(environ, parts.record)
    with ExitStack() as ending:
        token = parts.lifecycle.enter()
        ending.callback(parts.lifecycle.leave, token)
        entry = ending.enter_context(
            journal.begin(
                record,
                request_id=g.request_id,
                caller=caller.name,
                client_ip=caller.address,
                session_id=environ.get("HTTP_X_CLAUDE_CODE_SESSION_ID"),
                user_agent=environ.get("HTTP_USER_AGENT"),
                cost=parts.pricing.cost,
            )
        )
        knock = parts.limits.knock(caller.key)
        body = read_body(parts.settings.max_body_bytes, BODY_TIMEOUT)
        if caller.key is not None and caller.key.capture != OFF:
            _record(entry, caller.key.capture, body)
        client = environ.get("gunicorn.socket")
        if client is not None:
            ending.callback(watch(client, parts.settings.request_timeout + UNREAD))
        parsed = parse(body)
        entry.row.model = parsed.request.model
        snapshot = parts.providers.snapshot()
        parts.health.take_in(snapshot)
        asked = Asked.of(parsed, client_headers(environ), caller.name)
        plan = planned(parts.router, asked, snapshot, caller.key)
        if plan.capture != OFF:
            _record(entry, plan.capture, body)
        entry.arrived(parsed.request, plan.route)
        incoming = Incoming(parsed, anthropic_headers(environ), message_id(), g.request_id, entry.row.session_id)
        targets = parts.exchange.order(incoming, plan)
        limited = admitted(caller, incoming, targets[0], entry, knock)
        attempts = parts.exchange.begin(incoming, plan, entry, targets)
        try:
            if not parsed.request.stream:
                answer = parts.exchange.answer(attempts)
                if entry.recording is not None:
                    entry.recording.take(answer)
                return Response(answer, headers=_headers(attempts) | limited, mimetype="application/json")
            stream = parts.exchange.stream(attempts)
            if entry.recording is not None:
                stream = entry.recording.following(stream)
            ending.callback(stream.close)
            primed = Primed(stream)
            headers = _headers(attempts) | limited
            response = Response(headers=headers, mimetype="text/event-stream", direct_passthrough=True)
            response.response = primed.until(ending)  # last, for nobody would end the request if this failed behind it
            return response
        except CCProxyError as error:
            error.headers = {**_headers(attempts), **error.headers, **limited}  # an answer too: it came from there
            raise


@blueprint.post("/v1/messages/count_tokens")
def count_tokens() -> Response:
    """The input tokens of a request, counted by its provider where that is possible, else here."""
    parts = services()
    caller = parts.gate.check(request.environ)
    parts.limits.knock_beside(caller.key)
    body = read_body(parts.settings.max_body_bytes, BODY_TIMEOUT)
    parsed = parse(body, counting=True)
    target = _target(Asked.of(parsed, client_headers(request.environ), caller.name, counting=True), caller.key)
    wire = wire_of(target) if target is not None else None
    counted = parts.counter.count(parsed, anthropic_headers(request.environ), target, wire)
    return Response(counted, mimetype="application/json")


class Primed:
    """A stream whose first frame is already there, so that an early failure was raised and not sent."""

    def __init__(self, stream: Iterator[bytes]) -> None:
        self._stream = stream
        self._first: bytes | None = next(stream)
        self._ending = ExitStack()

    def until(self, ending: ExitStack) -> Primed:
        """Take over what is on `ending`, and close it with the stream."""
        self._ending = ending.pop_all()
        return self

    def __iter__(self) -> Primed:
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        try:
            return next(self._stream)
        except StopIteration:
            self._ending.close()
            raise
        except BaseException:
            self._ending.__exit__(*sys.exc_info())
            raise

    def close(self) -> None:
        """Let go of the upstream and end the request, wherever the stream stands. Called by the server, always."""
        writing = sys.exc_info()[1]  # what broke the stream off while the server was writing
        error = writing if isinstance(writing, CCProxyError) else GeneratorExit()
        self._ending.__exit__(type(error), error, None)  # nothing is left on it where the stream had ended


def _record(entry: Entry, wish: Capture, body: bytes) -> None:
    """Have the request's bodies kept: its key asks for it, or the route that it takes."""
    if entry.recording is None:
        entry.recording = Recording(services().captures.keep, anthropic_headers(request.environ), body)
    entry.recording.ask(wish)


def admitted(caller: Caller, incoming: Incoming, target: Target, entry: Entry, knock: Knock | None) -> dict[str, str]:
    """Charge the request to its key until its entry ends, which settles it; the headers that tell of the key's limits.

    It is charged as if it went to `target`. Raises RateLimited and OverBudget.
    """
    parts = services()
    admission = parts.limits.admit(
        caller.key,
        lambda: incoming.estimate(target.label),
        lambda: parts.pricing.estimate(target, incoming.estimate(target.label), 0),
        knock,
    )
    if admission is None:
        return {}
    entry.settle = admission.settle
    return admission.headers


def _target(asked: Asked, key: ClientKey | None) -> Target | None:
    """Where a request leads to; None where it leads nowhere, or where its key may not go.

    A count is not refused for that: clients take a model out of use on a 404 here.
    """
    parts = services()
    try:
        snapshot = parts.providers.snapshot()
        parts.health.take_in(snapshot)
        return planned(parts.router, asked, snapshot, key).targets[0]
    except CCProxyError:
        return None


def message_id() -> str:
    """The id of the current request's answer."""
    return "msg_" + str(g.request_id).replace("-", "")


def client_headers(environ: dict[str, Any]) -> dict[str, str]:
    """All of the client's headers, names in lower case."""
    return {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}


def anthropic_headers(environ: dict[str, Any]) -> dict[str, str]:
    """The client's headers that an upstream with the Messages API gets too."""
    return {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith(("HTTP_ANTHROPIC_", "HTTP_X_CLAUDE_CODE_")) or name == "HTTP_X_APP"
    }


def _headers(attempts: Attempts) -> dict[str, str]:
    """What the client is told of how its request was answered, beside the answer."""
    headers = {
        "Cache-Control": "no-cache",
        "X-Accel-Buffering": "no",  # nginx would hold streams back
    }
    call = attempts.call
    if call is None:
        return headers
    headers["X-Provider"] = call.target.provider
    headers["X-Model"] = _plain(call.target.model)
    if call.request.losses:
        headers["X-CCProxy-Dropped"] = losses.header(call.request.losses)
    if tried := attempts.entry.tried:
        headers["X-CCProxy-Attempts"] = _told(tried)
    return headers | call.told


def _told(tried: Sequence[tuple[str, int | None]]) -> str:
    """The attempts (see `journal.Entry.tried`) in one value of bounded length: without the first ones of very many."""
    text = ""
    for count, (label, status) in enumerate(reversed(tried)):
        one = _plain(label) if status is None else f"{_plain(label)} {status}"
        longer = f"{one}, {text}" if text else one
        if text and len(longer) > ATTEMPTS_LENGTH:
            return f"(+{len(tried) - count} more), {text}"
        text = longer
    return text


def _plain(name: str) -> str:
    """A name as a header can hold it: it may be anything, headers may not."""
    return name.encode("unicode_escape").decode()
