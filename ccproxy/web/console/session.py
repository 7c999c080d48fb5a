"""`/console/session`: who is at the browser, signing in and out.

The key comes once, in a body; what the browser keeps is a cookie that no script can read and that no foreign page can
use.
"""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, request

from ccproxy.errors import Forbidden, InvalidRequest
from ccproxy.gateway.access import LOCAL, Caller
from ccproxy.gateway.sessions import HEADER, LIFETIME
from ccproxy.store import key_text
from ccproxy.web.bodies import read_document
from ccproxy.web.replies import as_json
from ccproxy.web.services import services

MAX_BODY = 16 * 1024
BODY_TIMEOUT = 10.0
_CREDENTIALS = ("HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_COOKIE")

blueprint = Blueprint("console_session", __name__, url_prefix="/console/session")


@blueprint.get("")
def show() -> Response:
    """Who is there: the name and the role."""
    return _told(services().gate.check(request.environ))


@blueprint.post("")
def begin() -> Response:
    """Sign in with a key. Raises what the gate says of it, and Forbidden without the header of the console."""
    _require_console()
    key = _read_key(read_document(MAX_BODY, BODY_TIMEOUT))
    parts = services()
    others = {name: value for name, value in request.environ.items() if name not in _CREDENTIALS}
    caller = parts.gate.check({**others, "HTTP_X_API_KEY": key})
    response = _told(caller)
    if caller.name != LOCAL:  # who needs no key has no session either
        name = parts.sessions.names(request.environ)[0]
        response.set_cookie(name, parts.sessions.begin(key_text.digest(key)), max_age=LIFETIME, **_attributes())
    return response


@blueprint.delete("")
def end() -> Response:
    """Sign out."""
    _require_console()
    response = Response(msgspec.json.encode({"message": "signed out"}), mimetype="application/json")
    for name in services().sessions.names(request.environ):
        response.delete_cookie(name, **_attributes())
    return response


def _require_console() -> None:
    """Or a foreign page could sign a browser in, as somebody else, or out."""
    if HEADER not in request.environ:
        raise Forbidden("this is for the console, which says so in the header X-CCProxy-Console")


def _read_key(document: Any) -> str:
    """The key, as WSGI would hand a header with it on: bytes as latin-1 text."""
    key = document.get("key") if isinstance(document, dict) else None
    if not isinstance(key, str) or not key.strip():
        raise InvalidRequest("key: must be a string that is not empty")
    return key.strip().encode("utf-8", "replace").decode("latin-1")


def _attributes() -> dict[str, Any]:
    # The browser says how its page was fetched, whatever stands between it and us
    secure = request.environ.get("HTTP_ORIGIN", "").startswith("https:")
    return {"path": "/", "httponly": True, "samesite": "Strict", "secure": secure}


def _told(caller: Caller) -> Response:
    return as_json({"name": caller.name, "role": caller.role})
