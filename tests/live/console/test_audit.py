"""The audit in the browser: what was done, by whom, and how, with filters that are in the address."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.live.console.visit import Visit
from tests.live.server import Server


def test_what_was_changed_is_told(
    admin: Visit, provider: str, api: Callable[..., tuple[int, object]], site: Server
) -> None:
    api("PUT", "/providers/fake", {"models": ["one", "three"], "headers": {"x-team": "<b>blue</b>"}})
    api("POST", "/keys", {"name": "audited"})
    api("DELETE", "/keys/audited")
    site.request("GET", "/keys", headers={"x-api-key": "ccp_wrong"})
    page = admin.open("audit", "Audit")
    rows = page.get_by_role("group", name="Audit").get_by_role("row")
    change = rows.filter(has_text="provider change").first
    for text in ("key", "127.0.0.1", "fake", "models one, two → one, three"):
        expect(change).to_contain_text(text)
    gone = rows.filter(has_text="key delete").first
    gone.get_by_text("As it was").click()
    expect(gone.get_by_text("role member")).to_be_visible()
    assert admin.violations() == []

    page.get_by_label("What", exact=True).select_option("sign_in.refused")
    expect(rows.nth(1)).to_contain_text("sign in refused")
    expect(rows.filter(has_text="provider change")).to_have_count(0)
    assert "action=sign_in.refused" in page.url
    page.get_by_label("What", exact=True).select_option("")
    page.get_by_label("On what").fill("audited")
    page.get_by_label("On what").press("Enter")
    expect(rows).to_have_count(3)
    page.reload()
    expect(rows).to_have_count(3)
    page.get_by_label("On what").fill("nobody")
    page.get_by_label("On what").press("Enter")
    expect(page.get_by_text("Nothing fits these filters.")).to_be_visible()
    assert admin.violations() == []


def test_older_events_are_asked_for(admin: Visit, provider: str, api: Callable[..., tuple[int, object]]) -> None:
    for _ in range(51):
        api("PATCH", "/providers/fake/toggle")
    page = admin.open("audit?action=provider.toggle&subject=fake", "Audit")
    rows = page.get_by_role("group", name="Audit").get_by_role("row")
    expect(rows).to_have_count(51)
    page.get_by_role("button", name="Older ones").click()
    expect(page.get_by_role("button", name="Older ones")).to_be_hidden()
    assert rows.count() > 51
