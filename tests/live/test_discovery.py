"""The list of models as the Python SDK and Claude Code's discovery read it, and that every name on it works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import anthropic
import pytest

from ccproxy.gateway.catalog import TIMEOUT
from tests.fake_upstream import FakeUpstream, Json, Pause
from tests.live.sdk import HELLO, provider_of, text_of
from tests.live.server import Server

AGENT = "claude-code/2.1.330"


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as running:
        yield running


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, upstream: FakeUpstream) -> Iterator[Server]:
    """Two providers and two routes, on a server of their own: a default route would take other tests' models."""
    with Server(tmp_path_factory.mktemp("home"), workers=1) as server, ExitStack() as providers:
        for name, models in (("far", ["gpt-x", "org/claude-ish"]), ("near-by", ["llama"])):
            providers.enter_context(provider_of(server, name, upstream.base_url, models=models))
        for body in (
            {
                "name": "sonnets",
                "match": {"model": ["claude-sonnet-5-5", "claude-sonnet-*"]},
                "targets": ["far/gpt-x", "near-by/llama"],
            },
            {"name": "default", "match": {"scenario": "default"}, "targets": ["near-by/llama"]},
        ):
            status, answer, _ = server.request("POST", "/routes", body)
            assert status == 201, answer
        yield server


def gateway_models(server: Server) -> dict[str, dict[str, Any]]:
    """What Claude Code keeps of the list: entries by their id that its picker shows (recorded traffic)."""
    status, answer, headers = server.request("GET", "/v1/models?limit=1000", headers={"user-agent": AGENT})
    assert status == 200, answer
    assert headers["content-type"] == "application/json"
    kept = {
        model["id"]: {"display_name": model["display_name"]}
        for model in answer["data"]
        if re.search("claude|anthropic", model["id"], re.IGNORECASE)
    }
    assert list(kept) == [model["id"] for model in answer["data"]][: len(kept)], "what it shows comes first"
    return kept


def test_claude_code_is_shown_every_model_and_each_name_works(home: Server, upstream: FakeUpstream) -> None:
    shown = gateway_models(home)
    assert shown == {
        "claude-sonnet-5-5": {"display_name": "claude-sonnet-5-5 (far/gpt-x and 1 more)"},
        "far/org/claude-ish": {"display_name": "org/claude-ish (far)"},
        "claude-far-gpt-x": {"display_name": "gpt-x (far)"},
        "claude-near-by-llama": {"display_name": "llama (near-by)"},
    }
    led = {}
    with anthropic.Anthropic(base_url=home.url, api_key="local", max_retries=0) as client:
        for id in shown:
            assert client.models.retrieve(id).id == id
            led[id] = client.messages.create(model=id, max_tokens=10, messages=HELLO).model
    assert led == {
        "claude-sonnet-5-5": "far/gpt-x",
        "far/org/claude-ish": "far/org/claude-ish",
        "claude-far-gpt-x": "far/gpt-x",
        "claude-near-by-llama": "near-by/llama",
    }


def test_the_sdk_sees_no_doubles_and_each_name_works(home: Server, upstream: FakeUpstream) -> None:
    with anthropic.Anthropic(base_url=home.url, api_key="local", max_retries=0) as client:
        ids = [model.id for model in client.models.list(limit=2)]  # page by page
        assert ids == [
            "claude-sonnet-5-5",
            "default",
            "far/gpt-x",
            "far/org/claude-ish",
            "near-by/llama",
        ]
        for id in ids:
            assert text_of(client.messages.create(model=id, max_tokens=10, messages=HELLO))
        assert client.models.retrieve("default").display_name == "default (near-by/llama)"


def test_a_list_that_does_not_come_is_not_waited_for(home: Server, upstream: FakeUpstream) -> None:
    """Claude Code gives up after 3 seconds; the answer has what there is by then."""
    assert TIMEOUT < 3
    upstream.models_answer = Json({"data": [{"id": "late"}]}, inside=(Pause(10),))
    before = len(upstream.listings)
    try:
        with provider_of(home, "slow", upstream.base_url):
            shown = gateway_models(home)
        assert "claude-far-gpt-x" in shown
        assert "claude-slow-late" not in shown
        [asked] = upstream.listings[before:]
        assert asked.wait() == "left", "the proxy did not wait for its end"
    finally:
        upstream.models_answer = None
