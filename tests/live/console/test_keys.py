"""Keys in the browser: made, limited, rotated, revoked."""

from __future__ import annotations

import re
from collections.abc import Callable

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
    page.get_by_label("Owner").fill("Alice")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="alice").get_by_text("Alice")).to_be_visible()

    page.get_by_role("button", name="Revoke alice").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke alice").click()
    expect(page.get_by_text("No key yet")).to_be_visible()
    assert answers(site, new) == 401
