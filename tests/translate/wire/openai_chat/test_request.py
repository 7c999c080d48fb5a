"""The request as a whole: fields, path, headers, and what is refused or reported."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ccproxy.errors import InvalidRequest, ThreadUnsupported, Uncarriable
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.wire.openai_chat import encode

from .requests import body, encoded, losses, request, target


def test_the_least_request() -> None:
    upstream = encoded(request())
    assert (upstream.method, upstream.path) == ("POST", "/chat/completions")
    assert upstream.headers == {"content-type": "application/json"}
    assert json.loads(upstream.body) == {
        "model": "some-model",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 100,
    }
    assert (upstream.losses, upstream.names, upstream.used_ids, upstream.local_stops) == ((), {}, frozenset(), ())


def test_the_targets_headers_go_along() -> None:
    keyed = msgspec.structs.replace(target(), headers={"authorization": "Bearer x"})
    assert encode(request(), keyed).headers == {"content-type": "application/json", "authorization": "Bearer x"}


@pytest.mark.parametrize(
    ("asked", "flags", "expected", "lost"),
    [
        (100, {}, {"max_tokens": 100}, []),
        (0, {}, {"max_tokens": 1}, []),
        (128000, {}, {"max_tokens": 128000}, []),
        (128000, {"max_output_tokens": 8192}, {"max_tokens": 8192}, ["max_tokens"]),
        (8192, {"max_output_tokens": 8192}, {"max_tokens": 8192}, []),
        (5, {"max_tokens_field": "max_completion_tokens"}, {"max_completion_tokens": 5}, []),
    ],
)
def test_max_tokens(asked: int, flags: dict[str, Any], expected: dict[str, int], lost: list[str]) -> None:
    wish = request(max_tokens=asked)
    assert {name: value for name, value in body(wish, **flags).items() if "max" in name} == expected
    assert losses(wish, **flags) == lost


def test_a_count_has_no_max_tokens() -> None:
    wish = request()
    wish.max_tokens = None
    assert "max_tokens" not in body(wish)


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_sampling(name: str) -> None:
    wish = request(**{name: 1})
    assert body(wish, **{name: True})[name] == 1
    assert name not in body(wish, **{name: False})
    assert losses(wish, **{name: False}) == [name]
    assert body(request(temperature=0.0))["temperature"] == 0


@pytest.mark.parametrize(
    ("limit", "sent", "local"), [(4, ["a", "b", "c"], ()), (2, ["a", "b"], ("c",)), (0, None, ("a", "b", "c"))]
)
def test_stop_sequences(limit: int, sent: list[str] | None, local: tuple[str, ...]) -> None:
    wish = request(stop_sequences=["a", "", "b", "c"])
    assert body(wish, stop_limit=limit).get("stop") == sent
    assert encoded(wish, stop_limit=limit).local_stops == local
    assert losses(wish, stop_limit=limit) == []


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"top_k": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"stream_options": False}, {"stream": True}),
        ({"stream_options": False, "stream_fields": {"tool_stream": True}}, {"stream": True, "tool_stream": True}),
    ],
)
def test_streams(flags: dict[str, Any], expected: dict[str, Any]) -> None:
    out = body(request(stream=True), **flags)
    assert {name: value for name, value in out.items() if "stream" in name} == expected
    assert not [name for name in body(request(stream=False), **flags) if "stream" in name]


@pytest.mark.parametrize(
    ("flags", "lost"),
    [({"user_field": "user"}, []), ({"top_k": True}, ["metadata.user_id"]), ({"user_field": "user_id"}, [])],
)
def test_who_asks(flags: dict[str, Any], lost: list[str]) -> None:
    wish = request(metadata={"user_id": "u-1"})
    assert [body(wish, **flags).get(name) for name in ("user", "user_id") if flags.get("user_field") == name] in (
        [],
        ["u-1"],
    )
    assert losses(wish, **flags) == lost
    assert losses(request(metadata={"user_id": None}), **flags) == []


def test_a_long_user_id_is_hashed() -> None:
    wish = request(metadata={"user_id": "x" * 129})
    out = body(wish, user_field="safety_identifier", prompt_cache_key=True)
    assert len(out["safety_identifier"]) == 64
    assert out["prompt_cache_key"] == out["safety_identifier"]
    assert body(request(metadata={"user_id": "x" * 128}), user_field="user")["user"] == "x" * 128


@pytest.mark.parametrize(
    ("tier", "expected", "lost"),
    [("auto", "auto", []), ("standard_only", "default", []), ("new", None, ["service_tier"])],
)
def test_service_tiers(tier: str, expected: str | None, lost: list[str]) -> None:
    tiers = {"auto": "auto", "standard_only": "default"}
    wish = request(service_tier=tier)
    assert body(wish, service_tiers=tiers).get("service_tier") == expected
    assert losses(wish, service_tiers=tiers) == lost
    assert losses(wish) == ([] if tier == "auto" else ["service_tier"])


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({"cache_control": {"type": "ephemeral"}}, ["cache_control"]),
        ({"context_management": {"edits": []}, "safeguards": [{}]}, ["context_management", "safeguards"]),
        ({"diagnostics": {"previous_message_id": None}, "inference_geo": "us"}, ["diagnostics", "inference_geo"]),
        ({"compaction": {}, "fallbacks": "default"}, ["compaction", "fallbacks"]),
        ({"billing_policy": {}, "fallback_credit_token": "x"}, ["fallback_credit_token", "billing_policy"]),
        ({"speed": "fast"}, ["speed"]),
        ({"output_config": {"task_budget": {"type": "tokens", "total": 1}}}, ["output_config.task_budget"]),
        ({"speed": "standard", "container": None, "diagnostics": None, "thread": None, "mcp_servers": []}, []),
    ],
)
def test_fields_without_counterpart_are_reported(fields: dict[str, Any], lost: list[str]) -> None:
    assert losses(request(**fields)) == lost


@pytest.mark.parametrize(
    ("fields", "error", "path"),
    [
        ({"thread": {"type": "create"}}, ThreadUnsupported, "thread"),
        ({"container": {"skills": [{"type": "anthropic", "skill_id": "pdf"}]}}, Uncarriable, "container"),
        ({"container": "container_01"}, Uncarriable, "container"),
        ({"mcp_servers": [{"type": "url", "url": "https://x.test", "name": "x"}]}, Uncarriable, "mcp_servers"),
    ],
)
def test_what_would_make_the_answer_wrong_is_refused(fields: dict[str, Any], error: type[Exception], path: str) -> None:
    with pytest.raises(error, match=f"^{path}: "):
        encoded(request(**fields))


def test_no_messages() -> None:
    with pytest.raises(InvalidRequest, match=r"^messages: "):
        encoded(MessagesRequest(model="m", messages=[], max_tokens=1))


def test_an_administrators_fields_win() -> None:
    out = body(request(), options={"extra_body": {"max_tokens": 7, "provider": {"order": ["x"]}}})
    assert (out["max_tokens"], out["provider"]) == (7, {"order": ["x"]})


@pytest.mark.parametrize(
    ("options", "base_url", "expected"),
    [
        ({}, "https://r.test/openai/v1", "/chat/completions"),
        ({"api_version": "preview"}, "https://r.test/openai/v1", "/chat/completions?api-version=preview"),
        (
            {"api_version": "2024-10-21"},
            "https://r.test/openai",
            "/deployments/some-model/chat/completions?api-version=2024-10-21",
        ),
        (
            {"api_version": "2024-10-21", "deployment": "my gpt"},
            "https://r.test/openai",
            "/deployments/my%20gpt/chat/completions?api-version=2024-10-21",
        ),
        (
            {"api_version": "2024-10-21"},
            "https://r.test/openai/deployments/d",
            "/chat/completions?api-version=2024-10-21",
        ),
        (
            {"api_version": "2024-05-01-preview"},
            "https://r.test/models",
            "/chat/completions?api-version=2024-05-01-preview",
        ),
    ],
)
def test_the_path_on_azure(options: dict[str, Any], base_url: str, expected: str) -> None:
    to = msgspec.structs.replace(target("azure", options=options), base_url=base_url)
    assert encode(request(), to).path == expected


def test_an_api_version_elsewhere_means_nothing() -> None:
    assert encoded(request(), options={"api_version": "2024-10-21"}).path == "/chat/completions"


def test_fields_that_go_with_every_request() -> None:
    assert body(request(), "qwen", model="qwen3.6-plus")["preserve_thinking"] is True
    options = {"extra_body": {"preserve_thinking": False}}
    assert body(request(), "qwen", model="qwen3.6-plus", options=options)["preserve_thinking"] is False


def test_thinking_that_is_kept() -> None:
    assert body(request(), "moonshot", model="kimi-k2.6")["thinking"] == {"type": "enabled", "keep": "all"}
    off = request(thinking={"type": "disabled"})
    assert body(off, "moonshot", model="kimi-k2.6")["thinking"] == {"type": "disabled"}
