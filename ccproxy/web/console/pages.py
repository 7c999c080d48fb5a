"""`/console`: the frame of all its pages, and the files that it needs.

Anybody may have them: they hold nothing of anybody's. What they show comes from the JSON API, which asks who is there.
"""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound as NoSuchPath

from ccproxy.web.console import assets

# Nothing but our own files, no inline script or style, no frame around it; and texts never become markup.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
FOREVER = "public, max-age=31536000, immutable"

_ASSETS = assets.load()

blueprint = Blueprint("console", __name__, url_prefix="/console")


@blueprint.get("")
@blueprint.get("/<path:page>")
def show(page: str = "") -> Response:
    """The frame; which page it shows is decided in the browser, by the path."""
    if page.partition("/")[0] == "static":
        raise NoSuchPath
    response = _guarded(_ASSETS.shell, "text/html; charset=utf-8", "no-cache")
    response.set_etag(_ASSETS.name)
    response.make_conditional(request)
    return response


@blueprint.get("/static/<name>/<path:file>")
def show_file(name: str, file: str) -> Response:
    """A file. A page of another version asks by another name: nothing is there, and its reload has the new ones."""
    asset = _ASSETS.files.get(file)
    if asset is None or name != _ASSETS.name:
        raise NoSuchPath
    return _guarded(asset.body, asset.media_type, FOREVER)


def _guarded(body: bytes, media_type: str, cache: str) -> Response:
    response = Response(body, content_type=media_type)
    response.headers.update(HEADERS)
    response.headers["Cache-Control"] = cache
    return response
