from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ccproxy.errors import Unauthenticated
from ccproxy.gateway.access import Caller
from ccproxy.gateway.catalog import Catalog
from ccproxy.gateway.health import Health
from ccproxy.gateway.routing import Router
from ccproxy.store.client_keys import ClientKey
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Match, Route, RouteTarget
from ccproxy.web import errors, models
from ccproxy.web.services import EXTENSION


class Gate:
    """Lets in who sends the key, or globs of models in place of one."""

    def check(self, environ: Mapping[str, Any]) -> Caller:
        sent = environ.get("HTTP_X_API_KEY")
        if sent is None:
            raise Unauthenticated("no key")
        if sent == "key":
            return Caller("key", "admin", "127.0.0.1")
        key = ClientKey(name="anna", prefix="", digest="", models=tuple(sent.split()))
        return Caller("anna", "member", "127.0.0.1", key)


def no_network(url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
    raise AssertionError(f"asked {url}")


@pytest.fixture
def knocked() -> list[ClientKey | None]:
    """The keys that requests were charged to."""
    return []


@pytest.fixture
def client(knocked: list[ClientKey | None]) -> FlaskClient:
    rows = (
        Provider(name="a", type="openai-chat", api_base_url="http://a.test/v1", models=("x", "org/y:free")),
        Provider(name="b", type="openai-chat", api_base_url="http://b.test/v1", models=("claude-like",)),
    )
    routes = (
        Route(
            name="sonnets",
            match=Match(models=("claude-sonnet-5-5",)),
            targets=(RouteTarget(provider="a", model="x"), RouteTarget(provider="b", model="claude-like")),
        ),
    )
    snapshot = Snapshot(version=1, providers=rows, routes=routes)
    app = Flask(__name__)
    app.extensions[EXTENSION] = SimpleNamespace(
        gate=Gate(),
        catalog=Catalog(no_network),
        router=Router(),
        health=Health(None),
        providers=SimpleNamespace(snapshot=lambda: snapshot),
        limits=SimpleNamespace(knock_beside=knocked.append),
    )
    app.register_blueprint(models.blueprint)
    errors.register(app)
    return app.test_client()


KEY = {"x-api-key": "key"}


# What chat completions certainly have not, on a server that nothing more is known of
NONE = {
    "batch": {"supported": False},
    "pdf_input": {"supported": False},
    "server_tools": {
        "supported": False,
        "web_search": {"supported": False},
        "code_execution": {"supported": False},
    },
}


def entry(id: str, display_name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": id,
        "display_name": display_name,
        "created_at": "1970-01-01T00:00:00Z",
        "lifecycle": "active",
        "capabilities": NONE,
    }


LISTED = [
    entry("claude-sonnet-5-5", "claude-sonnet-5-5 (a/x and 1 more)"),
    entry("a/x", "x"),
    entry("a/org/y:free", "org/y:free"),
    entry("b/claude-like", "claude-like"),
]


def test_the_list_has_the_messages_apis_form(client: FlaskClient) -> None:
    answer = client.get("/v1/models", headers=KEY)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.json == {
        "data": LISTED,
        "has_more": False,
        "first_id": "claude-sonnet-5-5",
        "last_id": "b/claude-like",
    }


@pytest.mark.parametrize("agent", ["claude-code/2.1.330", "claude-cli/2.1.330 (external, cli)"])
def test_claude_code_finds_aliases_for_what_it_would_not_show(client: FlaskClient, agent: str) -> None:
    headers = {**KEY, "User-Agent": agent}
    aliases = [entry("claude-a-x", "x (a)"), entry("claude-a-org/y:free", "org/y:free (a)")]
    route, *models = LISTED
    plain, free, like = (model | {"display_name": f"{model['display_name']} ({model['id'][0]})"} for model in models)
    answer = client.get("/v1/models?limit=1000", headers=headers).json
    assert answer is not None
    assert answer["data"] == [route, like, *aliases, plain, free]
    ids = [model["id"] for model in answer["data"]]
    for before, after in pairwise(ids):  # page by page it is the same list
        one = client.get(f"/v1/models?limit=1&after_id={before}", headers=headers).json
        assert one is not None
        assert [model["id"] for model in one["data"]] == [after]
    # A name that was shown once is one for everybody, and for good
    assert client.get("/v1/models/claude-a-org/y:free", headers=KEY).json == aliases[1]


@pytest.mark.parametrize(
    ("query", "ids", "more"),
    [
        ("?limit=1000", ["claude-sonnet-5-5", "a/x", "a/org/y:free", "b/claude-like"], False),
        ("?limit=", ["claude-sonnet-5-5", "a/x", "a/org/y:free", "b/claude-like"], False),
        ("?limit=1", ["claude-sonnet-5-5"], True),
        ("?limit=1&after_id=a/x", ["a/org/y:free"], True),
        ("?before_id=b/claude-like&limit=1", ["a/org/y:free"], True),
        (
            "?after_id=&before_id=&beta=true&lifecycle[]=active",
            ["claude-sonnet-5-5", "a/x", "a/org/y:free", "b/claude-like"],
            False,
        ),
    ],
)
def test_the_query_says_which_page(client: FlaskClient, query: str, ids: list[str], more: bool) -> None:
    answer = client.get(f"/v1/models{query}", headers=KEY).json
    assert answer is not None
    assert [model["id"] for model in answer["data"]] == ids
    assert answer["has_more"] is more


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=0", "limit: expected a whole number from 1 to 1000, got '0'"),
        ("limit=1001", "limit: expected a whole number from 1 to 1000, got '1001'"),
        ("limit=-1", "limit: expected"),
        ("limit=ten", "limit: expected"),
        ("limit=1.5", "limit: expected"),
        ("limit=" + "9" * 5000, "limit: expected"),
        ("after_id=nobody", "after_id: there is no model 'nobody' in the list"),
        ("before_id=nobody", "before_id: there is no model 'nobody' in the list"),
        ("after_id=a/x&before_id=a/x", "before_id: cannot be combined with after_id"),
    ],
)
def test_a_bad_parameter_is_named(client: FlaskClient, query: str, words: str) -> None:
    answer = client.get(f"/v1/models?{query}", headers=KEY)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"]["type"] == "invalid_request_error"
    assert answer.json["error"]["message"].startswith(words)


@pytest.mark.parametrize(
    "name",
    ["a/x", "a/org/y:free", "a%2Forg%2Fy%3Afree", "b/claude-like", "claude-like", "claude-sonnet-5-5", "sonnets"],
)
def test_one_model_is_shown_by_its_id(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/v1/models/{name}?beta=true", headers=KEY)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["type"] == "model"
    assert name.replace("%2F", "/").replace("%3A", ":") in answer.json["id"]


@pytest.mark.parametrize("name", ["a/z", "nobody", "a//x", "claude-a-z"])
def test_an_unknown_model_is_not_found(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/v1/models/{name}", headers=KEY)
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["error"]["type"] == "not_found_error"


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/a/x"])
def test_only_callers_see_models(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 401


@pytest.mark.parametrize(
    ("globs", "ids"),
    [
        ("b/*", ["claude-sonnet-5-5", "b/claude-like"]),  # the route has a target of theirs
        ("claude-*", ["claude-sonnet-5-5"]),
        ("a/x", ["claude-sonnet-5-5", "a/x"]),
        ("* b/*", ["claude-sonnet-5-5", "a/x", "a/org/y:free", "b/claude-like"]),
        ("nothing", []),
    ],
)
def test_a_key_s_list_has_only_what_it_may_use(client: FlaskClient, globs: str, ids: list[str]) -> None:
    headers = {"x-api-key": globs}
    listed = client.get("/v1/models", headers=headers).json
    assert listed is not None
    assert [model["id"] for model in listed["data"]] == ids
    for model in ("a/x", "b/claude-like", "claude-sonnet-5-5"):
        shown = client.get(f"/v1/models/{model}", headers=headers)
        assert shown.status_code == (200 if model in ids else 403)


def test_a_route_is_shown_by_the_targets_that_the_key_may_use(client: FlaskClient) -> None:
    for path in ("/v1/models/claude-sonnet-5-5", "/v1/models"):
        answer = client.get(path, headers={"x-api-key": "b/*"}).json
        assert answer is not None
        assert answer.get("data", [answer])[0]["display_name"] == "claude-sonnet-5-5 (b/claude-like)"


def test_looking_is_a_request_too(client: FlaskClient, knocked: list[ClientKey | None]) -> None:
    for path in ("/v1/models", "/v1/models/a/x", "/v1/models/nobody"):
        client.get(path, headers={"x-api-key": "b/*"})
    client.get("/v1/models")
    assert [key and key.name for key in knocked] == ["anna"] * 3
