"""/v1/messages/batches and /v1/files: handed on to a provider that has them, bytes and headers as they come.

Only who may ask, how large a body may be and whom it goes to is decided here. Nothing of it is in the log's rows: these
requests have no answer of a model. A drain waits for them as for all others.
"""

from __future__ import annotations

import re
from contextlib import ExitStack

from flask import Blueprint, Response, request

from ccproxy.errors import Forbidden, NotFound
from ccproxy.gateway.access import ADMIN
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.disconnect import watch
from ccproxy.gateway.limits import is_budgeted
from ccproxy.gateway.passthrough import Handed, What, having, leading
from ccproxy.gateway.permission import planned
from ccproxy.store.client_keys import ClientKey
from ccproxy.translate.target import Target
from ccproxy.translate.wire.anthropic import batch
from ccproxy.translate.wire.anthropic.request import VERSION
from ccproxy.web.bodies import read_body
from ccproxy.web.messages import BODY_TIMEOUT, UNREAD, anthropic_headers
from ccproxy.web.services import services

UPLOAD_TIMEOUT = 600.0
"""Seconds that a client has for sending a file."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_TOLD = ("content-type", "content-disposition", "content-length", "etag", "last-modified", "retry-after")
"""The provider's headers that the client gets; the others are between it and us."""

blueprint = Blueprint("passthrough", __name__)


@blueprint.get("/v1/messages/batches")
@blueprint.get("/v1/messages/batches/<id>")
@blueprint.delete("/v1/messages/batches/<id>")
@blueprint.post("/v1/messages/batches/<id>/<any(cancel):action>")
@blueprint.get("/v1/messages/batches/<id>/<any(results):action>")
def batches(id: str = "", action: str = "") -> Response:
    """The batches of a provider, one of them, or what is done with it."""
    return _handed("batches", id, action)


@blueprint.post("/v1/messages/batches")
def create_batch() -> Response:
    """A new batch, which goes to the provider that the models of its requests lead to."""
    return _handed("batches", body_type="application/json")


@blueprint.get("/v1/files")
@blueprint.get("/v1/files/<id>")
@blueprint.delete("/v1/files/<id>")
@blueprint.get("/v1/files/<id>/<any(content):action>")
def files(id: str = "", action: str = "") -> Response:
    """The files of a provider, one of them, or its content."""
    return _handed("files", id, action)


@blueprint.post("/v1/files")
def upload() -> Response:
    """A new file, which goes to the first provider that keeps files."""
    return _handed("files", body_type="multipart/form-data")


def _handed(what: What, id: str = "", action: str = "", body_type: str = "") -> Response:
    """One such request; `body_type`: it has a body of that type."""
    parts = services()
    environ = request.environ
    caller = parts.gate.check(environ)
    if caller.role != ADMIN and request.method != "POST" and not id:
        raise Forbidden(f"{what}: the list holds everybody's, so it is for administrators; ask for one by its id")
    creating = what == "batches" and bool(body_type)
    (parts.limits.knock if creating else parts.limits.knock_beside)(caller.key)
    with ExitStack() as ending:
        token = parts.lifecycle.enter()
        ending.callback(parts.lifecycle.leave, token)
        snapshot = parts.providers.snapshot()
        parts.health.take_in(snapshot)
        targets = having(what, snapshot)
        headers = {"anthropic-version": VERSION, **anthropic_headers(environ)}
        body: bytes | None = None
        if body_type:
            seconds = BODY_TIMEOUT if body_type == "application/json" else UPLOAD_TIMEOUT
            body = read_body(parts.settings.max_body_bytes, seconds, body_type)
            headers["content-type"] = environ["CONTENT_TYPE"]
            targets = targets[:1]
            if creating:
                targets, body = _led(body, caller.key)
        elif request.method == "POST":
            body = b""
        client = environ.get("gunicorn.socket")
        if client is not None:
            ending.callback(watch(client, parts.settings.request_timeout + UNREAD))
        path = _path(what, id, action)
        looking = bool(id)
        asked = targets if looking else targets[:1]
        answer = parts.passthrough.ask(asked, request.method, path, headers, body, looking=looking)
        ending.callback(answer.close)
        response = _response(answer)
        if what == "batches" and action != "results":
            response.set_data(batch.local(answer.whole()))
        else:
            response.response = answer.pieces()
            response.call_on_close(ending.pop_all().close)
        return response


def _led(body: bytes, key: ClientKey | None) -> tuple[list[Target], bytes]:
    """Where a new batch goes, and its bytes with that provider's names of the models.

    Raises Forbidden where the key may not use a model, or where what it uses is counted: of a batch nobody here ever
    hears what it came to.
    """
    parts = services()
    if key is not None and is_budgeted(key):
        raise Forbidden(
            f"message batches: what they use is not counted here, and the key {key.name!r} has a limit of tokens or a "
            "budget; use one without"
        )
    snapshot = parts.providers.snapshot()

    def led(model: str) -> Target:
        return planned(parts.router, Asked.named(model), snapshot, key).targets[0]

    target, names = leading(batch.models(body), led)
    return [target], batch.rewritten(body, names, target.dialect)


def _path(what: What, id: str, action: str) -> str:
    if id and not _ID.fullmatch(id):
        raise NotFound(f"{what}: {id[:80]!r} is no id")
    root = "/v1/messages/batches" if what == "batches" else "/v1/files"
    query = request.query_string.decode("latin-1")
    return "/".join(filter(None, (root, id, action))) + (f"?{query}" if query else "")


def _response(answer: Handed) -> Response:
    told = {name: value for name in _TOLD if (value := answer.headers.get(name)) is not None}
    response = Response(status=answer.status)
    response.headers.update(told | answer.limits | {"X-Provider": answer.target.provider})
    response.headers["X-Accel-Buffering"] = "no"
    # A file is whatever somebody uploaded: a browser must not take it for a page of ours
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox"
    return response
