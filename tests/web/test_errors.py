"""One form of error, whatever fails and wherever; and an id on every answer."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, abort, redirect
from structlog.testing import capture_logs
from werkzeug.test import TestResponse, create_environ

from ccproxy import errors as tree
from ccproxy.web.errors import GENERIC, request_id
from tests.web.conftest import KEY, Site

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def assert_id(response: TestResponse) -> str:
    """The id is a uuid4 and both headers carry it."""
    made = response.headers["X-Request-ID"]
    assert uuid.UUID(made).version == 4
    assert str(uuid.UUID(made)) == made
    assert response.headers.getlist("X-Request-ID") == response.headers.getlist("request-id") == [made]
    return made


def assert_error(response: TestResponse, status: int, kind: str) -> dict[str, Any]:
    """The error object of a response of the one form."""
    assert response.status_code == status
    assert response.mimetype == "application/json"
    made = assert_id(response)
    if response.request.method == "HEAD":
        assert response.data == b""
        return {}
    body = json.loads(response.data)
    assert set(body) == {"type", "error", "request_id"}
    assert body["type"] == "error"
    assert body["request_id"] == made
    assert body["error"]["type"] == kind
    assert isinstance(body["error"]["message"], str)
    assert body["error"]["message"]
    error: dict[str, Any] = body["error"]
    return error


PATHS = ["/nothing", "/v1", "/v1/messages/x/y", "/providers/a/b", "/favicon.ico", "/%E2%82%AC", "/%ff"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_an_unknown_path_is_named(site: Site, method: str, path: str) -> None:
    response = site.client.open(path, method=method)
    error = assert_error(response, 404, "not_found_error")
    if method != "HEAD" and path.isascii() and "%" not in path:
        assert path in error["message"]


@pytest.mark.parametrize(("path", "status"), [("//providers", 200), ("/v1//messages", 404), ("/providers//x", 404)])
def test_doubled_slashes_are_no_redirect(site: Site, path: str, status: int) -> None:
    environ = create_environ("/", environ_overrides={"REMOTE_ADDR": "127.0.0.1"})
    response = site.client.open({**environ, "PATH_INFO": path, "RAW_URI": path, "REQUEST_URI": path})
    assert response.status_code == status
    assert_id(response)


def test_a_long_path_is_not_repeated_whole(site: Site) -> None:
    assert len(assert_error(site.get("/" + "x" * 5000), 404, "not_found_error")["message"]) < 300


WRONG_METHODS = [
    ("/", "POST", {"GET", "HEAD", "OPTIONS"}),
    ("/health", "DELETE", {"GET", "HEAD", "OPTIONS"}),
    ("/status", "PUT", {"GET", "HEAD", "OPTIONS"}),
    ("/api/hello", "POST", {"GET", "HEAD", "OPTIONS"}),
    ("/providers", "DELETE", {"GET", "HEAD", "OPTIONS", "POST"}),
    ("/providers/groq", "POST", {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}),
    ("/providers/groq/toggle", "GET", {"PATCH", "OPTIONS"}),
    ("/providers/groq/toggle", "HEAD", {"PATCH", "OPTIONS"}),
]


@pytest.mark.parametrize(("path", "method", "allowed"), WRONG_METHODS)
def test_a_wrong_method_is_told_the_right_ones(site: Site, path: str, method: str, allowed: set[str]) -> None:
    response = site.client.open(path, method=method)
    error = assert_error(response, 405, "invalid_request_error")
    assert {name.strip() for name in response.headers["Allow"].split(",")} == allowed
    if method != "HEAD":
        assert path in error["message"]
        assert method in error["message"]


def test_options_lets_no_other_origin_in(site: Site) -> None:
    response = site.client.options(
        "/providers", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    )
    assert_id(response)
    assert not [name for name, _ in response.headers if name.lower().startswith("access-control")]


RAISED: list[tuple[Exception, int, str, dict[str, str]]] = [
    (tree.InvalidRequest("a.b: bad"), 400, "invalid_request_error", {}),
    (tree.Unauthenticated("no"), 401, "authentication_error", {"x-should-retry": "false"}),
    (tree.Forbidden("no"), 403, "permission_error", {}),
    (tree.NotFound("no"), 404, "not_found_error", {}),
    (tree.MethodNotAllowed("no", headers={"Allow": "GET"}), 405, "invalid_request_error", {"Allow": "GET"}),
    (tree.SlowRequest("no"), 408, "timeout_error", {}),
    (tree.Conflict("no"), 409, "conflict_error", {}),
    (tree.RequestTooLarge("no"), 413, "request_too_large", {}),
    (tree.UnsupportedMediaType("no"), 415, "invalid_request_error", {}),
    (tree.NoProvider("no"), 503, "api_error", {"x-should-retry": "false"}),
    (
        tree.Draining("no", retry_after=0.2, should_retry=True),
        503,
        "overloaded_error",
        {"retry-after": "1", "x-should-retry": "true"},
    ),
    (
        tree.UpstreamRefused("slow down", status=429, type="rate_limit_error", retry_after=17.01),
        429,
        "rate_limit_error",
        {"retry-after": "18"},
    ),
    (tree.UpstreamRefused("pay", status=402, type="billing_error"), 402, "billing_error", {}),
    (
        tree.UpstreamRefused("busy", status=529, type="overloaded_error", retry_after=-3),
        529,
        "overloaded_error",
        {"retry-after": "0"},
    ),
    (tree.Unreachable("no"), 502, "api_error", {}),
    (tree.BadAnswer("lone \ud83d surrogate"), 502, "api_error", {}),
    (tree.DeadlinePassed("no"), 504, "timeout_error", {}),
]


@pytest.mark.parametrize(
    ("error", "status", "kind", "headers"), RAISED, ids=lambda value: getattr(type(value), "__name__", "")
)
def test_an_error_of_ours_keeps_its_meaning(
    make_site: Callable[..., Site], error: Exception, status: int, kind: str, headers: dict[str, str]
) -> None:
    def fail() -> None:
        raise error

    site = make_site(prepare=lambda app: app.add_url_rule("/fail", view_func=fail))
    response = site.get("/fail")
    assert assert_error(response, status, kind)["message"] == str(error)
    for name in ("retry-after", "x-should-retry", "Allow"):
        assert response.headers.get(name) == headers.get(name)
    assert_error(site.client.head("/fail"), status, kind)


def test_details_are_kept(make_site: Callable[..., Site]) -> None:
    def fail() -> None:
        raise tree.ThreadUnsupported()

    site = make_site(prepare=lambda app: app.add_url_rule("/fail", view_func=fail))
    error = assert_error(site.get("/fail"), 400, "invalid_request_error")
    assert error["details"] == {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (408, "invalid_request_error"),
        (413, "request_too_large"),
        (414, "invalid_request_error"),
        (415, "invalid_request_error"),
        (416, "invalid_request_error"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (431, "invalid_request_error"),
        (500, "api_error"),
        (501, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
    ],
)
def test_an_error_of_the_framework_takes_the_form(make_site: Callable[..., Site], code: int, kind: str) -> None:
    site = make_site(prepare=lambda app: app.add_url_rule("/fail", view_func=lambda: abort(code)))
    error = assert_error(site.get("/fail"), code, kind)
    assert "<" not in error["message"]


def _raise(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("testing", [False, True])
def test_a_bug_is_logged_and_says_nothing(make_site: Callable[..., Site], testing: bool) -> None:
    def prepare(app: Flask) -> None:
        app.testing = testing
        app.add_url_rule("/fail", view_func=lambda: _raise(RuntimeError(f"secret {KEY}")))

    site = make_site(prepare=prepare)
    with capture_logs() as logs:
        response = site.get("/fail")
    assert assert_error(response, 500, "api_error")["message"] == GENERIC
    assert KEY.encode() not in response.data
    [entry] = logs
    assert isinstance(entry["exc_info"], RuntimeError)
    assert entry["exc_info"].__traceback__ is not None
    assert entry["request_id"] == response.headers["request-id"]
    assert (entry["method"], entry["path"], entry["log_level"]) == ("GET", "/fail", "error")


def test_a_bug_in_a_hook_is_told_the_same_way(make_site: Callable[..., Site]) -> None:
    site = make_site(prepare=lambda app: app.after_request(lambda _: _raise(KeyError("hook"))))
    with capture_logs() as logs:
        response = site.get("/api/hello")
    assert response.status_code == 500
    assert json.loads(response.data)["error"] == {"type": "api_error", "message": GENERIC}
    assert isinstance(logs[0]["exc_info"], KeyError)


def test_no_answer_is_a_redirect_of_the_router(make_site: Callable[..., Site]) -> None:
    site = make_site(prepare=lambda app: app.add_url_rule("/away/", view_func=lambda: "here"))
    for path in ("/providers/", "/health/", "/api/hello/", "/status/", "/away", "/away/"):
        assert site.get(path).status_code == 200, path
    assert site.client.put("/providers/nobody/", json={}).status_code == 404


def test_a_view_may_still_redirect(make_site: Callable[..., Site]) -> None:
    site = make_site(prepare=lambda app: app.add_url_rule("/here", view_func=lambda: redirect("/there")))
    assert_id(response := site.get("/here"))
    assert response.status_code == 302


def test_every_answer_has_an_id_of_its_own(site: Site) -> None:
    ids = {
        assert_id(site.get(path)) for path in ("/", "/health", "/status", "/providers", "/nothing") for _ in range(3)
    }
    assert len(ids) == 15
    assert assert_id(site.get("/", headers={"X-Request-ID": "mine"})) != "mine"


@pytest.mark.parametrize(
    ("host", "status", "kind"),
    [
        ("localhost", 404, "not_found_error"),
        ("a/b", 404, "not_found_error"),
        ("[", 404, "not_found_error"),
        ("x y", 404, "not_found_error"),
        ("", 404, "not_found_error"),
        ("\u00ff", 404, "not_found_error"),
        ("localhost:99999", 404, "not_found_error"),
        ("a" * 300, 400, "invalid_request_error"),
    ],
)
def test_an_odd_host_is_no_bug(locked_site: Site, host: str, status: int, kind: str) -> None:
    assert_error(locked_site.get("/nothing", headers={"Host": host}), status, kind)


def test_an_id_is_there_before_the_hooks_have_run(site: Site) -> None:
    with site.app.test_request_context("/"):
        assert uuid.UUID(request_id()).version == 4
        assert request_id() == request_id()


ADMIN = [
    ("GET", "/status"),
    ("GET", "/providers"),
    ("POST", "/providers"),
    ("GET", "/providers/groq"),
    ("PUT", "/providers/groq"),
    ("DELETE", "/providers/groq"),
    ("PATCH", "/providers/groq/toggle"),
]


@pytest.mark.parametrize(("method", "path"), ADMIN)
@pytest.mark.parametrize(
    "headers", [{}, {"x-api-key": "sk-wrong-1234567890"}, {"Authorization": "Bearer sk-wrong-1234567890"}]
)
def test_without_the_key_the_answer_is_401(locked_site: Site, method: str, path: str, headers: dict[str, str]) -> None:
    response = locked_site.client.open(path, method=method, headers=headers, data="not even JSON")
    assert_error(response, 401, "authentication_error")
    assert response.headers["x-should-retry"] == "false"
    assert KEY.encode() not in response.data
    assert b"sk-wrong" not in response.data


@pytest.mark.parametrize(("method", "path"), ADMIN)
def test_from_another_machine_the_answer_is_403(make_site: Callable[..., Site], method: str, path: str) -> None:
    for apikey, address in ((None, "10.0.0.1"), (KEY, "8.8.8.8")):
        site = make_site(apikey=apikey, address=address)
        response = site.client.open(path, method=method, headers={"x-api-key": KEY, "X-Forwarded-For": "127.0.0.1"})
        assert_error(response, 403, "permission_error")


@pytest.mark.parametrize(("method", "path"), ADMIN)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_without_a_key_no_web_page_gets_in(site: Site, method: str, path: str, headers: dict[str, str]) -> None:
    assert_error(site.client.open(path, method=method, headers=headers, json={}), 403, "permission_error")
