"""Routes in the browser: adding one, their order by keys and by dragging, and what would become of a request."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.live.console.visit import Visit


@pytest.fixture
def routes(provider: str, api: Callable[..., tuple[int, object]]) -> list[str]:
    """Three of one step, and the default."""
    for name in ("first", "second", "third"):
        fields = {"name": name, "match": {"model": f"{name}-*"}, "targets": ["fake/one"]}
        assert api("POST", "/routes", fields)[0] == 201
    everything = {"name": "default", "match": {"scenario": "default"}, "targets": ["fake/one", "gone/two"]}
    assert api("POST", "/routes", everything)[0] == 201
    return ["first", "second", "third"]


def order(page: Page) -> list[str]:
    """The routes of the step that has several, as they stand there."""
    return page.locator(".step", has_text="pattern or class").locator(".route strong").all_inner_texts()


def test_a_route_is_added(admin: Visit, provider: str) -> None:
    page = admin.open("routes", "Routes")
    page.get_by_role("button", name="Add a route").first.click()
    dialog = page.get_by_role("dialog", name="Add a route")
    dialog.get_by_label("Name").fill("deep thought")
    dialog.get_by_label("is of this scenario").select_option("think")
    dialog.get_by_label("From which effort").select_option("xhigh")
    dialog.get_by_label("Model", exact=True).fill("two")
    dialog.get_by_role("button", name="Another target").click()
    dialog.get_by_label("Model", exact=True).nth(1).fill("one")
    dialog.get_by_role("button", name="Earlier").nth(1).click()
    assert admin.violations() == []
    dialog.get_by_role("button", name="Add the route").click()
    expect(page.get_by_role("heading", name="Thinks")).to_be_visible()
    shown = admin.get("/routes/deep%20thought")
    assert shown["match"] == {"scenario": "think", "min_effort": "xhigh"}
    assert [target["model"] for target in shown["targets"]] == ["one", "two"]


def test_a_route_is_changed_where_it_was_written_in_the_form(
    admin: Visit, routes: list[str], api: Callable[..., tuple[int, object]]
) -> None:
    page = admin.open("routes", "Routes")
    page.get_by_role("button", name="Edit first").click()
    dialog = page.get_by_role("dialog", name="Change first")
    dialog.get_by_label("Tried").wait_for()
    api("PUT", "/routes/first", {"retries": 3, "capture": "all"})
    dialog.get_by_text("More conditions").click()
    dialog.get_by_label("has these headers").fill("x-team")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("write each as Name: value, unlike “x-team”")).to_be_visible()
    dialog.get_by_label("has these headers").fill("x-team: blue")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Notices").get_by_text("first is changed")).to_be_visible()
    shown = admin.get("/routes/first")
    assert shown["match"] == {"model": ["first-*"], "headers": {"x-team": "blue"}}
    assert (shown["retries"], shown["capture"]) == (3, "all")
    for state in ("false", "true"):
        page.get_by_role("switch", name="second is on").press("Space")
        expect(page.get_by_role("switch", name="second is on")).to_have_attribute("aria-checked", state)
        expect(page.get_by_role("switch", name="second is on")).to_be_focused()
    # Nothing of this is to be seen in the list, whose handles go on
    page.get_by_role("button", name="Edit second").click()
    page.get_by_role("dialog").get_by_text("More: priority").click()
    page.get_by_label("Capture of bodies").select_option("all")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Move third").press("Home")
    expect(page.locator(".route strong").first).to_have_text("third")


def test_what_the_api_refuses_is_said(admin: Visit, provider: str) -> None:
    page = admin.open("routes", "Routes")
    page.get_by_role("button", name="Add a route").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("outright")
    admin.expect(400)
    dialog.get_by_role("button", name="Add the route").click()
    expect(dialog.get_by_text("must not be outright")).to_be_visible()
    expect(dialog.get_by_text("0.model: must not be empty")).to_be_visible()


def test_routes_are_moved_by_keys_and_by_dragging(admin: Visit, routes: list[str]) -> None:
    page = admin.open("routes", "Routes")
    assert order(page) == ["first", "second", "third"]
    written: list[str] = []
    page.on("request", lambda request: request.method == "PUT" and written.append(request.url))
    handle = page.get_by_role("button", name="Move third")
    handle.press("ArrowUp")
    expect(page.locator(".route strong").nth(1)).to_have_text("third")
    expect(handle).to_be_focused()
    handle.press("Home")
    expect(page.locator(".route strong").first).to_have_text("third")

    page.get_by_role("button", name="Move first").hover()
    page.mouse.down()
    page.get_by_role("button", name="Move third").hover(position={"x": 8, "y": 2})
    page.mouse.up()
    expect(page.locator(".route strong").first).to_have_text("first")
    assert order(page) == ["first", "third", "second"]
    assert written == [f"{admin.base}/routes"] * 3
    page.reload()
    page.locator(".route").first.wait_for()
    assert order(page) == ["first", "third", "second"]
    assert admin.violations() == []


def test_an_order_of_routes_that_are_others_by_now_is_refused(
    admin: Visit, routes: list[str], api: Callable[..., tuple[int, object]]
) -> None:
    page = admin.open("routes", "Routes")
    api("DELETE", "/routes/second")
    admin.expect(409)
    page.get_by_role("button", name="Move third").press("ArrowUp")
    expect(page.get_by_label("Notices").get_by_text("must name every route once")).to_be_visible()
    expect(page.locator(".route strong").nth(1)).to_have_text("third")


def test_what_would_become_of_a_request_is_told(admin: Visit, routes: list[str]) -> None:
    page = admin.open("routes", "Routes")
    box = page.get_by_label("Request body")
    box.fill('{"model": "second-best", "max_tokens": 10, "top_k": 5, "messages": [{"role": "user", "content": "Hi"}]}')
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text('its match.model "second-*" fits "second-best"')).to_be_visible()
    expect(page.get_by_role("group", name="Body")).to_contain_text('"model": "one"')
    expect(page.get_by_text("POST http://127.0.0.1")).to_be_visible()
    admin.expect(400)
    box.fill('{"model": "second-best"}')
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("messages: Field required")).to_be_visible()
    box.fill("{")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_text("This is not JSON")).to_be_visible()
