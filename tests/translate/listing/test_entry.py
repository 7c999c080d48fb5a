from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from ccproxy.translate.dialect import Dialect
from ccproxy.translate.listing import UNKNOWN_DATE, Listed, Model, completed, named, parsed, read
from ccproxy.translate.listing.claims import Claims


def of(*entries: Any) -> tuple[Model, ...]:
    return tuple(listed.model for listed in read([{"data": list(entries)}], "p"))


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
    assert [listed.model.id for listed in read([answer], "p")] == ids


def test_names_are_what_requests_carry() -> None:
    answers = [
        {"models": [{"name": "models/gemini-2.5-pro", "displayName": "Gemini 2.5 Pro"}]},
        {
            "publisherModels": [
                {"name": "publishers/google/models/gemini-2.5-pro", "versionId": "default"},
                {"name": "publishers/google/models/gemini-3-flash", "versionId": "001"},
                {"name": "publishers/google/models/gemini-embedding-001"},
                {"name": "publishers/google/models/imagen-4.0-generate-001"},
                {"name": "publishers/anthropic/models/claude-opus-4-5", "versionId": "20251101"},
                {"name": "publishers/anthropic/models/claude-haiku-4-5@20251001", "versionId": "20251001"},
                {"name": "publishers/anthropic/models/claude-opus-4-6", "versionId": "default"},
            ]
        },
        {"data": [{"id": "accounts/fireworks/models/glm-5"}, {"id": "gemini-2.5-pro"}]},
    ]
    listed = read(answers, "p")
    assert [one.name for one in listed] == [
        "gemini-2.5-pro",
        "gemini-3-flash",
        "claude-opus-4-5@20251101",
        "claude-haiku-4-5@20251001",
        "claude-opus-4-6",
        "accounts/fireworks/models/glm-5",
    ]
    assert [one.model.id for one in listed] == [f"p/{one.name}" for one in listed]
    assert [one.model.display_name for one in listed][:2] == ["Gemini 2.5 Pro", "gemini-3-flash"]


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
        ({"context_length": 128000.0, "max_output_tokens": 0.5}, {"max_input_tokens": 128000}),
        ({"is_deprecated": True}, {"lifecycle": "deprecated"}),
        ({"is_deprecated": False, "expiration_date": None, "deprecation": None}, {}),
        (
            {"deprecation": "2026-12-31T12:00:00Z"},
            {"lifecycle": "deprecated", "retires_at": "2026-12-31T12:00:00Z"},
        ),
        ({"expiration_date": "2026-12-31"}, {"lifecycle": "deprecated", "retires_at": "2026-12-31T00:00:00Z"}),
        ({"lifecycle": "soon"}, {}),
        (
            {"lifecycle": "retired", "line": None, "deprecated_at": "2026-01-01T00:00:00Z", "retires_at": None},
            {"lifecycle": "retired", "line": None, "deprecated_at": "2026-01-01T00:00:00Z"},
        ),
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
        {"endpoints": ["embed", "rerank"]},
        {"active": False},
        {"outputModalities": ["EMBEDDING"]},
        {"type": "embedding"},
        {"type": "image"},
    ],
)
def test_models_that_are_not_for_chat_are_left_out(entry: dict[str, Any]) -> None:
    assert of({"id": "x", **entry}, {"id": "y", "type": "chat"}) == of({"id": "y"})


def test_a_model_is_shown_as_the_messages_api_shows_it() -> None:
    [listed] = read([{"data": [{"id": "x", "context_length": 8}]}], "p")
    assert msgspec.to_builtins(listed.model) == {
        "type": "model",
        "id": "p/x",
        "display_name": "x",
        "created_at": UNKNOWN_DATE,
        "lifecycle": "active",
        "max_input_tokens": 8,
    }


def test_named_models_are_known_by_their_names_only() -> None:
    assert named("p", ("a", "b/c", "a")) == (
        Listed("a", Model(id="p/a", display_name="a")),
        Listed("b/c", Model(id="p/b/c", display_name="b/c")),
    )


OWN = {"batch": {"supported": True}, "image_input": {"supported": False}}


@pytest.mark.parametrize(
    ("capabilities", "own"),
    [(OWN, True), ({}, False), ({"vision": True}, False), (["completion"], False), ({**OWN, "vision": True}, False)],
)
def test_capabilities_in_the_messages_api_s_form_are_passed_as_they_are(capabilities: Any, own: bool) -> None:
    [model] = of({"id": "x", "capabilities": capabilities})
    assert model.capabilities == (capabilities if own else UNSET)


def test_a_dialect_fills_what_a_list_leaves_out() -> None:
    dialect = Dialect(max_output_tokens=4, images="none")
    [bare, told] = read([{"data": [{"id": "x"}, {"id": "y", "max_output_tokens": 9, "capabilities": OWN}]}], "p")
    filled = completed(bare, dialect, relays=False, believed=True, window=8)
    assert (filled.max_input_tokens, filled.max_tokens) == (8, 4)
    assert filled.capabilities is not UNSET
    assert filled.capabilities["image_input"] == {"supported": False}
    kept = completed(told, dialect, relays=False, believed=True)
    assert (kept.max_tokens, kept.capabilities) == (9, OWN)
    empty = completed(Listed("z", Model(id="p/z", display_name="z")), Dialect(), relays=True, believed=False)
    assert (empty.max_tokens, empty.capabilities) == (UNSET, {"batch": {"supported": False}})


def test_what_a_list_says_of_a_model_is_claimed() -> None:
    [listed] = read([{"data": [{"id": "x", "input_modalities": ["text", "image"]}]}], "p")
    assert listed.claims == Claims(images=True)


def test_every_recorded_list_is_read(shared: Path) -> None:
    seen = set()
    for path in sorted((shared / "wire" / "recorded").glob("*/models-list-json-200-*.json")):
        record = json.loads(path.read_bytes())
        answer = parsed(json.dumps(record["response_body"]).encode())
        models = [listed.model for listed in read([answer], record["provider"])]
        assert models, path.name
        assert len({model.id for model in models}) == len(models)
        assert all(model.id.startswith(f"{record['provider']}/") for model in models)
        if record["provider"] in ("groq", "openrouter", "gemini", "llamacpp", "venice", "anthropic"):
            assert any(model.max_input_tokens is not UNSET for model in models), path.name
        seen.add(record["provider"])
    assert {"openai", "groq", "openrouter", "gemini", "deepseek", "llamacpp"} <= seen
