"""Every exception becomes the Anthropic error form here, once, on every path and method; and every answer gets its id.

`register` also turns off the router's redirects: an API client does not follow them with its body, and each would
be an answer without the form.
"""

from __future__ import annotations

import json
import math
import uuid
from typing import Any

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, InternalServerError

from ccproxy.errors import GENERIC, CCProxyError

# What the framework itself may answer; other 4xx are invalid requests, other 5xx API errors.
TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
LONGEST_PATH = 200


def register(app: Flask) -> None:
    """Give `app` its request ids and its one form of errors."""
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    for rule in app.url_map.iter_rules():
        rule.strict_slashes = False  # those registered before took the map's value with them
    app.before_request(_begin)
    app.after_request(_identify)
    app.register_error_handler(Exception, answer)


def request_id() -> str:
    """The id of the current request: a uuid4, made when it began."""
    if "request_id" not in g:
        g.request_id = str(uuid.uuid4())
    return str(g.request_id)


def answer(error: Exception) -> Response:
    """The response that an exception means. What is no error of ours and none of HTTP is a bug: logged, 500."""
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, Exception):
        error = error.original_exception  # raised by a hook, after the view
    if isinstance(error, CCProxyError):
        if error.payload is not None:
            return Response(error.payload, error.status, _headers(error), mimetype="application/json")
        return _respond(error.status, error.body(request_id()), _headers(error))
    if isinstance(error, HTTPException) and error.code is not None and error.code >= 400:
        return _http(error, error.code)
    structlog.get_logger().error(
        "unexpected error", exc_info=error, request_id=request_id(), method=request.method, path=_path()
    )
    return _respond(500, _body("api_error", GENERIC), {})


def _http(error: HTTPException, status: int) -> Response:
    """An error of the framework: its status and headers, our form."""
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    match status:
        case 404:
            message = f"there is nothing at {_path()}"
        case 405:
            message = f"{request.method} is not possible at {_path()}; Allow: {headers.get('Allow', '')}"
        case _:
            message = error.description or error.name
    return _respond(status, _body(TYPES.get(status, _family(status)), message), headers)


def _family(status: int) -> str:
    return "invalid_request_error" if status < 500 else "api_error"


def _body(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id()}


def _path() -> str:
    return request.path if len(request.path) <= LONGEST_PATH else request.path[:LONGEST_PATH] + "…"


def _headers(error: CCProxyError) -> dict[str, str]:
    headers = dict(error.headers)
    if error.retry_after is not None:
        # Whole seconds: not every client reads fractions; rounded up, so nobody comes back too early.
        headers["retry-after"] = str(max(0, math.ceil(error.retry_after)))
    if error.should_retry is not None:
        headers["x-should-retry"] = "true" if error.should_retry else "false"
    return headers


def _respond(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response:
    # The standard library's JSON, because it takes what upstreams put into messages: lone surrogates too
    return Response(json.dumps(body), status, headers, mimetype="application/json")


def _begin() -> None:
    g.request_id = str(uuid.uuid4())


def _identify(response: Response) -> Response:
    """Both spellings: ours, and the one that SDKs read."""
    headers = response.headers
    headers["X-Request-ID"] = headers["request-id"] = request_id()
    return response
