"""`/console/session`: who is at the browser, signing in and out."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, request

from ccproxy.web.services import services

blueprint = Blueprint("console_session", __name__, url_prefix="/console/session")


@blueprint.get("")
def show() -> Response:
    """Who is there: the name and the role."""
    caller = services().gate.check(request.environ)
    response = Response(
        msgspec.json.encode({"name": caller.name, "role": caller.role}), mimetype="application/json"
    )
    response.headers["Cache-Control"] = "no-store"
    return response
