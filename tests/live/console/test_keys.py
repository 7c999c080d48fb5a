"""Keys in the browser: made, limited, rotated, revoked."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.live.console.visit import Visit
from tests.live.server import Server


def answers(site: Server, secret: str) -> int:
    return site.request("GET", "/v1/models", None, {"x-api-key": secret})[0]


@pytest.mark.usefixtures("nothing")
def test_a_key_is_made_and_shown_once(admin: Visit, site: Server) -> None:
    admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = admin.open("keys", "Keys")
    page.get_by_role("button", name="Make a key").first.click()
    dialog = page.get_by_role("dialog", name="Make a key")
    dialog.get_by_label("Name").fill("alice")
    dialog.get_by_label("Requests a minute").fill("many")
    admin.expect(400)
    dialog.get_by_role("button", name="Make the key").click()
    expect(dialog.get_by_text("must be a whole number")).to_be_visible()
    dialog.get_by_label("Requests a minute").fill("60")
    dialog.get_by_label("USD a month").fill("12.5")
    assert admin.violations() == []
    dialog.get_by_role("button", name="Make the key").click()

    shown = page.get_by_role("dialog", name="The key alice")
    secret = shown.get_by_label("Secret", exact=True).input_value()
    shown.get_by_role("button", name="Copy the secret").click()
    expect(shown.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    assert answers(site, secret) == 200
    shown.get_by_role("button", name="I have it").click()
    row = page.get_by_role("row", name="alice")
    expect(row.get_by_text("$0 of $12.50")).to_be_visible()
    expect(row.get_by_text("60 requests/min")).to_be_visible()
    assert secret not in page.content()
    assert admin.violations() == []


@pytest.mark.usefixtures("nothing")
def test_a_key_is_rotated_and_revoked(
    admin: Visit, site: Server, api: Callable[..., tuple[int, dict[str, str]]]
) -> None:
    old = api("POST", "/keys", {"name": "alice"})[1]["secret"]
    page = admin.open("keys", "Keys")
    page.get_by_role("button", name="Rotate alice").click()
    page.get_by_label("The old secret is still taken").select_option("0")
    page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    new = page.get_by_label("Secret", exact=True).input_value()
    assert re.fullmatch(r"ccp_\w{50}", new)
    assert (answers(site, old), answers(site, new)) == (401, 200)
    page.get_by_role("button", name="I have it").click()

    page.get_by_role("button", name="Edit alice").click()
    others = {"requests_per_minute": 7, "expires_at": "2999-01-02T03:04:05.000Z"}
    api("PUT", "/keys/alice", others)
    page.get_by_label("Owner").fill("Alice")
    page.get_by_label("USD a day").fill("Infinity")
    admin.expect(400)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("must be a number")).to_be_visible()
    page.get_by_label("USD a day").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="alice").get_by_text("Alice")).to_be_visible()
    assert others.items() <= admin.get("/keys/alice").items()

    page.get_by_role("button", name="Revoke alice").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke alice").click()
    expect(page.get_by_text("No key yet")).to_be_visible()
    assert answers(site, new) == 401


def test_ones_own_key_is_not_lost_by_accident(visit: Visit, nothing: None, api: Callable[..., Any]) -> None:
    """Its new secret stays in sight and holds the session; what would end the session asks first."""
    visit.sign_in(api("POST", "/keys", {"name": "boss", "role": "admin"})[1]["secret"])
    page = visit.page
    page.clock.install()
    visit.open("keys", "Keys")
    page.get_by_role("button", name="Rotate boss").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("stay so with its new secret")).to_be_visible()
    page.get_by_label("The old secret is still taken").select_option("0")
    dialog.get_by_role("button", name="Rotate").click()
    secret = page.get_by_role("dialog", name="The key boss").get_by_label("Secret", exact=True)
    expect(secret).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    with page.expect_response(lambda response: response.url.endswith("/keys")) as polled:
        page.clock.run_for(10_100)
    assert polled.value.status == 200
    expect(secret).to_be_visible()
    assert visit.violations() == []
    dialog.get_by_role("button", name="I have it").click()
    expect(page.get_by_role("button", name="Rotate boss")).to_be_focused()

    page.get_by_role("switch", name="boss is on").click()
    expect(dialog.get_by_text("You are signed in with this key")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("switch", name="boss is on")).to_be_focused()
    page.get_by_role("button", name="Revoke boss").click()
    expect(dialog.get_by_text("You are signed in with this key")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    assert visit.get("/keys/boss")["enabled"] is True


def test_a_secret_outlasts_its_page(visit: Visit, nothing: None, api: Callable[..., Any]) -> None:
    secret = api("POST", "/keys", {"name": "boss", "role": "admin"})[1]["secret"]
    visit.sign_in(secret)
    page = visit.page
    page.clock.install()
    visit.open("keys", "Keys")
    page.get_by_role("button", name="Make a key").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill("alice")
    page.get_by_role("button", name="Make the key").click()
    shown = page.get_by_label("Secret", exact=True)
    expect(shown).to_be_visible()
    api("PATCH", "/keys/boss/toggle")
    visit.expect(401)
    page.clock.run_for(10_100)
    expect(page.get_by_text("You have been signed out")).to_be_visible()
    expect(shown).to_be_visible()
