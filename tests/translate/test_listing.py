from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from ccproxy.errors import BadAnswer
from ccproxy.translate.listing import UNKNOWN_DATE, Model, named, read


def of(*entries: Any, wrap: str | None = "data") -> tuple[Model, ...]:
    return read(json.dumps({wrap: entries} if wrap else entries).encode(), "p")


@pytest.mark.parametrize(
    ("answer", "ids"),
    [
        ({"object": "list", "data": [{"id": "a"}, {"id": "b/c"}]}, ["p/a", "p/b/c"]),
        ([{"id": "a", "type": "chat"}], ["p/a"]),
        ({"models": [{"name": "models/gemini-2.5-flash"}]}, ["p/gemini-2.5-flash"]),
        ({"models": [{"name": "llama3:latest", "model": "llama3:latest"}]}, ["p/llama3:latest"]),
        ({"data": [{"id": "a"}], "models": [{"name": "b"}]}, ["p/a"]),
        (["a", "b", "a"], ["p/a", "p/b"]),
        ([], []),
        ([{"id": ""}, {"id": 5}, {}, 5, None], []),
    ],
)
def test_every_shape_of_list_is_read(answer: Any, ids: list[str]) -> None:
    assert [model.id for model in read(json.dumps(answer).encode(), "p")] == ids


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"5", b"{}", b'{"data":{}}', b'{"error":{"message":"no"}}', b"[" * 100_000]
)
def test_what_is_no_list_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer, match="the list of models is"):
        read(body, "p")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({}, {}),
        ({"created": 1686935002}, {"created_at": "2023-06-16T17:03:22Z"}),
        ({"created_at": "2025-02-19T02:00:00+02:00"}, {"created_at": "2025-02-19T00:00:00Z"}),
        ({"created_at": "2025-02-19"}, {"created_at": "2025-02-19T00:00:00Z"}),
        ({"created": 0}, {}),
        ({"created": 1e300}, {}),
        ({"created_at": "yesterday"}, {}),
        ({"display_name": "A"}, {"display_name": "A"}),
        ({"displayName": "A"}, {"display_name": "A"}),
        ({"name": "A", "display_name": None}, {"display_name": "A"}),
        ({"context_length": 8}, {"max_input_tokens": 8}),
        ({"context_window": 8, "max_completion_tokens": 4}, {"max_input_tokens": 8, "max_tokens": 4}),
        ({"max_model_len": 8}, {"max_input_tokens": 8}),
        ({"max_context_length": 8}, {"max_input_tokens": 8}),
        ({"inputTokenLimit": 8, "outputTokenLimit": 4}, {"max_input_tokens": 8, "max_tokens": 4}),
        ({"meta": {"n_ctx": 8}}, {"max_input_tokens": 8}),
        (
            {"context_length": 8, "top_provider": {"context_length": 6, "max_completion_tokens": 4}},
            {"max_input_tokens": 8, "max_tokens": 4},
        ),
        ({"limits": {"max_input_tokens": 8, "max_output_tokens": 4}}, {"max_input_tokens": 8, "max_tokens": 4}),
        ({"context_length": None, "max_tokens": True, "max_output_tokens": -1}, {}),
        ({"architecture": "gguf", "capabilities": ["completion"], "output_modalities": []}, {}),
    ],
)
def test_what_providers_tell_of_a_model_is_kept(entry: dict[str, Any], expected: dict[str, Any]) -> None:
    assert of({"id": "x", **entry}) == (Model(id="p/x", **{"display_name": "x", **expected}),)


@pytest.mark.parametrize(
    "entry",
    [
        {"output_modalities": ["transcription"]},
        {"architecture": {"input_modalities": ["audio"], "output_modalities": ["text"]}},
        {"capabilities": {"completion_chat": False}},
        {"supportedGenerationMethods": ["embedContent"]},
        {"type": "embedding"},
        {"type": "image"},
    ],
)
def test_models_that_are_not_for_chat_are_left_out(entry: dict[str, Any]) -> None:
    assert of({"id": "x", **entry}, {"id": "y", "type": "chat"}) == of({"id": "y"})


def test_a_model_is_shown_as_the_messages_api_shows_it() -> None:
    assert msgspec.to_builtins(of({"id": "x", "context_length": 8})[0]) == {
        "type": "model",
        "id": "p/x",
        "display_name": "x",
        "created_at": UNKNOWN_DATE,
        "lifecycle": "active",
        "max_input_tokens": 8,
    }


def test_named_models_are_known_by_their_names_only() -> None:
    assert named("p", ("a", "b/c", "a")) == (Model(id="p/a", display_name="a"), Model(id="p/b/c", display_name="b/c"))


def test_every_recorded_list_is_read(shared: Path) -> None:
    seen = set()
    for path in sorted((shared / "wire" / "recorded").glob("*/models-list-json-200-*.json")):
        record = json.loads(path.read_bytes())
        models = read(json.dumps(record["response_body"]).encode(), record["provider"])
        assert models, path.name
        assert len({model.id for model in models}) == len(models)
        assert all(model.id.startswith(f"{record['provider']}/") for model in models)
        if record["provider"] in ("groq", "openrouter", "gemini", "llamacpp", "venice", "anthropic"):
            assert any(model.max_input_tokens is not UNSET for model in models), path.name
        seen.add(record["provider"])
    assert {"openai", "groq", "openrouter", "gemini", "deepseek", "llamacpp"} <= seen
