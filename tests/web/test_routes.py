"""`/routes`, line by line of docs/api.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ccproxy.errors import NotFound
from tests.web.conftest import KEY, Site
from tests.web.test_errors import assert_error, assert_id
from tests.web.test_providers import without_times

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")

ROUTE = {
    "name": "a",
    "match": {"model": ["claude-*"], "headers": {"x-team": "blue"}},
    "targets": [{"provider": "groq", "model": "m", "weight": 2, "parameters": {"effort": "low"}}],
    "strategy": "weighted",
    "priority": 3,
    "enabled": True,
    "retries": 2,
    "first_byte_timeout": 20.0,
    "resume": True,
    "capture": "all",
}


def add(site: Site, **fields: Any) -> Any:
    return site.client.post("/routes", json=fields)


@pytest.fixture
def one(site: Site) -> Site:
    assert add(site, **ROUTE).status_code == 201
    return site


def held(site: Site) -> list[str]:
    return [route.name for route in site.services.providers.snapshot().routes]


def test_a_name_and_a_target_are_enough(site: Site) -> None:
    response = add(site, name="default", targets=["groq/a/b"])
    assert response.status_code == 201
    assert response.headers["Location"] == "/routes/default"
    assert_id(response)
    assert without_times(response.get_json()) == {
        "name": "default",
        "match": {},
        "targets": [{"provider": "groq", "model": "a/b", "weight": 1, "parameters": {}}],
        "strategy": "fallback",
        "priority": 0,
        "enabled": True,
        "retries": 1,
        "first_byte_timeout": None,
        "resume": False,
        "capture": "off",
    }


def test_everything_that_is_given_is_kept(one: Site) -> None:
    for shown in (one.get("/routes/a").get_json(), one.get("/routes").get_json()[0]):
        assert without_times(shown) == ROUTE
        assert shown["created_at"] == shown["updated_at"]


def test_the_list_is_bare_and_in_order_of_creation(site: Site) -> None:
    assert site.get("/routes").get_json() == []
    for name in ("z", "a", "m"):
        add(site, name=name, targets=["p/m"])
    assert [route["name"] for route in site.get("/routes").get_json()] == ["z", "a", "m"]
    assert site.get("/routes/").get_json() == site.get("/routes").get_json()


@pytest.mark.parametrize(
    "name",
    ["a", "longContext", "org/Model:free", "claude-opus-4-8[1m]", "gpt-5 100%?#&", "é/ü", "a/toggle", "x" * 200],
)
def test_a_name_that_is_one(site: Site, name: str) -> None:
    response = add(site, name=name, targets=["p/m"])
    assert response.status_code == 201
    path = response.headers["Location"]
    assert path == f"/routes/{quote(name)}"
    for variant in (path, f"/routes/{quote(name, safe='')}", f"{path}/"):
        assert site.get(variant).get_json()["name"] == name
    assert site.client.put(path, json={"priority": 1}).get_json()["priority"] == 1
    assert site.client.patch(f"{path}/toggle").get_json() == {"message": f"route {name} disabled", "enabled": False}
    assert site.client.patch(f"{path}/toggle").get_json() == {"message": f"route {name} enabled", "enabled": True}
    assert site.client.delete(path).get_json() == {"message": f"route {name} deleted"}
    assert held(site) == []


CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"name": "a"}, {}),
    ({"match": {}}, {"match": {}}),
    ({"match": {"scenario": "image"}}, {"match": {"scenario": "image"}}),
    ({"targets": ["p/m"]}, {"targets": [{"provider": "p", "model": "m", "weight": 1, "parameters": {}}]}),
    ({"enabled": False}, {"enabled": False}),
    ({"first_byte_timeout": None}, {"first_byte_timeout": None}),
    ({"strategy": "fastest", "resume": False, "retries": 0}, {"strategy": "fastest", "resume": False, "retries": 0}),
]


@pytest.mark.parametrize(("given", "changed"), CHANGES)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_what_is_left_out_stays(one: Site, method: str, given: dict[str, Any], changed: dict[str, Any]) -> None:
    before = one.get("/routes/a").get_json()
    response = one.client.put("/routes/a", json=given) if method == "PUT" else add(one, **{"name": "a", **given})
    assert response.status_code == 200
    after = response.get_json()
    assert without_times(after) == without_times(before | changed)
    assert one.get("/routes/a").get_json() == after
    assert after["created_at"] == before["created_at"]
    assert after["updated_at"] >= before["updated_at"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"targets": ["p/m"]}, "name: is missing"),
        ({"name": "b"}, "targets: is missing"),
        ({"name": "b", "targets": ["p/m", {"provider": "p", "model": "m", "weight": "x"}]}, "targets.1.weight: must"),
        ({"name": "b", "targets": ["p/m"], "match": {"scenario": "x"}, "x": 1}, "match.scenario: must be one of"),
    ],
)
def test_a_fault_names_its_path_and_changes_nothing(one: Site, fields: dict[str, Any], message: str) -> None:
    version = one.services.providers.snapshot().version
    response = add(one, **fields)
    assert_error(response, 400, "invalid_request_error")
    assert response.get_json()["error"]["message"].startswith(message)
    assert one.services.providers.snapshot().version == version


def test_a_route_keeps_its_name(one: Site) -> None:
    response = one.client.put("/routes/a", json={"name": "b"})
    assert_error(response, 400, "invalid_request_error")
    assert response.get_json()["error"]["message"] == "name: a route keeps its name, which is 'a' in the path"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/routes/b"), ("PUT", "/routes/b"), ("DELETE", "/routes/b/c"), ("PATCH", "/routes/b/toggle")],
)
def test_an_unknown_one(one: Site, method: str, path: str) -> None:
    response = one.client.open(path, method=method, json={})
    assert_error(response, 404, "not_found_error")
    assert "there is no route 'b" in response.get_json()["error"]["message"]
    assert held(one) == ["a"]


def test_one_that_goes_away_meanwhile(one: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> None:
        raise NotFound("no route named 'a'")

    monkeypatch.setattr(type(one.services.routes), "change", gone)
    assert_error(one.client.put("/routes/a", json={"priority": 1}), 404, "not_found_error")


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000])
def test_what_is_no_json(one: Site, body: bytes) -> None:
    response = one.client.put("/routes/a", data=body, content_type="application/json")
    assert_error(response, 400, "invalid_request_error")
    assert response.get_json()["error"]["message"] == "body: is not valid JSON"


@pytest.mark.parametrize(("method", "path"), [("POST", "/routes"), ("PUT", "/routes/a"), ("PATCH", "/routes/a/toggle")])
def test_only_json(one: Site, method: str, path: str) -> None:
    response = one.client.open(path, method=method, data=b"{}", content_type="text/plain")
    assert_error(response, 415, "invalid_request_error")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/routes"),
        ("POST", "/routes"),
        ("GET", "/routes/a"),
        ("PUT", "/routes/a"),
        ("DELETE", "/routes/a"),
        ("PATCH", "/routes/a/toggle"),
    ],
)
def test_administrators_only_and_before_the_body_is_read(
    make_site: Callable[..., Site], method: str, path: str
) -> None:
    site = make_site(apikey=KEY)
    assert_error(site.client.open(path, method=method, data=b"{"), 401, "authentication_error")
    stranger = make_site(address="10.0.0.9")
    assert_error(stranger.client.open(path, method=method, data=b"{"), 403, "permission_error")


def test_a_provider_that_it_names_can_be_deleted(one: Site) -> None:
    one.add(name="groq")
    assert one.client.delete("/providers/groq").status_code == 200
    assert one.get("/routes/a").get_json()["targets"][0]["provider"] == "groq"


# --- the page for users ------------------------------------------------------------------------------------------


def test_the_page_s_examples_work(site: Site) -> None:
    bodies = re.findall(r"curl http://127\.0\.0\.1:3456/routes [^\n]* -d '(\{.*?\})'", PAGE, re.DOTALL)
    assert len(bodies) == 2
    for body in bodies:
        assert add(site, **json.loads(body)).status_code == 201
    section = PAGE.partition("\n## Routes\n")[2].partition("\n## ")[0]
    [(path, change)] = re.findall(r"curl -X PUT http://127\.0\.0\.1:3456(\S+) [^\n]*\\\n *-d '(\{.*?\})'", section)
    assert site.client.put(path, json=json.loads(change)).status_code == 200
    for method, path in re.findall(r"curl -X (PATCH|DELETE) http://127\.0\.0\.1:3456(/routes/\S+)", section):
        assert site.client.open(path, method=method).status_code == 200
    assert held(site) == ["default"]


def test_the_page_names_every_field(one: Site) -> None:
    section = PAGE.partition("\n## Routes\n")[2].partition("\n## ")[0]
    assert [name for name in one.get("/routes/a").get_json() if f"`{name}`" not in section] == []


def test_all_are_put_in_order_at_once(site: Site) -> None:
    for name in ("a", "b/c", "order"):
        add(site, name=name, targets=["p/m"])
    response = site.client.put("/routes", json={"order": ["order", "b/c", "a"]})
    assert response.status_code == 200
    assert response.get_json() == site.get("/routes").get_json()
    assert {route["name"]: route["priority"] for route in response.get_json()} == {"a": 0, "b/c": 1, "order": 2}
    events = site.get("/audit?action=route.reorder").get_json()["data"]
    assert [(event["actor"], event["subject"], event["before"], event["after"]) for event in events] == [
        ("local", "b/c", {"priority": 0}, {"priority": 1}),
        ("local", "order", {"priority": 0}, {"priority": 2}),
    ]


ORDERS: list[tuple[Any, int, str]] = [
    ({}, 400, "order: is missing"),
    ({"order": None}, 400, "order: must be a list"),
    ({"order": "a"}, 400, "order: must be a list"),
    ({"order": ["a", 5]}, 400, "order.1: must be a string"),
    ({"order": ["a", "a"]}, 400, "order.1: is given twice"),
    ({"order": ["a"], "name": "a"}, 400, "name: is not known here"),
    ([], 400, "must be an object"),
    ({"order": ["b"]}, 409, "order: must name every route once; there are a"),
    ({"order": []}, 409, "order: must name every route once; there are a"),
]


@pytest.mark.parametrize(("body", "status", "said"), ORDERS)
def test_an_order_that_is_none(one: Site, body: Any, status: int, said: str) -> None:
    response = one.client.put("/routes", json=body)
    kind = {400: "invalid_request_error", 409: "conflict_error"}[status]
    assert said in assert_error(response, status, kind)["message"]
    assert one.get("/routes/a").get_json()["priority"] == ROUTE["priority"]
