"""From the first start to the first answered message, without leaving the browser."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.fake_upstream import FakeUpstream
from tests.live.console.conftest import KEY, SECRET, WORDS, said
from tests.live.console.visit import Visit
from tests.live.server import Server


@pytest.mark.usefixtures("nothing")
def test_from_the_first_start_to_the_first_answer(visit: Visit, site: Server, upstream: FakeUpstream) -> None:
    page = visit.page
    visit.expect(401)
    page.goto(f"{site.url}/")
    expect(page).to_have_url(f"{site.url}/console")

    page.get_by_label("Key", exact=True).fill("a wrong key")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("the API key is wrong")
    assert visit.violations() == []
    page.get_by_label("Key", exact=True).fill(KEY)
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(f"{site.url}/console/setup")
    page.get_by_label("Type").select_option("openai-chat")
    page.get_by_label("Name").first.fill("my-server")
    page.get_by_label("Base URL").fill(upstream.base_url)
    page.get_by_label("API key").fill(SECRET)
    page.get_by_role("button", name="Add the provider").click()
    expect(page.get_by_text("Calls tools")).to_be_visible()
    expect(page.locator(".finding", has_text="Answers").get_by_text("yes")).to_be_visible()
    upstream.forget()
    upstream.script("*", said)

    page.get_by_role("button", name="Make the key").press("Enter")
    expect(page.get_by_label("Secret")).to_be_focused()
    secret = page.get_by_label("Secret").input_value()
    assert re.fullmatch(r"ccp_\w{50}", secret)
    lines = page.get_by_role("group", name="claude-code").first
    expect(lines).to_contain_text(f"ANTHROPIC_BASE_URL={site.url}\n")
    expect(lines).to_contain_text(f"ANTHROPIC_AUTH_TOKEN={secret}\n")
    page.get_by_role("button", name="Python").click()
    expect(page.get_by_role("group", name="python")).to_contain_text(f'base_url="{site.url}", api_key="{secret}"')
    assert visit.violations() == []

    page.get_by_role("button", name="Send").press("Enter")
    expect(page.get_by_role("group", name="Answer of my-server/model-x")).to_have_text("".join(WORDS))
    expect(page.get_by_text("end_turn")).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_focused()
    assert upstream.requests[-1].headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in page.content()

    status, answer, _ = site.request(
        "POST",
        "/v1/messages",
        {"model": "my-server/model-x", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]},
        {"x-api-key": secret},
    )
    assert (status, answer["content"][0]["text"]) == (200, "".join(WORDS))


def test_the_lines_for_clients_hold_whatever_a_model_is_called(
    admin: Visit, provider: str, api: Callable[..., tuple[int, object]]
) -> None:
    name = """it's; "touch" $(x) `y`"""
    assert api("PUT", "/providers/fake", {"models": [name]})[0] == 200
    page = admin.open("setup", "Set-up")
    shown = {}
    for label in ("Claude Code", "Python", "JavaScript", "curl"):
        kind = label.lower().replace(" ", "-")
        page.get_by_role("button", name=label).click()
        shown[kind] = page.get_by_role("group", name=kind).first.inner_text()
    assert f"ANTHROPIC_MODEL=fake/{name}" in shlex.split(shown["claude-code"])
    constants = [one.value for one in ast.walk(ast.parse(shown["python"])) if isinstance(one, ast.Constant)]
    assert f"fake/{name}" in constants
    assert f"model: {json.dumps(f'fake/{name}')}," in shown["javascript"]
    assert json.loads(shlex.split(shown["curl"])[-1])["model"] == f"fake/{name}"


def test_who_needs_no_key_is_not_asked_for_one(context: BrowserContext, tmp_path: Path) -> None:
    """On the machine itself, where none is configured, and nobody has asked for anything yet."""
    with Server(tmp_path, workers=1) as server:
        visit = Visit(context, server.url)
        page = visit.page
        page.goto(f"{server.url}/console/providers")
        expect(page.get_by_role("heading", level=1)).to_have_text("Providers")
        expect(page.get_by_text("This machine")).to_be_visible()
        visit.open("overview", "Overview")
        expect(page.get_by_text("No request in the last 24 hours")).to_be_visible()
        assert visit.violations() == []
        visit.assert_clean()
