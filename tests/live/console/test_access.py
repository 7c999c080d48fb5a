"""Who sees what, when a session ends, and what a foreign page can do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.live.console.conftest import KEY
from tests.live.console.visit import Visit
from tests.live.server import Server, free_port

_TRY = """
    async ([address, headers]) => {
        try {
            const body = '{"name": "groq"}';
            return (await fetch(address, { method: "POST", credentials: "include", headers, body })).status;
        } catch (error) {
            return "refused";
        }
    }
"""


@pytest.fixture
def member(visit: Visit, nothing: None, api: Callable[..., tuple[int, dict[str, str]]]) -> Visit:
    """A visit of Alice, who is a member."""
    visit.sign_in(api("POST", "/keys", {"name": "alice"})[1]["secret"])
    return visit


def test_a_member_sees_nothing_but_the_own_usage(member: Visit) -> None:
    page = member.page
    page.goto(f"{member.base}/console")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your usage")
    assert page.get_by_role("navigation").get_by_role("link").all_inner_texts() == ["Your usage"]
    for path in ("providers", "keys", "overview", "requests/x"):
        page.goto(f"{member.base}/console/{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")


def test_an_address_that_means_nothing_says_so(admin: Visit, nothing: None) -> None:
    admin.expect(404)
    page = admin.open("requests/%zz", "Requests")
    expect(page.get_by_role("alert")).to_be_visible()


def test_a_session_ends_with_its_key_and_says_so(
    visit: Visit, nothing: None, api: Callable[..., tuple[int, dict[str, str]]]
) -> None:
    visit.sign_in(api("POST", "/keys", {"name": "boss", "role": "admin"})[1]["secret"])
    page = visit.open("keys", "Keys")
    api("PATCH", "/keys/boss/toggle")
    visit.expect(401)
    page.get_by_role("link", name="Routes").click()
    expect(page.get_by_text("You have been signed out")).to_be_visible()
    page.get_by_label("Key", exact=True).fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Routes")


def test_signing_out_leaves_nothing(admin: Visit, provider: str) -> None:
    page = admin.open("providers", "Providers")
    admin.expect(401)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert admin.context.cookies() == []
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_foreign_page_can_do_nothing_with_the_session(admin: Visit, nothing: None, site: Server) -> None:
    """Another port of the same host: the same site, so the browser does send the cookie along."""
    page = admin.open("providers", "Providers")
    foreign = f"http://127.0.0.1:{free_port()}/"
    page.route(foreign, lambda route: route.fulfill(body="<h1>Foreign</h1>", content_type="text/html"))
    page.goto(foreign)
    admin.faults.clear()  # the visit went elsewhere on purpose
    plain = {"content-type": "text/plain"}
    answers = [
        page.evaluate(_TRY, [f"{site.url}/providers", headers])
        for headers in (plain, {"content-type": "application/json"}, {**plain, "X-CCProxy-Console": "1"})
    ]
    assert answers == ["refused"] * 3
    page.evaluate(
        "(address) => document.body.append(Object.assign(document.createElement('iframe'), {src: address}))",
        site.url + "/console",
    )
    page.wait_for_timeout(200)
    assert "sign-in" not in page.frames[-1].content()
    admin.faults.clear()
    assert admin.get("/providers") == []
