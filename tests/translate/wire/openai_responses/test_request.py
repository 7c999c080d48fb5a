"""The request as a whole: fields, path, headers, and what is refused or reported."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ccproxy.errors import InvalidRequest, ThreadUnsupported, Uncarriable
from ccproxy.translate.wire.openai_responses import encode
from tests.translate.wire.openai_chat.requests import request

from .requests import body, encoded, losses, said, target


def test_the_least_request() -> None:
    upstream = encoded(request())
    assert (upstream.method, upstream.path) == ("POST", "/responses")
    assert upstream.headers == {"content-type": "application/json"}
    assert json.loads(upstream.body) == {
        "model": "some-model",
        "input": [said("user", "hello")],
        "store": False,
        "max_output_tokens": 100,
    }
    assert (upstream.losses, upstream.names, upstream.used_ids, upstream.local_stops) == ((), {}, frozenset(), ())


def test_what_openai_is_asked_for() -> None:
    out = body(request(system="Be kind.", stream=True), "openai", model="gpt-5.6")
    assert out["instructions"] == "Be kind."
    assert out["include"] == ["reasoning.encrypted_content"]
    assert out["store"] is False
    assert (out["stream"], out["stream_options"]) == (True, {"include_obfuscation": False})
    assert "include" not in body(request(), "openai", model="gpt-4o")
    assert not [name for name in body(request(stream=False), "openai", model="gpt-5.6") if "stream" in name]


def test_the_targets_headers_go_along() -> None:
    keyed = msgspec.structs.replace(target(), headers={"authorization": "Bearer x"})
    assert encode(request(), keyed).headers == {"content-type": "application/json", "authorization": "Bearer x"}


@pytest.mark.parametrize(
    ("kind", "options", "path"),
    [
        ("openai", {"api_version": "2025-04-01-preview"}, "/responses"),
        ("azure", {}, "/responses"),
        ("azure", {"api_version": "preview"}, "/responses?api-version=preview"),
        ("azure", {"api_version": "2025-04-01-preview"}, "/responses?api-version=2025-04-01-preview"),
    ],
)
def test_path(kind: str, options: dict[str, str], path: str) -> None:
    assert encoded(request(), kind, model="gpt-5.1", options=options).path == path


def test_a_deployment_stands_for_the_model() -> None:
    options = {"deployment": "my-gpt"}
    assert body(request(), "azure", model="gpt-5.1", options=options)["model"] == "my-gpt"
    assert body(request(), "azure", model="gpt-5.1")["model"] == "gpt-5.1"
    assert body(request(), "openai", model="gpt-5.1", options=options)["model"] == "gpt-5.1"


@pytest.mark.parametrize(
    ("asked", "flags", "expected", "lost"),
    [
        (100, {"top_k": True}, 100, []),
        (0, {"top_k": True}, 1, []),
        (128000, {"max_output_tokens": 8192}, 8192, ["max_tokens"]),
        (8192, {"max_output_tokens": 8192}, 8192, []),
        (1, {"least_output_tokens": 16}, 16, ["max_tokens"]),
        (16, {"least_output_tokens": 16}, 16, []),
    ],
)
def test_max_tokens(asked: int, flags: dict[str, Any], expected: int, lost: list[str]) -> None:
    wish = request(max_tokens=asked)
    assert body(wish, **flags)["max_output_tokens"] == expected
    assert losses(wish, **flags) == lost


def test_a_count_has_no_max_tokens() -> None:
    wish = request()
    wish.max_tokens = None
    assert "max_output_tokens" not in body(wish)


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_sampling(name: str) -> None:
    wish = request(**{name: 1})
    assert body(wish, **{name: True})[name] == 1
    assert name not in body(wish, **{name: False})
    assert losses(wish, **{name: False}) == [name]


def test_stop_sequences_are_all_enforced_here() -> None:
    upstream = encoded(request(stop_sequences=["a", "", "b", "c", "d", "e"]), "openai", model="gpt-5.6")
    assert upstream.local_stops == ("a", "b", "c", "d", "e")
    assert "stop" not in json.loads(upstream.body)
    assert upstream.losses == ()


def test_who_asks() -> None:
    wish = request(metadata={"user_id": "u-1"})
    out = body(wish, "openai", model="gpt-5.6")
    assert out["safety_identifier"] == "u-1"
    assert len(out["prompt_cache_key"]) == 64
    assert body(wish, "xai", model="grok-4.3")["user"] == "u-1"
    assert losses(wish, top_k=True) == ["metadata.user_id"]
    long = body(request(metadata={"user_id": "x" * 129}), "openai", model="gpt-5.6")
    assert long["safety_identifier"] == long["prompt_cache_key"]
    assert losses(request(metadata={"user_id": None}), top_k=True) == []


@pytest.mark.parametrize(
    ("tier", "expected", "lost"),
    [("auto", "auto", []), ("standard_only", "default", []), ("new", None, ["service_tier"])],
)
def test_service_tiers(tier: str, expected: str | None, lost: list[str]) -> None:
    wish = request(service_tier=tier)
    assert body(wish, "openai", model="gpt-5.6").get("service_tier") == expected
    assert losses(wish, "openai", model="gpt-5.6") == lost
    assert losses(wish) == ([] if tier == "auto" else ["service_tier"])


def test_fields_without_counterpart_are_reported() -> None:
    fields = {"cache_control": {"type": "ephemeral"}, "inference_geo": "us", "speed": "fast", "compaction": {}}
    assert losses(request(**fields)) == ["cache_control", "inference_geo", "compaction", "speed"]


@pytest.mark.parametrize(
    ("fields", "error", "path"),
    [
        ({"thread": {"type": "create"}}, ThreadUnsupported, "thread"),
        ({"container": "container_01"}, Uncarriable, "container"),
        ({"mcp_servers": [{"type": "url", "url": "https://x.test", "name": "x"}]}, Uncarriable, "mcp_servers"),
        ({"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]}, Uncarriable, "tools.0"),
        ({"messages": []}, InvalidRequest, "messages"),
    ],
)
def test_refused(fields: dict[str, Any], error: type[Exception], path: str) -> None:
    with pytest.raises(error, match=path):
        encoded(request(**fields))


def test_fixed_fields_win() -> None:
    out = body(request(), options={"extra_body": {"truncation": "auto", "store": True}})
    assert (out["truncation"], out["store"]) == ("auto", True)
