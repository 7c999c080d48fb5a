"""`/console/session`: signing in and out, and what a session is worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.web.conftest import KEY, Site
from tests.web.test_errors import assert_error

CONSOLE = {"X-CCProxy-Console": "1"}


def sign_in(site: Site, key: str = KEY, **headers: str) -> Any:
    return site.client.post("/console/session", json={"key": key}, headers={**CONSOLE, **headers})


def make_key(site: Site, **fields: Any) -> str:
    """A new key's text, made by the administrator."""
    made = site.client.post("/keys", json=fields, headers={"x-api-key": KEY})
    assert made.status_code == 201
    return str(made.get_json()["secret"])


def test_a_key_begins_a_session_that_every_endpoint_takes(locked_site: Site) -> None:
    assert_error(locked_site.get("/console/session", headers=CONSOLE), 401, "authentication_error")
    response = sign_in(locked_site)
    assert response.get_json() == {"name": "key", "role": "admin"}
    assert response.headers["Cache-Control"] == "no-store"
    for path in ("/console/session", "/providers", "/keys", "/status"):
        assert locked_site.get(path, headers=CONSOLE).status_code == 200


def test_the_cookie_is_out_of_reach(locked_site: Site) -> None:
    cookie = sign_in(locked_site).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert KEY not in cookie
    assert "Secure" in sign_in(locked_site, Origin="https://ccproxy.example").headers["Set-Cookie"].split("; ")


def test_the_cookie_counts_only_beside_the_header(locked_site: Site) -> None:
    """A foreign page can have a browser send the one (on the same site), and never the other."""
    sign_in(locked_site)
    for method, path in [
        ("GET", "/providers"),
        ("POST", "/providers"),
        ("DELETE", "/keys/x"),
        ("POST", "/v1/messages"),
    ]:
        response = locked_site.client.open(path, method=method, json={"name": "groq"})
        assert response.status_code in (401, 404), path  # 404: not on this test's application
    assert locked_site.get("/providers", headers={"x-api-key": KEY}).get_json() == []


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_nobody_is_signed_in_or_out_by_a_foreign_page(locked_site: Site, method: str) -> None:
    response = locked_site.client.open("/console/session", method=method, json={"key": KEY})
    assert_error(response, 403, "permission_error")
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("key", ["wrong", "ccp_mistyped", KEY + "x", "ключ", "\ud83d"])
def test_a_wrong_key_begins_nothing(locked_site: Site, key: str) -> None:
    response = sign_in(locked_site, key)
    assert response.status_code in (400, 401)
    assert_error(
        response,
        response.status_code,
        {400: "invalid_request_error", 401: "authentication_error"}[response.status_code],
    )
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("body", [{}, {"key": ""}, {"key": " "}, {"key": 5}, [], "key"])
def test_a_body_without_a_key_is_told_so(locked_site: Site, body: Any) -> None:
    response = locked_site.client.post("/console/session", json=body, headers=CONSOLE)
    assert assert_error(response, 400, "invalid_request_error")["message"].startswith("key: ")


def test_signing_in_looks_at_the_key_that_is_given_alone(locked_site: Site) -> None:
    """Not at one in the headers, nor at the session that there is."""
    sign_in(locked_site)
    response = locked_site.client.post("/console/session", json={"key": "wrong"}, headers={**CONSOLE, "x-api-key": KEY})
    assert_error(response, 401, "authentication_error")


def test_signing_out_takes_the_cookie_away(locked_site: Site) -> None:
    name = sign_in(locked_site).headers["Set-Cookie"].partition("=")[0]
    assert locked_site.client.get_cookie(name) is not None
    assert locked_site.client.delete("/console/session", headers=CONSOLE).status_code == 200
    assert locked_site.client.get_cookie(name) is None
    assert_error(locked_site.get("/providers", headers=CONSOLE), 401, "authentication_error")


def test_a_member_is_a_member_in_the_browser_too(locked_site: Site) -> None:
    secret = make_key(locked_site, name="alice")
    assert sign_in(locked_site, secret).get_json() == {"name": "alice", "role": "member"}
    assert_error(locked_site.get("/providers", headers=CONSOLE), 403, "permission_error")
    assert locked_site.get("/console/session", headers=CONSOLE).get_json() == {"name": "alice", "role": "member"}


ENDS: list[tuple[str, Callable[[Site], Any]]] = [
    ("disabled", lambda site: site.services.client_keys.toggle("alice")),
    ("deleted", lambda site: site.services.client_keys.delete("alice")),
    ("expired", lambda site: site.services.client_keys.change("alice", {"expires_at": datetime.now(UTC)})),
    ("rotated out", lambda site: site.services.client_keys.rotate("alice", timedelta(0))),
]


@pytest.mark.parametrize(("what", "change"), ENDS, ids=[what for what, _ in ENDS])
def test_a_session_ends_with_its_key(locked_site: Site, what: str, change: Callable[[Site], Any]) -> None:
    sign_in(locked_site, make_key(locked_site, name="alice", role="admin"))
    assert locked_site.get("/providers", headers=CONSOLE).status_code == 200
    change(locked_site)
    assert_error(locked_site.get("/providers", headers=CONSOLE), 401, "authentication_error")


def test_a_session_has_the_role_that_its_key_has_now(locked_site: Site) -> None:
    sign_in(locked_site, make_key(locked_site, name="alice", role="admin"))
    locked_site.services.client_keys.change("alice", {"role": "member"})
    assert_error(locked_site.get("/providers", headers=CONSOLE), 403, "permission_error")


def test_a_session_lives_on_while_a_rotated_key_is_taken(locked_site: Site) -> None:
    sign_in(locked_site, make_key(locked_site, name="alice", role="admin"))
    locked_site.services.client_keys.rotate("alice", timedelta(hours=1))
    assert locked_site.get("/providers", headers=CONSOLE).status_code == 200


def test_a_key_that_is_sent_counts_before_the_session(locked_site: Site) -> None:
    sign_in(locked_site)
    assert_error(locked_site.get("/providers", headers={**CONSOLE, "x-api-key": "wrong"}), 401, "authentication_error")


def test_who_needs_no_key_has_no_session(site: Site) -> None:
    assert site.get("/console/session").get_json() == {"name": "local", "role": "admin"}
    response = sign_in(site, "anything")
    assert response.get_json() == {"name": "local", "role": "admin"}
    assert "Set-Cookie" not in response.headers


def test_a_cookie_that_is_none_of_ours_is_nothing(locked_site: Site) -> None:
    name = sign_in(locked_site).headers["Set-Cookie"].partition("=")[0]
    for value in ("", "x", "gAAAA" + "A" * 200, "x" * 3000):
        locked_site.client.set_cookie(name, value)
        assert_error(locked_site.get("/providers", headers=CONSOLE), 401, "authentication_error")
