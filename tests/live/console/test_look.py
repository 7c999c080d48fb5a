"""Every page: without a fault of accessibility in light and dark, and no wider than its window."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.live.console.conftest import KEY
from tests.live.console.visit import Visit, new_context
from tests.live.server import Server

PAGES = {
    "overview": "Overview",
    "requests": "Requests",
    "providers": "Providers",
    "routes": "Routes",
    "keys": "Keys",
    "audit": "Audit",
    "playground": "Playground",
    "setup": "Set-up",
    "nothing-here": "Nothing here",
}


@pytest.fixture
def full(provider: str, api: Callable[..., tuple[int, object]]) -> None:
    """Something to see on every page."""
    long = "a-rather-long-name-" * 3
    targets = ["fake/one", f"gone/{long}"]
    api("POST", "/routes", {"name": long, "match": {"scenario": "default"}, "targets": targets})
    api("POST", "/routes", {"name": "opus", "match": {"model": ["opus", "claude-*"]}, "targets": targets})
    api("POST", "/providers", {"name": "off", "type": "groq", "enabled": False, "models": [long]})
    fields = {"daily_budget_usd": 5, "models": ["fake/*"], "addresses": ["10.0.0.0/8"], "capture": "all"}
    api("POST", "/keys", {"name": "alice", "owner": "Everybody who works in a department of many names", **fields})


@pytest.fixture
def narrow(browser: Browser, site: Server) -> Iterator[Visit]:
    """A telephone, in dark colours."""
    made = Visit(new_context(browser, width=375, dark=True), site.url)
    made.sign_in(KEY)
    yield made
    made.assert_clean()
    made.context.close()


@pytest.mark.usefixtures("full")
def test_every_page_can_be_used_by_everybody(admin: Visit) -> None:
    for path, heading in PAGES.items():
        admin.open(path, heading)
        assert admin.violations() == [], path
        assert admin.overflow() <= 0, path


@pytest.mark.usefixtures("full")
def test_every_page_fits_a_telephone_and_the_dark(narrow: Visit) -> None:
    for path, heading in PAGES.items():
        narrow.open(path, heading)
        assert narrow.overflow() <= 0, path
        assert narrow.violations(["color-contrast"]) == [], path
    page = narrow.open("providers", "Providers")
    page.get_by_role("button", name="Delete off").click()
    page.get_by_role("dialog").wait_for()
    assert narrow.violations(["color-contrast"]) == []


@pytest.mark.usefixtures("full")
def test_the_menu_of_a_telephone_and_the_colours(narrow: Visit) -> None:
    page = narrow.open("providers", "Providers")
    expect(page.get_by_role("link", name="Routes")).to_be_hidden()
    page.get_by_role("button", name="Open the menu").click()
    assert narrow.violations() == []
    page.get_by_role("button", name="Colours: as the system").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.get_by_role("link", name="Routes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Routes")
    expect(page.get_by_role("link", name="Routes")).to_be_hidden()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_the_keyboard_is_enough(admin: Visit, provider: str) -> None:
    page = admin.open("providers", "Providers")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.get_by_role("button", name="Edit fake").press("Enter")
    dialog = page.get_by_role("dialog", name="Change fake")
    expect(dialog.get_by_label("Type")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Edit fake")).to_be_focused()
