"""Whole requests."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from ccproxy.errors import InvalidRequest, ThreadUnsupported, Uncarriable
from ccproxy.translate.wire.gemini import encode
from tests.translate.wire.gemini.requests import NEW, OLD, body, encoded, losses, target
from tests.translate.wire.openai_chat.requests import assistant, request, result, tool, use, user

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
FORMAT = {"type": "json_schema", "schema": SCHEMA}


def test_a_plain_request() -> None:
    found = encoded(request("hello"), OLD)
    assert (found.method, found.path) == ("POST", "/models/gemini-2.5-flash:generateContent")
    assert found.headers == {"content-type": "application/json", "x-goog-api-key": "k"}
    assert json.loads(found.body) == {
        "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
        "generationConfig": {"maxOutputTokens": 100},
    }
    assert found.losses == ()


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-pro", "/models/gemini-2.5-pro"),
        ("models/gemini-2.5-pro", "/models/gemini-2.5-pro"),
        ("tunedModels/mine", "/tunedModels/mine"),
        ("a/b?c", "/models/a%2Fb%3Fc"),
    ],
)
@pytest.mark.parametrize(("stream", "method"), [(False, "generateContent"), (True, "streamGenerateContent?alt=sse")])
def test_the_path_names_model_and_method(model: str, path: str, stream: bool, method: str) -> None:
    assert encoded(request(stream=stream), model).path == f"{path}:{method}"


def test_the_place_on_vertex() -> None:
    to = target("gemini-2.5-pro", "vertex", location="europe-west1")
    root = "https://europe-west1-aiplatform.googleapis.com/v1beta1/projects/my-project/locations/europe-west1"
    assert to.base_url == f"{root}/publishers/google"
    assert (to.wire, to.auth) == ("gemini", "google")
    assert target("gemini-2.5-pro", "vertex").base_url.startswith("https://aiplatform.googleapis.com/v1beta1/")
    tuned = target("endpoints/123", "vertex")
    assert (tuned.wire, tuned.base_url[-28:]) == ("gemini", "/my-project/locations/global")
    assert encode(request(), tuned).path == "/endpoints/123:generateContent"
    claude = target("claude-sonnet-4-5@20250929", "vertex")
    assert (claude.wire, claude.base_url[-21:]) == ("anthropic-vertex", "/publishers/anthropic")


@pytest.mark.parametrize(
    ("fields", "expected", "lost"),
    [
        ({"max_tokens": 0}, {"maxOutputTokens": 1}, []),
        ({"max_tokens": 100000}, {"maxOutputTokens": 65536}, ["max_tokens"]),
        (
            {"temperature": 0.5, "top_p": 0.9, "top_k": 40},
            {"maxOutputTokens": 100, "temperature": 0.5, "topP": 0.9, "topK": 40},
            [],
        ),
        ({"stop_sequences": ["a", ""]}, {"maxOutputTokens": 100, "stopSequences": ["a"]}, []),
        (
            {"output_config": {"format": FORMAT}},
            {"maxOutputTokens": 100, "responseMimeType": "application/json", "responseJsonSchema": SCHEMA},
            [],
        ),
        (
            {"output_format": {**FORMAT, "name": "n"}},
            {"maxOutputTokens": 100, "responseMimeType": "application/json", "responseJsonSchema": SCHEMA},
            ["output_format.name"],
        ),
        ({"output_config": {"format": {"type": "xml"}}}, {"maxOutputTokens": 100}, ["output_config.format"]),
        (
            {"metadata": {"user_id": "u"}, "service_tier": "standard_only"},
            {"maxOutputTokens": 100},
            ["metadata.user_id", "service_tier"],
        ),
        ({"service_tier": "auto", "metadata": {}}, {"maxOutputTokens": 100}, []),
    ],
)
def test_settings(fields: dict[str, Any], expected: dict[str, Any], lost: list[str]) -> None:
    wish = request(**fields)
    assert body(wish, OLD)["generationConfig"] == expected
    assert losses(wish, OLD) == lost


def test_older_models_answer_less() -> None:
    wish = request(max_tokens=64000)
    assert body(wish, "gemini-2.0-flash")["generationConfig"] == {"maxOutputTokens": 8192}
    assert losses(wish, "gemini-2.0-flash") == ["max_tokens"]


def test_stop_sequences_beyond_five_are_enforced_here() -> None:
    found = encoded(request(stop_sequences=list("abcdefg")), OLD)
    assert json.loads(found.body)["generationConfig"]["stopSequences"] == list("abcde")
    assert found.local_stops == ("f", "g")
    assert found.losses == ()


def test_a_schema_for_the_answer_stands_beside_tools_from_gemini_3_on() -> None:
    wish = request(tools=[tool()], output_config={"format": FORMAT}, system="be")
    assert "responseJsonSchema" in body(wish, NEW)["generationConfig"]
    sent = body(wish, OLD)
    assert "responseJsonSchema" not in sent["generationConfig"]
    assert '"required": ["a"]' in sent["systemInstruction"]["parts"][1]["text"]
    assert losses(wish, OLD) == ["output_config.format"]


def test_a_schema_for_the_answer_that_is_nested_too_deep_goes_as_it_is() -> None:
    deep = b'{"items":' * 700 + b'{"const":1}' + b"}" * 700
    wish = request(output_config={"format": FORMAT})
    assert wish.output_config is not None
    assert wish.output_config.format is not None
    wish.output_config.format.schema = Raw(deep)
    assert deep in encoded(wish, OLD).body


def test_the_older_form_of_schemas_holds_for_answers_too() -> None:
    wish = request(output_config={"format": {"type": "json_schema", "schema": {**SCHEMA, "not": {}}}})
    sent = body(wish, OLD, tool_json_schema=False)["generationConfig"]
    assert sent["responseSchema"] == {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"]}
    assert losses(wish, OLD, tool_json_schema=False) == ["output_config.format.schema"]


def test_options_of_the_provider() -> None:
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    extra = {"cachedContent": "cachedContents/a"}
    sent = body(request(), OLD, safety_settings=safety, extra_body=extra, max_output_tokens=50)
    assert sent["safetySettings"] == safety
    assert sent["cachedContent"] == "cachedContents/a"
    assert sent["generationConfig"]["maxOutputTokens"] == 50
    assert "temperature" not in body(request(temperature=1), OLD, temperature=False)["generationConfig"]
    assert losses(request(temperature=1), OLD, temperature=False) == ["temperature"]


def test_names_and_ids_are_noted_for_the_answer() -> None:
    long = "mcp__" + "x" * 90
    found = encoded(request([user("a"), assistant(use("t1")), user(result("t1"))], tools=[tool(long)]))
    assert set(found.names.values()) == {long}
    assert found.used_ids == {"t1"}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"thread": {"id": "t"}}, ThreadUnsupported),
        ({"container": {"id": "c"}}, Uncarriable),
        ({"mcp_servers": [{"type": "url", "url": "https://example.com", "name": "m"}]}, Uncarriable),
        ({"messages": []}, InvalidRequest),
    ],
)
def test_what_must_not_be_lost_is_refused(fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        encode(request(**{"messages": "hi", **fields}), target())


def test_what_only_anthropic_knows_is_reported() -> None:
    wish = request(context_management={"edits": []}, cache_control={"type": "ephemeral"}, speed="fast")
    assert losses(wish) == ["cache_control", "context_management", "speed"]
