"""Providers in the browser: adding, testing, changing, switching, deleting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import APIResponse, Route, expect

from tests.live.console.conftest import SECRET
from tests.live.console.visit import Visit
from tests.live.server import until


@pytest.mark.usefixtures("nothing")
def test_a_preset_fills_itself_in_and_faults_stand_at_their_fields(admin: Visit) -> None:
    page = admin.open("providers", "Providers")
    expect(page.get_by_text("No provider yet")).to_be_visible()
    page.get_by_role("button", name="Add a provider").first.click()
    dialog = page.get_by_role("dialog", name="Add a provider")
    dialog.get_by_label("Type").select_option("groq")
    expect(dialog.get_by_label("Name")).to_have_value("groq")
    expect(dialog.get_by_text("Groq's fast open models.")).to_be_visible()
    expect(dialog.get_by_label("Base URL")).to_be_hidden()
    dialog.get_by_label("Type").select_option("vertex")
    expect(dialog.get_by_label("project")).to_be_visible()
    dialog.get_by_label("Type").select_option("ollama")
    expect(dialog.get_by_label("Base URL")).to_have_attribute("placeholder", "http://localhost:11434/v1")
    assert admin.violations() == []

    admin.expect(400)
    dialog.get_by_label("Base URL").fill("http://169.254.169.254")
    dialog.get_by_role("button", name="Add the provider").click()
    expect(dialog.get_by_label("Base URL")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_text("169.254.169.254 is a link-local address")).to_be_visible()
    dialog.get_by_label("Base URL").fill("")
    dialog.get_by_role("button", name="Add the provider").click()
    expect(page.get_by_role("row", name="ollama")).to_be_visible()
    expect(dialog).to_be_hidden()
    assert admin.get("/providers/ollama")["api_base_url"] == "http://localhost:11434/v1"


def test_a_change_keeps_the_key_and_shows_nothing_of_it(admin: Visit, provider: str) -> None:
    page = admin.open("providers", "Providers")
    page.get_by_role("button", name="Edit fake").click()
    dialog = page.get_by_role("dialog", name="Change fake")
    expect(dialog.get_by_label("Name")).not_to_be_editable()
    expect(dialog.get_by_label("API key")).to_have_value("")
    expect(dialog.get_by_text("Stored: …9876.")).to_be_visible()
    dialog.get_by_label("Models", exact=True).fill("one\nthree\n")
    dialog.get_by_label("Options", exact=True).select_option("images")
    dialog.get_by_label("images").select_option("none")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    shown = admin.get("/providers/fake")
    assert shown["models"] == ["one", "three"]
    assert shown["options"] == {"images": "none"}
    assert shown["api_key_hint"] == SECRET[-4:]
    assert SECRET not in page.content()


def test_a_change_leaves_what_others_changed_meanwhile_and_is_told(
    admin: Visit, provider: str, api: Callable[..., tuple[int, object]]
) -> None:
    page = admin.page
    page.clock.install()
    admin.open("providers", "Providers")
    page.get_by_role("button", name="Edit fake").click()
    dialog = page.get_by_role("dialog", name="Change fake")
    dialog.get_by_text("More: models").wait_for()
    api("PUT", "/providers/fake", {"enabled": False, "models": ["others"]})
    page.clock.run_for(5100)
    expect(page.locator("tr", has_text="others")).to_be_visible()
    dialog.get_by_label("Headers").fill("x-team: blue")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Notices").get_by_text("fake is changed")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="fake is changed")).to_have_count(1)
    expect(page.get_by_role("button", name="Edit fake")).to_be_focused()
    changed = admin.get("/providers/fake")
    assert (changed["enabled"], changed["models"], changed["headers"]) == (False, ["others"], {"x-team": "blue"})


def test_a_test_tells_its_findings(admin: Visit, provider: str) -> None:
    page = admin.open("providers", "Providers")
    page.get_by_role("button", name="Test fake").click()
    dialog = page.get_by_role("dialog", name="Test fake")
    for finding, word in {"List of models": "yes", "Answers": "yes", "Streams": "yes", "Calls tools": "no"}.items():
        expect(dialog.locator(".finding", has_text=finding).locator(".badge")).to_have_text(word)
    assert admin.violations() == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Test fake")).to_be_focused()


def test_a_test_ends_with_its_dialog(admin: Visit, provider: str) -> None:
    page = admin.open("providers", "Providers")
    page.route("**/providers/fake/test", lambda route: None)
    with page.expect_request("**/providers/fake/test"):
        page.get_by_role("button", name="Test fake").click()
    with page.expect_event("requestfailed") as ended:
        page.get_by_role("button", name="Close").last.click()
    assert ended.value.url.endswith("/providers/fake/test")


def test_a_switch_holds_at_once(admin: Visit, provider: str) -> None:
    page = admin.open("providers", "Providers")
    page.get_by_role("switch", name="fake is on").press("Space")
    expect(page.get_by_role("switch", name="fake is on")).to_be_focused()
    expect(page.get_by_role("switch", name="fake is on")).to_have_attribute("aria-checked", "false")
    assert admin.get("/providers/fake")["enabled"] is False


def test_what_is_not_new_any_more_says_so(admin: Visit, provider: str) -> None:
    page = admin.page
    page.clock.install()
    admin.open("providers", "Providers")
    admin.expected.append("net::ERR_FAILED")
    page.route(f"{admin.base}/providers", lambda route: route.abort())
    page.clock.run_for(5100)
    expect(page.get_by_text("This is not new any more: ccproxy does not answer")).to_be_visible()
    expect(page.get_by_role("row", name="fake")).to_be_visible()
    page.unroute(f"{admin.base}/providers")
    page.clock.run_for(5100)
    expect(page.get_by_text("This is not new any more")).to_be_hidden()


def test_an_answer_from_before_a_change_undoes_nothing(admin: Visit, provider: str) -> None:
    page = admin.page
    page.clock.install()
    held: list[tuple[Route, APIResponse]] = []
    polled = f"{admin.base}/providers"
    # What was asked before, and how long ago, is another affair
    page.route("**/health", lambda route: route.fulfill(json={}))
    page.route("**/usage?*", lambda route: route.fulfill(json={"data": []}))
    admin.open("providers", "Providers")

    def hold() -> None:
        page.route(polled, lambda route: held.append((route, route.fetch())), times=1)
        with page.expect_request(polled):
            page.clock.run_for(5100)
        until(lambda: page.evaluate("1") and held, "the answer is there")

    def let_go() -> None:
        with page.expect_event("requestfinished", lambda request: request.url == polled):
            route, answer = held.pop()
            route.fulfill(response=answer)
        page.evaluate("fetch('/health')")

    hold()
    page.get_by_text("openai-chat").select_text()
    let_go()
    assert page.evaluate("getSelection().toString()") == "openai-chat"
    hold()
    page.get_by_role("switch", name="fake is on").click()
    expect(page.get_by_role("switch", name="fake is on")).to_have_attribute("aria-checked", "false")
    let_go()
    expect(page.get_by_role("switch", name="fake is on")).to_have_attribute("aria-checked", "false")
    hold()
    page.get_by_role("button", name="Delete fake").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete fake").click()
    expect(page.get_by_text("No provider yet")).to_be_visible()
    let_go()
    expect(page.get_by_text("No provider yet")).to_be_visible()


def test_nothing_is_deleted_without_a_question(admin: Visit, provider: str) -> None:
    page = admin.open("providers", "Providers")
    page.get_by_role("button", name="Delete fake").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert len(admin.get("/providers")) == 1
    page.get_by_role("button", name="Delete fake").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete fake").click()
    expect(page.get_by_text("No provider yet")).to_be_visible()
    assert admin.get("/providers") == []


def test_prices_have_fields(admin: Visit, provider: str) -> None:
    page = admin.open("providers", "Providers")
    page.get_by_role("button", name="Edit fake").click()
    dialog = page.get_by_role("dialog", name="Change fake")
    dialog.get_by_role("button", name="A price").click()
    row = dialog.locator(".price-row")
    row.get_by_label("Models").fill("o*")
    row.get_by_label("Input").fill("0.5")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("o* needs a price of its input and one of its output")).to_be_visible()
    row.get_by_label("Output").fill("much")
    admin.expect(400)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("must be an object of input, output")).to_be_visible()
    row.get_by_label("Output").fill("2")
    row.get_by_label("Cache read").fill("0")
    assert admin.violations() == []
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    assert admin.get("/providers/fake")["options"] == {"prices": {"o*": {"input": 0.5, "output": 2, "cache_read": 0}}}
    assert admin.get("/prices/known?provider=fake&model=one")["source"] == "provider"
    page.get_by_role("button", name="Edit fake").click()
    expect(row.get_by_label("Input")).to_have_value("0.5")
    dialog.get_by_role("button", name="Without this price").click()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    assert admin.get("/providers/fake")["options"] == {}
