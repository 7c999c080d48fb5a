"""POST /v1/messages and /v1/messages/count_tokens: bytes and headers in, an answer or a stream out.

The request's whole way stands in `create`, top to bottom. Everything that must end with the request, however it
ends, is on one stack: for a stream it is closed when the stream is, else when the view returns.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from flask import Blueprint, Response, g, request

from ccproxy.errors import CCProxyError
from ccproxy.gateway import journal
from ccproxy.gateway.disconnect import watch
from ccproxy.gateway.exchange import Call
from ccproxy.gateway.routing import Plan
from ccproxy.translate import losses
from ccproxy.translate.parse import parse
from ccproxy.web.bodies import read_body
from ccproxy.web.services import services

BODY_TIMEOUT = 60.0
"""Seconds that a client has for sending its body."""

UNREAD = 30.0
"""Seconds beyond the request's own deadline that a client has for reading its answer."""

blueprint = Blueprint("messages", __name__)


@blueprint.post("/v1/messages")
def create() -> Response:
    """Answer a request of the Messages API, whole or as server-sent events."""
    parts = services()
    environ = request.environ
    caller = parts.gate.check(environ)
    with ExitStack() as ending:
        token = parts.lifecycle.enter()
        ending.callback(parts.lifecycle.leave, token)
        entry = ending.enter_context(
            journal.begin(
                parts.logbook.record,
                request_id=g.request_id,
                caller=caller.name,
                client_ip=caller.address,
                session_id=environ.get("HTTP_X_CLAUDE_CODE_SESSION_ID"),
                user_agent=environ.get("HTTP_USER_AGENT"),
            )
        )
        body = read_body(parts.settings.max_body_bytes, BODY_TIMEOUT)
        client = environ.get("gunicorn.socket")
        if client is not None:
            ending.callback(watch(client, parts.settings.request_timeout + UNREAD))
        parsed = parse(body)
        entry.row.model = parsed.request.model
        plan = parts.router.plan(parsed.request.model, parts.providers.snapshot())
        call = parts.exchange.prepare(parsed, anthropic_headers(environ), plan, _message_id(), g.request_id)
        entry.arrived(parsed.request, call.target, plan.route, call.request.losses)
        headers = _headers(call)
        try:
            if parsed.request.stream:
                response = Response(headers=headers, mimetype="text/event-stream", direct_passthrough=True)
                # Last, because nobody would end the request if something failed behind it.
                response.response = Primed(parts.exchange.stream(call, entry), ending)
                response.headers.update(call.told)
                return response
            response = Response(parts.exchange.answer(call, entry), headers=headers, mimetype="application/json")
            response.headers.update(call.told)
            return response
        except CCProxyError as error:
            error.headers = {**headers, **error.headers}  # an answer too: it came from there
            raise


@blueprint.post("/v1/messages/count_tokens")
def count_tokens() -> Response:
    """The input tokens of a request, counted by its provider where that is possible, else here."""
    parts = services()
    parts.gate.check(request.environ)
    body = read_body(parts.settings.max_body_bytes, BODY_TIMEOUT)
    parsed = parse(body, counting=True)
    counted = parts.exchange.count(parsed, anthropic_headers(request.environ), _plan(parsed.request.model))
    return Response(counted, mimetype="application/json")


class Primed:
    """A stream whose first frame is already there, so that an early failure was raised and not sent.

    Takes over what is on `ending` once that has succeeded, and closes it with the stream.
    """

    def __init__(self, stream: Iterator[bytes], ending: ExitStack) -> None:
        self._stream: Any = stream
        self._first: bytes | None = next(stream)
        self._ending = ending.pop_all()

    def __iter__(self) -> Primed:
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        try:
            return next(self._stream)  # type: ignore[no-any-return]
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
        try:
            self._stream.close()
        finally:
            self._ending.__exit__(type(error), error, None)  # nothing is left on it where the stream had ended


def _plan(asked: str) -> Plan | None:
    """Where a model's name leads to; None where it leads nowhere.

    A count is not refused for that: clients take a model out of use on a 404 here.
    """
    parts = services()
    try:
        return parts.router.plan(asked, parts.providers.snapshot())
    except CCProxyError:
        return None


def _message_id() -> str:
    return "msg_" + str(g.request_id).replace("-", "")


def anthropic_headers(environ: dict[str, Any]) -> dict[str, str]:
    """The client's headers that an upstream with the Messages API gets too."""
    return {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith(("HTTP_ANTHROPIC_", "HTTP_X_CLAUDE_CODE_")) or name == "HTTP_X_APP"
    }


def _headers(call: Call) -> dict[str, str]:
    headers = {
        "X-Provider": call.target.provider,
        "X-Model": call.target.model.encode("unicode_escape").decode(),  # may hold anything, headers may not
        "Cache-Control": "no-cache",
        "X-Accel-Buffering": "no",  # nginx would hold streams back
    }
    if call.request.losses:
        headers["X-CCProxy-Dropped"] = losses.header(call.request.losses)
    return headers
