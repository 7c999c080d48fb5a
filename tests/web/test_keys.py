"""`/keys`, and what members reach with one."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text

from ccproxy.store.models import usage_days
from tests.web.conftest import KEY, Site
from tests.web.test_errors import assert_error as assert_form
from tests.web.test_errors import assert_id

ADMIN = {"authorization": f"Bearer {KEY}"}
LIMITS = ("requests_per_minute", "tokens_per_minute", "concurrent_requests")
BUDGETS = ("daily_budget_usd", "monthly_budget_usd", "daily_token_budget", "monthly_token_budget")


def assert_error(response: Any, status: int, kind: str, words: str) -> None:
    assert words in assert_form(response, status, kind)["message"]


def add(site: Site, **fields: Any) -> Any:
    return site.client.post("/keys", json=fields)


def test_a_name_is_enough(site: Site) -> None:
    response = add(site, name="anna")
    assert response.status_code == 201
    assert response.headers["Location"] == "/keys/anna"
    assert response.headers["Cache-Control"] == "no-store"
    assert_id(response)
    made = response.get_json()
    secret = made.pop("secret")
    assert len(secret) == 54
    assert made["prefix"] == secret[:12]
    expected = {"name": "anna", "owner": None, "role": "member", "models": [], "addresses": [], "expires_at": None}
    expected |= {"former": None, "capture": "off", "enabled": True, "last_used_at": None}
    expected |= dict.fromkeys((*LIMITS, *BUDGETS))
    assert {name: made[name] for name in expected} == expected
    assert site.get("/keys/anna").get_json() == made
    assert site.get("/keys").get_json() == [made]


def test_everything_can_be_said_and_changed(site: Site) -> None:
    said = {"owner": "Anna", "role": "admin", "models": ["claude-*"], "addresses": ["10.0.0.0/8"], "capture": "all"}
    said |= {"expires_at": "2030-01-01T00:00:00.000Z", "enabled": False, **dict.fromkeys(LIMITS, 5)}
    said |= {"daily_budget_usd": 1.5, "monthly_budget_usd": 10.0, "daily_token_budget": 7, "monthly_token_budget": 8}
    made = add(site, name="anna", **said).get_json()
    assert {name: made[name] for name in said} == said
    changed = site.client.put("/keys/anna", json={"models": [], "daily_budget_usd": None}).get_json()
    assert {name: changed[name] for name in said} == said | {"models": [], "daily_budget_usd": None}
    assert "secret" not in changed


def test_a_name_is_taken_once(site: Site) -> None:
    add(site, name="anna")
    assert_error(add(site, name="anna"), 409, "conflict_error", "exists already")
    assert_error(add(site), 400, "invalid_request_error", "name: is missing")
    renamed = site.client.put("/keys/anna", json={"name": "ben"})
    assert_error(renamed, 400, "invalid_request_error", "a key keeps its name")


def test_rotating_shows_a_new_text_once(site: Site) -> None:
    first = add(site, name="anna").get_json()
    second = site.client.post("/keys/anna/rotate").get_json()
    assert second["secret"] != first["secret"]
    assert second["former"]["prefix"] == first["prefix"]
    third = site.client.post("/keys/anna/rotate", json={"grace_seconds": 0}).get_json()
    assert third["former"] is None
    assert "secret" not in site.get("/keys/anna").get_json()
    bad = site.client.post("/keys/anna/rotate", json={"grace_seconds": -1})
    assert_error(bad, 400, "invalid_request_error", "grace_seconds: must be a whole number from 0")


def test_a_key_is_taken_out_and_back_and_away(site: Site) -> None:
    add(site, name="anna")
    for enabled, word in ((False, "disabled"), (True, "enabled")):
        answer = site.client.patch("/keys/anna/toggle").get_json()
        assert answer == {"message": f"key anna {word}", "enabled": enabled}
    assert site.client.delete("/keys/anna").get_json() == {"message": "key anna deleted"}
    assert site.get("/keys").get_json() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("PUT", ""), ("DELETE", ""), ("PATCH", "/toggle"), ("POST", "/rotate")],
)
def test_there_is_no_such_key(site: Site, method: str, path: str) -> None:
    body: dict[str, Any] = {"json": {}} if method == "PUT" else {}
    response = site.client.open(f"/keys/nobody{path}", method=method, **body)
    assert_error(response, 404, "not_found_error", "there is no key 'nobody'")


@pytest.mark.parametrize(("path", "body"), [("/keys", {"name": "ben"}), ("/keys/anna/rotate", {"grace_seconds": 0})])
def test_no_key_gets_a_text_that_nobody_sees(site: Site, path: str, body: dict[str, Any]) -> None:
    add(site, name="anna")
    before = site.services.client_keys.snapshot().keys
    with site.services.reader._engine.begin() as connection:
        connection.execute(text("ALTER TABLE key_uses RENAME TO gone"))
    assert_error(site.client.post(path, json=body), 503, "overloaded_error", "try again")
    assert site.services.client_keys.snapshot().keys == before


def test_what_a_key_has_used_and_spent_is_shown(site: Site) -> None:
    add(site, name="anna")
    add(site, name="ben")
    today = int(time.time() // 86400)
    engine = site.services.reader._engine
    with engine.begin() as connection:
        row = {"day": today, "key": "anna", "provider": "p", "model": "m", "route": "", "client": "", "requests": 3}
        row |= {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 100, "cost_usd": 0.123456789}
        connection.execute(insert(usage_days).values(row))
        connection.execute(text("INSERT INTO key_uses VALUES ('anna', '2026-01-02 03:04:05.000000')"))
    anna, ben = site.get("/keys").get_json()
    assert site.get("/keys/anna").get_json() == anna
    assert anna["last_used_at"] == "2026-01-02T03:04:05.000Z"
    spent = {"requests": 3, "tokens": 15, "cost_usd": 0.123457}
    nothing = {"requests": 0, "tokens": 0, "cost_usd": 0.0}
    for span in ("day", "month"):
        assert anna["spend"][span].items() >= spent.items()
        assert ben["spend"][span].items() >= nothing.items()
        assert anna["spend"][span]["renews_at"].endswith("T00:00:00.000Z")


def member(site: Site, **fields: Any) -> dict[str, str]:
    made = site.client.post("/keys", json={"name": "anna", **fields}, headers=ADMIN).get_json()
    return {"x-api-key": made["secret"]}


@pytest.mark.parametrize("path", ["/keys", "/providers", "/routes", "/status", "/keys/anna"])
def test_a_member_reaches_nothing_of_the_admin_s(locked_site: Site, path: str) -> None:
    headers = member(locked_site)
    assert_error(locked_site.get(path, headers=headers), 403, "permission_error", "only an administrator")
    assert locked_site.get(path, headers=ADMIN).status_code == 200


def test_a_member_hears_of_health_what_everybody_hears(locked_site: Site) -> None:
    headers = member(locked_site)
    assert set(locked_site.get("/health", headers=headers).get_json()) == {"status", "timestamp"}
    assert "version" in locked_site.get("/health", headers=ADMIN).get_json()


def test_a_key_of_an_admin_is_one(locked_site: Site) -> None:
    headers = member(locked_site, role="admin")
    assert locked_site.get("/keys", headers=headers).status_code == 200
    locked_site.client.put("/keys/anna", json={"role": "member"}, headers=headers)
    assert_error(locked_site.get("/keys", headers=headers), 403, "permission_error", "only an administrator")


def test_a_change_of_a_key_holds_for_the_next_request(make_site: Callable[..., Site]) -> None:
    site, other_worker = make_site(apikey=KEY), make_site(apikey=KEY)
    headers = member(site, role="admin")
    assert other_worker.get("/keys", headers=headers).status_code == 200
    site.client.patch("/keys/anna/toggle", headers=ADMIN)
    assert_error(other_worker.get("/keys", headers=headers), 401, "authentication_error", "the key 'anna' is disabled")
    site.client.delete("/keys/anna", headers=ADMIN)
    assert_error(other_worker.get("/keys", headers=headers), 401, "authentication_error", "the API key is wrong")


def test_the_page_shows_a_key_as_it_is(site: Site) -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    [documented] = [block for block in blocks if "spend" in block]
    said = ("name", "owner", "requests_per_minute", "monthly_budget_usd")
    made = add(site, **{name: documented[name] for name in said}).get_json()
    assert list(made) == [*documented, "secret"]
    assert {span: set(made["spend"][span]) for span in made["spend"]} == {
        span: set(documented["spend"][span]) for span in documented["spend"]
    }
    same = set(made) - {"secret", "prefix", "created_at", "updated_at", "spend"}
    assert {name: made[name] for name in same} == {name: documented[name] for name in same}
