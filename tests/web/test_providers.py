"""`/providers`, line by line of docs/api.md."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from ccproxy.errors import NotFound, UpstreamRefused
from ccproxy.gateway.connecting import connect, with_key
from ccproxy.web.schemas import mask
from tests.gateway.credentials.accounts import service_account
from tests.web.conftest import KEY, Site
from tests.web.test_errors import assert_error, assert_id

SECRET = "gsk-provider-secret-9876"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def without_times(shown: dict[str, Any]) -> dict[str, Any]:
    """What an administrator set: without the times, and without what traffic has shown since."""
    return {name: value for name, value in shown.items() if name not in ("created_at", "updated_at", "health")}


# --- creating ----------------------------------------------------------------------------------------------------


def test_a_name_is_enough_where_a_preset_is_called_so(site: Site) -> None:
    response = site.add(name="groq")
    assert response.status_code == 201
    assert response.headers["Location"] == "/providers/groq"
    assert_id(response)
    shown = response.get_json()
    assert without_times(shown) == {
        "name": "groq",
        "type": "groq",
        "api_base_url": "https://api.groq.com/openai/v1",
        "api_key_set": False,
        "api_key_hint": None,
        "api_key_hints": [],
        "models": [],
        "enabled": True,
        "headers": {},
        "options": {},
    }
    for name in ("created_at", "updated_at"):
        assert RFC3339.fullmatch(shown[name])
        assert datetime.fromisoformat(shown[name]).tzinfo is not None


def test_everything_that_is_given_is_kept(site: Site) -> None:
    given = {
        "name": "my.groq-2",
        "type": "groq",
        "api_base_url": "http://localhost:9000/openai/v1",
        "api_key": SECRET,
        "models": ["llama-3.1-70b-versatile", "org/model:free"],
        "enabled": False,
        "headers": {"X-Team": "blue, green"},
        "options": {},
    }
    response = site.add(**given)
    assert response.status_code == 201
    expected = {**given, "api_key_set": True, "api_key_hint": "9876", "api_key_hints": ["9876"]}
    del expected["api_key"]
    for shown in (
        response.get_json(),
        site.get("/providers/my.groq-2").get_json(),
        site.get("/providers").get_json()[0],
    ):
        assert without_times(shown) == expected
    kept = site.services.providers.snapshot().get("my.groq-2")
    assert kept is not None
    assert kept.api_key == SECRET
    assert kept.models == ("llama-3.1-70b-versatile", "org/model:free")


def test_camel_case_is_understood(site: Site) -> None:
    response = site.add(name="local", apiBaseUrl="http://localhost:8000", apiKey=SECRET)
    assert response.status_code == 201
    assert response.get_json()["api_base_url"].startswith("http://localhost:8000")
    assert response.get_json()["api_key_set"] is True


@pytest.mark.parametrize("name", ["a", "0", "groq", "a.b-c_d", "9-lives", "x" * 63])
def test_a_name_that_is_one(site: Site, name: str) -> None:
    assert site.add(name=name, api_base_url="http://localhost:8000").status_code == 201
    assert site.get(f"/providers/{name}").get_json()["name"] == name


@pytest.mark.parametrize(
    ("fields", "type"),
    [
        ({"name": "groq"}, "groq"),
        ({"name": "groq", "type": "openai"}, "openai"),
        ({"name": "other", "api_base_url": "http://localhost:1"}, "openai-chat"),
        ({"name": "openai-chat", "api_base_url": "http://localhost:1"}, "openai-chat"),
    ],
)
def test_the_type_is_the_name_s_preset_or_the_bare_wire(site: Site, fields: dict[str, Any], type: str) -> None:
    assert site.add(**fields).get_json()["type"] == type


@pytest.mark.parametrize(
    "given",
    [
        "http://localhost:8000/v1",
        "http://localhost:8000/v1/",
        "http://localhost:8000",
        "http://localhost:8000/",
        "http://localhost:8000/v1/chat/completions",
        "  HTTP://localhost:8000/v1  ",
    ],
)
def test_a_base_url_takes_one_form(site: Site, given: str) -> None:
    assert site.add(name="local", api_base_url=given).get_json()["api_base_url"] == "http://localhost:8000/v1"


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_no_base_url_is_the_preset_s(site: Site, nothing: str | None) -> None:
    shown = site.add(name="groq", api_base_url=nothing).get_json()
    assert shown["api_base_url"] == "https://api.groq.com/openai/v1"


# --- faults ------------------------------------------------------------------------------------------------------

LOCAL = {"name": "local", "api_base_url": "http://localhost:8000"}
FAULTS: list[tuple[Any, str]] = [
    ({}, "name: is missing"),
    ({"name": None}, "name: must not be null"),
    ({"name": 5}, "name: must be a string"),
    ({"name": ""}, "name: must be 1 to 63"),
    ({"name": "Groq"}, "name: must be"),
    ({"name": "a/b"}, "name: must be"),
    ({"name": "a,b"}, "name: must be"),
    ({"name": "-a"}, "name: must be"),
    ({"name": "groq\n"}, "name: must be"),
    ({"name": "x" * 64}, "name: must be"),
    (LOCAL | {"type": "no-such-type"}, "type: not known; there is "),
    (LOCAL | {"type": None}, "type: must not be null"),
    (LOCAL | {"type": ["groq"]}, "type: must be a string"),
    (LOCAL | {"type": ""}, "type: must not be empty"),
    ({"name": "local"}, "api_base_url: is required with type openai-chat"),
    ({"name": "local", "type": "openai-chat", "api_base_url": ""}, "api_base_url: is required"),
    (LOCAL | {"api_base_url": 5}, "api_base_url: must be a string"),
    (LOCAL | {"api_base_url": "localhost:8000"}, "api_base_url: a URL must begin with http"),
    (LOCAL | {"api_base_url": "ftp://localhost"}, "api_base_url: a URL must begin with http"),
    (LOCAL | {"api_base_url": f"http://user:{SECRET}@localhost"}, "api_base_url: a URL holds no user name"),
    (LOCAL | {"api_base_url": f"http://localhost/v1?key={SECRET}"}, "api_base_url: a URL holds no query"),
    (LOCAL | {"api_base_url": "http://169.254.169.254"}, "api_base_url: 169.254.169.254 is a link-local address"),
    (LOCAL | {"api_base_url": "http://metadata.example"}, "api_base_url: metadata.example (169.254.169.254)"),
    (LOCAL | {"api_base_url": "http://localhost:99999"}, "api_base_url: not a URL"),
    (LOCAL | {"api_base_url": "http://local host"}, "api_base_url: a URL holds no spaces"),
    (LOCAL | {"api_base_url": "http://localhost/" + "x" * 5000}, "api_base_url: must not be longer"),
    (LOCAL | {"api_key": 5}, "api_key: must be a string"),
    (LOCAL | {"api_key": f"{SECRET} {SECRET}"}, "api_key: must hold only ASCII"),
    (LOCAL | {"api_key": f"{SECRET}\r\nX: y"}, "api_key: must hold no line ends"),
    (LOCAL | {"api_key": f"{SECRET}é"}, "api_key: must hold only ASCII"),
    (LOCAL | {"api_key": SECRET * 200}, "api_key: must not be longer"),
    (LOCAL | {"models": "gpt"}, "models: must be a list of strings"),
    (LOCAL | {"models": None}, "models: must be a list of strings"),
    (LOCAL | {"models": ["ok", 5]}, "models.1: must be a string"),
    (LOCAL | {"models": ["ok", None]}, "models.1: must not be null"),
    (LOCAL | {"models": [""]}, "models.0: must not be empty"),
    (LOCAL | {"models": ["a\nb"]}, "models.0: must hold no line ends"),
    (LOCAL | {"models": ["m"] * 2001}, "models: must not hold more than"),
    (LOCAL | {"enabled": 1}, "enabled: must be true or false"),
    (LOCAL | {"enabled": "yes"}, "enabled: must be true or false"),
    (LOCAL | {"enabled": None}, "enabled: must be true or false"),
    (LOCAL | {"headers": ["X-A"]}, "headers: must be an object"),
    (LOCAL | {"headers": None}, "headers: must be an object"),
    (LOCAL | {"headers": {"X-A": 5}}, "headers.X-A: must be a string"),
    (LOCAL | {"headers": {"X-A": None}}, "headers.X-A: must be a string"),
    (LOCAL | {"headers": {"X A": "b"}}, "headers.X A: is not a header name"),
    (LOCAL | {"headers": {"": "b"}}, "headers: is not a header name"),
    (LOCAL | {"headers": {"X-A": "b\r\nX-B: c"}}, "headers.X-A: must be one line"),
    (LOCAL | {"headers": {"X-A": "b\nc"}}, "headers.X-A: must be one line"),
    (LOCAL | {"headers": {"X-A": "\x00"}}, "headers.X-A: must be one line"),
    (LOCAL | {"headers": {"X-A": "€"}}, "headers.X-A: must be one line"),
    (LOCAL | {"headers": {"X-A": "…"}}, "headers.X-A: is a mask"),
    (LOCAL | {"headers": {"X-A": "b" * 9000}}, "headers.X-A: must be one line"),
    (LOCAL | {"headers": {"X-A": "b", "x-a": "c"}}, "headers.x-a: is given twice"),
    (LOCAL | {"headers": {f"X-{n}": "b" for n in range(2001)}}, "headers: must not hold more"),
    (LOCAL | {"options": "fast"}, "options: must be an object"),
    (LOCAL | {"options": None}, "options: must be an object"),
    (LOCAL | {"options": {"no_such_option": 1}}, "options.no_such_option: "),
    (LOCAL | {"base_url": "http://localhost"}, "base_url: is not a field of a provider"),
    (LOCAL | {"created_at": "2026-01-01"}, "created_at: is not a field"),
    (LOCAL | {"x" * 500: 1}, "x" * 80 + ": is not a field"),
    (LOCAL | {"apiBaseUrl": "http://localhost"}, "api_base_url: is given twice"),
    (LOCAL | {"apiKey": 5}, "api_key: must be a string"),
    ([], "body: must be an object"),
    ("text", "body: must be an object"),
    (None, "body: must be an object"),
]


@pytest.mark.parametrize(("document", "words"), FAULTS, ids=lambda value: None if isinstance(value, str) else "")
def test_a_fault_is_named_by_its_path(site: Site, document: Any, words: str) -> None:
    with capture_logs() as logs:
        response = site.client.post("/providers", data=json.dumps(document), content_type="application/json")
    message = assert_error(response, 400, "invalid_request_error")["message"]
    assert message.startswith(words)
    assert SECRET.encode() not in response.data
    assert SECRET not in repr(logs)
    assert site.get("/providers").get_json() == []


@pytest.mark.parametrize(
    "name",
    ["Connection", "content-length", "Expect", "HOST", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
     "Transfer-Encoding", "Upgrade"],
)  # fmt: skip
def test_headers_of_the_connection_are_not_the_administrator_s(site: Site, name: str) -> None:
    error = assert_error(site.add(**LOCAL, headers={name: "x"}), 400, "invalid_request_error")
    assert error["message"].startswith(f"headers.{name}: cannot be set")


def test_all_faults_are_told_at_once(site: Site) -> None:
    response = site.add(name="No", enabled="x", models=[1, "ok", 2], headers={"X A": "b"}, nonsense=1)
    message = assert_error(response, 400, "invalid_request_error")["message"]
    for path in ("name: ", "enabled: ", "models.0: ", "models.2: ", "headers.X A: ", "nonsense: "):
        assert path in message


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'name': 1}", b"\xff", b"NaN", b'{"name": "a"} x', b"[" * 100_000, b'"\\ud83d"']
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/providers"), ("PUT", "/providers/groq")])
def test_what_is_no_json_is_a_400(site: Site, method: str, path: str, body: bytes) -> None:
    site.add(name="groq")
    response = site.client.open(path, method=method, data=body, content_type="application/json")
    assert assert_error(response, 400, "invalid_request_error")["message"].startswith("body: ")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/providers"), ("PUT", "/providers/groq"), ("PATCH", "/providers/groq/toggle")]
)
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_only_json_is_read(site: Site, method: str, path: str, content_type: str | None) -> None:
    site.add(name="groq")
    response = site.client.open(path, method=method, data=b'{"enabled": false}', content_type=content_type)
    assert_error(response, 415, "invalid_request_error")
    assert site.get("/providers/groq").get_json()["enabled"] is True


def test_a_body_over_the_limit_is_a_413(site: Site) -> None:
    response = site.client.post("/providers", data=b" " * (2**20 + 1), content_type="application/json")
    assert_error(response, 413, "request_too_large")


# --- health ------------------------------------------------------------------------------------------------------


OTHER = "sk-provider-0123456789"


def put_aside(site: Site, key: str) -> None:
    """As if requests had shown that the provider refuses the key."""
    target = connect(site.services.providers.snapshot().get("groq") or pytest.fail("there is none"))
    refusal = UpstreamRefused("no", status=401, type="authentication_error", upstream_status=401)
    site.services.health.failed(with_key(target, key), refusal)
    site.services.health.flush(5)


def test_a_key_that_is_set_aside_is_shown_so_until_the_provider_changes(site: Site) -> None:
    site.add(name="groq", api_keys=[SECRET, OTHER])
    put_aside(site, OTHER)
    health = site.get("/providers/groq").get_json()["health"]
    assert health["state"] == "ok"
    good, bad = health["keys"]
    assert (good["hint"], good["state"], good["until"]) == ("9876", "ok", None)
    assert (bad["hint"], bad["state"], bad["reason"], bad["status"]) == ("6789", "resting", "authentication_error", 401)
    assert RFC3339.fullmatch(bad["until"])
    detail = site.get("/health").get_json()["providers"]["details"]["groq"]
    assert (detail["healthy"], detail["state"], detail["resting"]["keys"]) == (True, "ok", [bad])
    put_aside(site, SECRET)
    [listed] = site.get("/providers").get_json()
    assert listed["health"]["state"] == "resting"
    body = site.get("/health").get_json()
    assert (body["status"], body["providers"]["details"]["groq"]["healthy"]) == ("degraded", False)
    changed = site.client.put("/providers/groq", json={"models": ["a"]}).get_json()
    assert {key["state"] for key in changed["health"]["keys"]} == {"ok"}
    assert site.get("/health").get_json()["status"] == "healthy"
    for secret in (SECRET, OTHER):
        assert secret not in str((health, listed, body, changed))


# --- changing ----------------------------------------------------------------------------------------------------


@pytest.fixture
def groq(site: Site) -> Site:
    site.add(name="groq", api_key=SECRET, models=["a"], headers={"X-Team": "blue"})
    return site


NO_KEY = {"api_key_set": False, "api_key_hint": None, "api_key_hints": []}

CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"name": "groq"}, {}),
    ({"models": ["b", "c"]}, {"models": ["b", "c"]}),
    ({"models": []}, {"models": []}),
    ({"enabled": False}, {"enabled": False}),
    ({"headers": {"X-Other": "red"}}, {"headers": {"X-Other": "red"}}),
    ({"headers": {}}, {"headers": {}}),
    ({"api_key": "another-secret-4321"}, {"api_key_hint": "4321", "api_key_hints": ["4321"]}),
    ({"api_key": "short"}, {"api_key_hint": None, "api_key_hints": [None]}),
    ({"api_key": None}, NO_KEY),
    ({"apiKey": ""}, NO_KEY),
    ({"api_keys": []}, NO_KEY),
    ({"apiKeys": None}, NO_KEY),
    ({"api_keys": ["another-secret-4321"]}, {"api_key_hint": "4321", "api_key_hints": ["4321"]}),
    ({"apiKeys": ["another-secret-4321", SECRET]}, {"api_key_hint": "4321", "api_key_hints": ["4321", "9876"]}),
    ({"api_base_url": "http://localhost:1/v1/"}, {"api_base_url": "http://localhost:1/v1"}),
    # the former preset's address does not outlive the change of the type
    ({"type": "openai"}, {"type": "openai", "api_base_url": "https://api.openai.com/v1"}),
    ({"type": "openai", "api_base_url": "http://localhost:1/v1"}, {"type": "openai", "api_base_url": "http://localhost:1/v1"}),
]  # fmt: skip


@pytest.mark.parametrize(("given", "changed"), CHANGES)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_what_is_left_out_stays(groq: Site, method: str, given: dict[str, Any], changed: dict[str, Any]) -> None:
    before = groq.get("/providers/groq").get_json()
    if method == "PUT":
        response = groq.client.put("/providers/groq", json=given)
    else:
        response = groq.add(**{"name": "groq", **given})
    assert response.status_code == 200
    after = response.get_json()
    assert without_times(after) == without_times(before | changed)
    assert groq.get("/providers/groq").get_json() == after
    assert [key["hint"] for key in after["health"]["keys"]] == after["api_key_hints"]
    assert after["created_at"] == before["created_at"]
    assert after["updated_at"] >= before["updated_at"]
    kept = groq.services.providers.snapshot().get("groq")
    assert kept is not None
    key = given.get("api_key", given.get("apiKey", SECRET))
    keys = given.get("api_keys", given.get("apiKeys", [key] if key else [])) or []
    assert kept.api_key == (keys[0] if keys else None)
    assert kept.api_keys == (tuple(keys) if len(keys) > 1 else ())


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"models": ["m"]}, ["a-key-0123456789", "b-key-0123456789"]),
        ({"api_keys": ["b-key-0123456789", "a-key-0123456789"]}, ["b-key-0123456789", "a-key-0123456789"]),
        ({"api_keys": ["a-key-0123456789"]}, ["a-key-0123456789"]),
        ({"api_key": "a-key-0123456789"}, ["a-key-0123456789"]),
        ({"api_key": "b-key-0123456789"}, ["b-key-0123456789"]),
        ({"api_key": None}, []),
        ({"api_keys": None}, []),
    ],
)
def test_several_keys_are_changed_as_a_whole(
    site: Site, tmp_path: Path, method: str, given: dict[str, Any], left: list[str]
) -> None:
    assert site.add(name="groq", api_keys=["a-key-0123456789", "b-key-0123456789"]).status_code == 201
    if method == "PUT":
        response = site.client.put("/providers/groq", json=given)
    else:
        response = site.add(**{"name": "groq", **given})
    assert response.status_code == 200
    kept = site.services.providers.snapshot().get("groq")
    assert kept is not None
    assert [kept.api_key, *kept.api_keys] == ([*left[:1], *left] if len(left) > 1 else left or [None])
    assert response.get_json()["api_key_hints"] == ["6789"] * len(left)
    assert "key-01" not in response.text + site.get("/providers").text
    assert b"-key-0123456789" not in b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"api_key": "a", "api_keys": ["b"]}, "api_keys: cannot be given beside api_key, which is short for a list"),
        ({"apiKey": None, "apiKeys": None}, "api_keys: cannot be given beside api_key"),
        ({"api_keys": ["a"], "apiKeys": ["a"]}, "api_keys: is given twice, also as apiKeys"),
        ({"api_keys": "SECRET"}, "api_keys: must be a list of strings"),
        ({"api_keys": ["ok", "", "SEC RET", 7, None]}, "api_keys.1: must not be empty; api_keys.2: must hold only"),
        ({"api_keys": ["a", "SECRET", "b", "SECRET"]}, "api_keys.3: is given twice"),
        ({"api_keys": [f"k{n}" for n in range(101)]}, "api_keys: must not hold more than 100"),
        ({"api_keys": ["a", '{"type": "SECRET"}']}, "api_keys.1: is JSON, and the provider takes a key that is one"),
    ],
)
def test_keys_that_are_none(site: Site, fields: dict[str, Any], message: str) -> None:
    response = site.add(name="groq", **fields)
    assert_error(response, 400, "invalid_request_error")
    assert response.get_json()["error"]["message"].startswith(message)
    assert "SEC" not in response.text
    assert site.get("/providers").get_json() == []


def test_as_many_keys_as_there_may_be(site: Site) -> None:
    assert len(site.add(name="groq", api_keys=[f"k{n}" for n in range(100)]).get_json()["api_key_hints"]) == 100


def test_a_change_of_the_type_looks_at_all_keys(site: Site) -> None:
    accounts = [service_account(), service_account().replace("4567", "7654")]
    assert site.add(name="vertex", api_keys=accounts, options={"location": "global"}).status_code == 201
    response = site.client.put("/providers/vertex", json={"type": "openai"})
    assert_error(response, 400, "invalid_request_error")
    assert response.get_json()["error"]["message"].startswith("api_keys.0: is JSON")


def test_an_own_address_outlives_the_change_of_the_type(site: Site) -> None:
    site.add(name="groq", api_base_url="http://localhost:1/v1")
    assert (
        site.client.put("/providers/groq", json={"type": "openai"}).get_json()["api_base_url"]
        == "http://localhost:1/v1"
    )


def test_an_address_can_be_given_back_to_the_preset(site: Site) -> None:
    site.add(name="groq", api_base_url="http://localhost:1/v1")
    shown = site.client.put("/providers/groq", json={"api_base_url": None}).get_json()
    assert shown["api_base_url"] == "https://api.groq.com/openai/v1"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "other"}, "name: a provider keeps its name"),
        ({"enabled": "no"}, "enabled: must be true or false"),
        ({"type": "openai-chat", "api_base_url": None}, "api_base_url: is required"),
        ({"type": "openai-chat"}, "api_base_url: is required"),
        ({"api_base_url": "http://169.254.169.254"}, "api_base_url: 169.254.169.254"),
        ({"options": {"nonsense": True}}, "options.nonsense: "),
        ({"api_key_hint": "1234"}, "api_key_hint: is not a field"),
    ],
)
def test_a_change_with_a_fault_changes_nothing(groq: Site, given: dict[str, Any], words: str) -> None:
    before = groq.get("/providers/groq").get_json()
    response = groq.client.put("/providers/groq", json=given)
    assert assert_error(response, 400, "invalid_request_error")["message"].startswith(words)
    assert groq.get("/providers/groq").get_json() == before


def test_toggle_flips(groq: Site) -> None:
    for expected in (False, True, False):
        response = groq.client.patch("/providers/groq/toggle")
        assert response.status_code == 200
        body = response.get_json()
        assert body["enabled"] is expected
        assert body["message"] == f"provider groq {'enabled' if expected else 'disabled'}"
        assert set(body) == {"message", "enabled"}
        assert groq.get("/providers/groq").get_json()["enabled"] is expected
    assert groq.client.patch("/providers/groq/toggle", json={}).get_json()["enabled"] is True


def test_delete_deletes(groq: Site) -> None:
    response = groq.client.delete("/providers/groq")
    assert (response.status_code, response.get_json()) == (200, {"message": "provider groq deleted"})
    assert_error(groq.get("/providers/groq"), 404, "not_found_error")
    assert groq.get("/providers").get_json() == []
    assert groq.add(name="groq").status_code == 201


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("PUT", ""), ("DELETE", ""), ("PATCH", "/toggle")],
)
@pytest.mark.parametrize("name", ["nobody", "GROQ", "a b", "%E2%82%AC", "x" * 500])
def test_an_unknown_provider_is_a_404(groq: Site, method: str, path: str, name: str) -> None:
    response = groq.client.open(f"/providers/{name}{path}", method=method, json={})
    message = assert_error(response, 404, "not_found_error")["message"]
    assert "no provider" in message
    assert len(message) < 200


def test_the_list_is_a_bare_array_in_order_of_creation(site: Site) -> None:
    assert site.get("/providers").get_json() == []
    for name in ("zeta", "alpha", "mid"):
        site.add(name=name, api_base_url="http://localhost:1")
    site.client.put("/providers/zeta", json={"enabled": False})
    assert [shown["name"] for shown in site.get("/providers/").get_json()] == ["zeta", "alpha", "mid"]
    assert site.client.head("/providers").status_code == 200


def test_many_creating_the_same_at_once_make_one(site: Site) -> None:
    statuses: list[int] = []

    def create() -> None:
        client = site.app.test_client()
        statuses.append(client.post("/providers", json={"name": "groq"}).status_code)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 7 + [201]
    assert len(site.get("/providers").get_json()) == 1


def test_one_that_is_deleted_meanwhile_is_a_404(groq: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise NotFound("no provider named 'groq'")

    for name in ("change", "delete", "toggle"):
        monkeypatch.setattr(type(groq.services.providers), name, gone)
    assert_error(groq.client.put("/providers/groq", json={}), 404, "not_found_error")
    assert_error(groq.client.delete("/providers/groq"), 404, "not_found_error")
    assert_error(groq.client.patch("/providers/groq/toggle"), 404, "not_found_error")


# --- secrets -----------------------------------------------------------------------------------------------------


def test_no_secret_is_in_any_answer_or_log(locked_site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    auth = {"Authorization": f"Bearer {KEY}"}
    header_secret = "Bearer other-credential-5555"
    steps: list[tuple[str, str, dict[str, Any] | None]] = [
        (
            "POST",
            "/providers",
            {"name": "groq", "api_key": SECRET, "headers": {"X-Other-Authorization": header_secret}},
        ),
        ("POST", "/providers", {"name": "groq", "api_key": SECRET, "nonsense": SECRET}),
        ("POST", "/providers", {"name": SECRET.upper(), "api_key": f"{SECRET}\n{SECRET}"}),
        ("PUT", "/providers/groq", {"api_key": SECRET + "é", "options": {"x": SECRET}}),
        ("PUT", "/providers/groq", {"api_key": SECRET}),
        ("PUT", "/providers/groq", {"name": "x"}),
        ("GET", "/providers/groq", None),
        ("GET", "/providers", None),
        ("PATCH", "/providers/groq/toggle", None),
        ("GET", "/health", None),
        ("GET", "/status", None),
        ("GET", "/nothing", None),
        ("DELETE", "/providers/groq", None),
    ]
    with capture_logs() as logs:
        for method, path, document in steps:
            response = locked_site.client.open(path, method=method, headers=auth, json=document)
            raw = response.data + str(response.headers).encode()
            for secret in (KEY, SECRET, "other-credential"):
                assert secret.encode() not in raw, (method, path)
    assert not [secret for secret in (KEY, SECRET, "other-credential") if secret in repr(logs) + caplog.text]


def test_headers_that_hold_credentials_are_masked_and_their_masks_come_back(site: Site) -> None:
    stored = {"X-Auth-Token": "token-0123456789", "Helicone-Auth": "short", "X-Team": "blue"}
    shown = site.add(name="groq", headers=stored).get_json()["headers"]
    assert shown == {"X-Auth-Token": mask(stored["X-Auth-Token"]), "Helicone-Auth": "…", "X-Team": "blue"}
    assert shown["X-Auth-Token"] == "…6789"
    # what was read can be written back
    response = site.client.put("/providers/groq", json={"headers": {**shown, "X-Team": "red"}})
    assert response.status_code == 200
    kept = site.services.providers.snapshot().get("groq")
    assert kept is not None
    assert kept.headers == stored | {"X-Team": "red"}
    for wrong in ({"X-Auth-Token": "…0000"}, {"X-Secret": "…6789"}, {"X-Team": "…"}):
        error = assert_error(site.client.put("/providers/groq", json={"headers": wrong}), 400, "invalid_request_error")
        assert error["message"].startswith(f"headers.{next(iter(wrong))}: is a mask")


def test_a_key_is_encrypted_where_it_lies(site: Site, tmp_path: Any) -> None:
    site.add(name="groq", api_key=SECRET, headers={"X-Token": "header-secret-1"})
    on_disk = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    assert b"groq" in on_disk
    assert SECRET.encode() not in on_disk
    assert b"header-secret-1" not in on_disk


def test_with_the_key_an_administrator_comes_from_anywhere_allowed(make_site: Callable[..., Site]) -> None:
    site = make_site(apikey=KEY, address="10.0.0.9")
    for headers in ({"x-api-key": KEY}, {"Authorization": f"Bearer {KEY}"}):
        assert (
            site.get("/providers", headers={**headers, "Host": "proxy.lan", "Origin": "https://ui.lan"}).status_code
            == 200
        )


# --- the page for users ------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_page_s_examples_work(site: Site) -> None:
    bodies = re.findall(r"curl http://127\.0\.0\.1:3456/providers [^\n]* -d '(\{.*?\})'", PAGE, re.DOTALL)
    assert len(bodies) == 2
    for body in bodies:
        assert site.add(**json.loads(body)).status_code == 201
    [change] = re.findall(r"curl -X PUT [^\n]*/providers/groq [^\n]*\\\n *-d '(\{.*?\})'", PAGE)
    assert site.client.put("/providers/groq", json=json.loads(change)).status_code == 200


def test_the_page_shows_the_fields_that_there_are(site: Site) -> None:
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    error, provider, status = (body for body in shown if {"error", "api_key_hint", "pid"} & body.keys())
    assert list(site.add(name="groq", api_key=SECRET).get_json()) == list(provider)
    assert set(site.get("/nothing").get_json()) == set(error)
    assert site.get("/status").get_json().keys() == status.keys()
