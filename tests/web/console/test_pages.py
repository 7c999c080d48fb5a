"""`/console`: the frame, its files, and the headers that guard them."""

from __future__ import annotations

import re

import pytest

from ccproxy.web.console import assets
from ccproxy.web.console.pages import HEADERS, POLICY
from tests.web.conftest import Site
from tests.web.test_errors import assert_error

NAME = assets.load().name


@pytest.mark.parametrize(
    "path", ["/console", "/console/", "/console/providers", "/console/requests/some-id", "/console/x/y"]
)
def test_every_page_is_the_one_frame(locked_site: Site, path: str) -> None:
    response = locked_site.get(path)
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    assert f"/console/static/{NAME}/js/main.js" in response.text
    assert response.headers["Cache-Control"] == "no-cache"
    for name, value in HEADERS.items():
        assert response.headers[name] == value


def test_the_frame_is_sent_once(site: Site) -> None:
    etag = site.get("/console").headers["ETag"]
    again = site.get("/console", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Content-Security-Policy"] == POLICY


def test_all_that_the_frame_names_is_there_for_good(site: Site) -> None:
    named = re.findall(r'(?:href|src)="([^"]+)"', site.get("/console").text)
    assert len(named) > 30
    for path in named:
        response = site.get(path)
        assert response.status_code == 200, path
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize(
    "path",
    [
        "/console/static/0123456789abcdef/js/main.js",
        f"/console/static/{NAME}/js/none.js",
        f"/console/static/{NAME}/index.html",
        f"/console/static/{NAME}/../pages.py",
        f"/console/static/{NAME}/%2e%2e/pages.py",
        f"/console/static/{NAME}//etc/passwd",
    ],
)
def test_nothing_else_is_a_file(site: Site, path: str) -> None:
    assert_error(site.get(path), 404, "not_found_error")


def test_the_policy_allows_only_what_comes_from_here() -> None:
    rules = dict(rule.partition(" ")[::2] for rule in POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert {rules[f"{kind}-src"] for kind in ("script", "style", "connect")} == {"'self'"}
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


def test_the_frame_holds_no_script_and_no_style_of_its_own(site: Site) -> None:
    text = site.get("/console").text
    assert re.findall(r"<script[^>]*>([^<]+)</script>", text) == []
    assert "<style" not in text
    assert not re.search(r'\s(style|on\w+)="', text)
