from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ccproxy.errors import Unauthenticated
from ccproxy.gateway.catalog import Catalog
from ccproxy.gateway.routing import Router
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.web import errors, models
from ccproxy.web.services import EXTENSION


class Gate:
    """Lets in who sends the key."""

    def check(self, environ: Mapping[str, Any]) -> None:
        if environ.get("HTTP_X_API_KEY") != "key":
            raise Unauthenticated("no key")


def no_network(url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
    raise AssertionError(f"asked {url}")


@pytest.fixture
def client() -> FlaskClient:
    rows = (
        Provider(name="a", type="openai-chat", api_base_url="http://a.test/v1", models=("x", "org/y:free")),
        Provider(name="b", type="openai-chat", api_base_url="http://b.test/v1", models=("claude-like",)),
    )
    snapshot = Snapshot(version=1, providers=rows)
    app = Flask(__name__)
    app.extensions[EXTENSION] = SimpleNamespace(
        gate=Gate(),
        catalog=Catalog(no_network),
        router=Router(),
        providers=SimpleNamespace(snapshot=lambda: snapshot),
    )
    app.register_blueprint(models.blueprint)
    errors.register(app)
    return app.test_client()


KEY = {"x-api-key": "key"}


def test_the_list_has_the_messages_apis_form(client: FlaskClient) -> None:
    answer = client.get("/v1/models", headers=KEY)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.json == {
        "data": [
            {
                "type": "model",
                "id": f"{row}/{name}",
                "display_name": name,
                "created_at": "1970-01-01T00:00:00Z",
                "lifecycle": "active",
                # What chat completions certainly have not, on a server that nothing more is known of
                "capabilities": {
                    "batch": {"supported": False},
                    "pdf_input": {"supported": False},
                    "server_tools": {
                        "supported": False,
                        "web_search": {"supported": False},
                        "code_execution": {"supported": False},
                    },
                },
            }
            for row, name in (("a", "x"), ("a", "org/y:free"), ("b", "claude-like"))
        ],
        "has_more": False,
        "first_id": "a/x",
        "last_id": "b/claude-like",
    }


@pytest.mark.parametrize(
    ("query", "ids", "more"),
    [
        ("?limit=1000", ["a/x", "a/org/y:free", "b/claude-like"], False),
        ("?limit=", ["a/x", "a/org/y:free", "b/claude-like"], False),
        ("?limit=1", ["a/x"], True),
        ("?limit=1&after_id=a/x", ["a/org/y:free"], True),
        ("?before_id=b/claude-like&limit=1", ["a/org/y:free"], True),
        ("?after_id=&before_id=&beta=true&lifecycle[]=active", ["a/x", "a/org/y:free", "b/claude-like"], False),
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


@pytest.mark.parametrize("name", ["a/x", "a/org/y:free", "a%2Forg%2Fy%3Afree", "b/claude-like", "claude-like"])
def test_one_model_is_shown_by_its_id(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/v1/models/{name}?beta=true", headers=KEY)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["type"] == "model"
    assert name.replace("%2F", "/").replace("%3A", ":") in answer.json["id"]


@pytest.mark.parametrize("name", ["a/z", "nobody", "a//x"])
def test_an_unknown_model_is_not_found(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/v1/models/{name}", headers=KEY)
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["error"]["type"] == "not_found_error"


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/a/x"])
def test_only_callers_see_models(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 401
