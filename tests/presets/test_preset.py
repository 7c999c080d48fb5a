from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ccproxy import presets
from ccproxy.presets import Api, OptionSpec, Preset, api, auth_headers, base_url, check_options, model_lists
from ccproxy.translate.dialect import Dialect


def preset(name: str) -> presets.Preset:
    found = presets.find(name)
    assert found is not None
    return found


DATED = {"api_version": "2024-10-21"}


@pytest.mark.parametrize(
    ("name", "given", "options", "expected"),
    [
        ("openai", None, {}, "https://api.openai.com/v1"),
        ("openai", "", {}, "https://api.openai.com/v1"),
        ("openai", "https://api.openai.com", {}, "https://api.openai.com/v1"),
        ("openai", "https://api.openai.com/", {}, "https://api.openai.com/v1"),
        ("openai", " HTTPS://api.openai.com/v1/ ", {}, "https://api.openai.com/v1"),
        ("openai", "https://api.openai.com/v1/chat/completions", {}, "https://api.openai.com/v1"),
        ("openai", "https://api.openai.com/v1/chat/completions/", {}, "https://api.openai.com/v1"),
        ("openai", "https://proxy.test/team/v1", {}, "https://proxy.test/team/v1"),
        ("openai", "https://proxy.test/v", {}, "https://proxy.test/v"),
        ("groq", "https://api.groq.com", {}, "https://api.groq.com/openai/v1"),
        ("groq", "https://api.groq.com/openai", {}, "https://api.groq.com/openai/v1"),
        ("openrouter", "https://openrouter.ai/api", {}, "https://openrouter.ai/api/v1"),
        ("deepseek", "https://api.deepseek.com", {}, "https://api.deepseek.com"),
        ("deepseek", "https://api.deepseek.com/v1", {}, "https://api.deepseek.com/v1"),
        ("zai", "https://api.z.ai/api/coding/paas/v4", {}, "https://api.z.ai/api/coding/paas/v4"),
        ("ollama", "http://gpu:11434", {}, "http://gpu:11434/v1"),
        ("openai-chat", "http://127.0.0.1:9", {}, "http://127.0.0.1:9/v1"),
        ("openai-chat", "http://127.0.0.1:9//v1//", {}, "http://127.0.0.1:9/v1"),
        ("openai-chat", "http://[::1]:9/v1", {}, "http://[::1]:9/v1"),
        ("openai-chat", "http://x.test/inference", {}, "http://x.test/inference"),
        (
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent",
            {},
            "https://generativelanguage.googleapis.com/v1beta",
        ),
        (
            "vertex",
            "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/google/models/"
            "gemini-2.5-pro:generateContent",
            {},
            "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5",
        ),
        ("openai-chat", "http://x.test/inference/chat/completions", {}, "http://x.test/inference"),
        ("openai-chat", "http://x.test/chat/completions", {}, "http://x.test/."),
        ("azure", "https://r.openai.azure.com", {}, "https://r.openai.azure.com/openai/v1"),
        ("azure", "https://r.openai.azure.com/openai", {}, "https://r.openai.azure.com/openai/v1"),
        ("azure", "https://r.openai.azure.com/openai/v1/chat/completions", {}, "https://r.openai.azure.com/openai/v1"),
        ("azure", "https://r.openai.azure.com", DATED, "https://r.openai.azure.com/openai"),
        ("azure", "https://r.openai.azure.com/openai/v1", DATED, "https://r.openai.azure.com/openai"),
        (
            "azure",
            "https://r.openai.azure.com/openai/deployments/d/chat/completions",
            DATED,
            "https://r.openai.azure.com/openai/deployments/d",
        ),
        ("azure", "https://r.services.ai.azure.com/models", DATED, "https://r.services.ai.azure.com/models"),
        ("azure", "https://r.openai.azure.com", {"api_version": "preview"}, "https://r.openai.azure.com/openai/v1"),
    ],
)
def test_base_url(name: str, given: str | None, options: dict[str, Any], expected: str) -> None:
    found = base_url(preset(name), given, options)
    assert found == expected
    assert base_url(preset(name), found, options) == expected


@pytest.mark.parametrize(
    ("name", "given", "word"),
    [
        ("openai-chat", None, "required with type openai-chat"),
        ("azure", None, "required"),
        ("openai", "api.openai.com/v1", "http or https"),
        ("openai", "ftp://x.test", "http or https"),
        ("openai", "https://", "http or https"),
        ("openai", "https://x.test:99999", "Port"),
        ("openai", "https://[x", "Invalid IPv6"),
        ("openai", "https://user:pw@x.test", "user name or password"),
        ("openai", "https://x.test/v1#a", "fragment"),
        ("openai", "https://x.test/v1?a=b", "query"),
        ("azure", "https://r.openai.azure.com/openai/v1?api-version=2024-10-21", "options.api_version"),
        ("azure", "https://r.openai.azure.com/openai/deployments/d", "options.api_version"),
    ],
)
def test_base_urls_that_cannot_be(name: str, given: str | None, word: str) -> None:
    with pytest.raises(ValueError, match=word) as refused:
        base_url(preset(name), given)
    assert "pw" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "key", "expected"),
    [
        ("openai", "k", {"authorization": "Bearer k"}),
        ("openai", None, {}),
        ("ollama", "", {}),
        ("azure", "k", {"api-key": "k"}),
    ],
)
def test_auth_headers(name: str, key: str | None, expected: dict[str, str]) -> None:
    assert auth_headers(preset(name), key) == expected


def test_a_preset_without_authentication_sends_no_key() -> None:
    silent = msgspec.structs.replace(preset("openai"), auth="none", headers={"x-title": "t"})
    assert auth_headers(silent, "k") == {"x-title": "t"}


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("openai", {}, "/models"),
        ("azure", {}, "/models"),
        ("azure", {"api_version": "2024-10-21"}, "/models?api-version=2024-10-21"),
        ("openai", {"api_version": "2024-10-21"}, "/models"),
    ],
)
def test_where_models_are_listed(name: str, options: dict[str, Any], expected: str) -> None:
    assert model_lists(preset(name), "http://localhost:1/v1", options) == (f"http://localhost:1/v1{expected}",)


def test_where_models_are_listed_without_options() -> None:
    assert model_lists(preset("azure"), "http://localhost:1") == ("http://localhost:1/models",)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("openai", {}),
        ("openai-chat", {"images": "none", "top_k": True, "max_output_tokens": 4096, "efforts": ["low", "high"]}),
        ("openrouter", {"extra_body": {"provider": {"order": ["x"]}}}),
        ("azure", {"api_version": "2024-10-21", "deployment": "d"}),
        ("openai-chat", {"choice_required": "", "stop_limit": 0}),
    ],
)
def test_options_that_fit(name: str, options: dict[str, Any]) -> None:
    check_options(preset(name), options)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        (
            "openai",
            {"api_version": "2024-10-21"},
            r"^options\.api_version: unknown for type openai; known are .*extra_body",
        ),
        ("openai", {"top_k": 1}, r"^options\.top_k: must be of type boolean"),
        ("openai", {"stop_limit": True}, r"^options\.stop_limit: must be of type integer"),
        ("openai", {"stop_limit": -1}, r"^options\.stop_limit: must not be negative"),
        ("openai", {"images": "all"}, r"^options\.images: 'all' is not one of 'none', 'data', 'any'"),
        ("openai", {"efforts": ["low", "huge"]}, r"^options\.efforts: 'huge' is not one of"),
        ("openai", {"efforts": [1]}, r"^options\.efforts: 1 is not one of"),
        ("openai", {"extra_body": []}, r"^options\.extra_body: must be of type object"),
    ],
)
def test_options_that_do_not_fit(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_options(preset(name), options)


BEDROCK = Preset(
    name="cloud-b",
    wire="openai-chat",
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    docs="A cloud whose host names the region.",
    version="",
    auth="aws",
    options={"region": OptionSpec("string", "The region.", default="us-east-1")},
)
VERTEX = Preset(
    name="cloud-v",
    wire="openai-chat",
    base_url="https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}",
    docs="A cloud whose path names the project.",
    hosts={"global-aiplatform.googleapis.com": "aiplatform.googleapis.com"},
    version="/v1/projects/{project}/locations/{location}",
    auth="google",
    options={
        "location": OptionSpec("string", "The location.", default="global"),
        "project": OptionSpec("string", "The project."),
    },
)
EUROPE = "https://europe-west4-aiplatform.googleapis.com"
IN_EUROPE = {"project": "p1", "location": "europe-west4"}


@pytest.mark.parametrize(
    ("preset", "given", "options", "expected"),
    [
        (BEDROCK, None, {}, "https://bedrock-runtime.us-east-1.amazonaws.com"),
        (BEDROCK, None, {"region": "eu-west-1"}, "https://bedrock-runtime.eu-west-1.amazonaws.com"),
        (BEDROCK, "http://localhost:9/", {"region": "eu-west-1"}, "http://localhost:9"),
        (VERTEX, None, IN_EUROPE, f"{EUROPE}/v1/projects/p1/locations/europe-west4"),
        (VERTEX, None, {"project": "p1"}, "https://aiplatform.googleapis.com/v1/projects/p1/locations/global"),
        (VERTEX, EUROPE, IN_EUROPE, f"{EUROPE}/v1/projects/p1/locations/europe-west4"),
        (VERTEX, f"{EUROPE}/v1/", IN_EUROPE, f"{EUROPE}/v1/projects/p1/locations/europe-west4"),
        (VERTEX, f"{EUROPE}/v1/projects/p2/locations/x", IN_EUROPE, f"{EUROPE}/v1/projects/p2/locations/x"),
        (VERTEX, "https://aiplatform.googleapis.com/v1", {}, "https://aiplatform.googleapis.com/v1"),
    ],
)
def test_base_urls_that_options_are_a_part_of(
    preset: Preset, given: str | None, options: dict[str, Any], expected: str
) -> None:
    found = base_url(preset, given, options)
    assert found == expected
    assert base_url(preset, found, options) == expected


@pytest.mark.parametrize("given", [None, "https://aiplatform.googleapis.com"])
def test_an_option_without_a_default_is_required_where_the_address_needs_it(given: str | None) -> None:
    with pytest.raises(ValueError, match=r"^options\.project: is required"):
        base_url(VERTEX, given, {"location": "x"})


def test_an_option_that_could_change_the_host_does_not_fit() -> None:
    check_options(VERTEX, IN_EUROPE)
    with pytest.raises(ValueError, match=r"^options\.location: must be lower-case letters"):
        check_options(VERTEX, {"location": "evil.test/"})
    with pytest.raises(ValueError, match=r"^options\.project: must be letters"):
        check_options(VERTEX, {"project": "../x"})


LISTED = msgspec.structs.replace(
    VERTEX,
    dialect=Dialect(models_path=""),
    lists=("https://{location}-aiplatform.googleapis.com/v1/models?a=b", "https://x.test/y"),
)


@pytest.mark.parametrize(
    ("options", "base", "expected"),
    [
        (IN_EUROPE, None, (f"{EUROPE}/v1/models?a=b", "https://x.test/y")),
        ({"project": "p1"}, None, ("https://aiplatform.googleapis.com/v1/models?a=b", "https://x.test/y")),
        (IN_EUROPE, "http://localhost:9/v1/p", ("http://localhost:9/v1/models?a=b", "http://localhost:9/y")),
        ({}, "http://[::1]:9", ("http://[::1]:9/v1/models?a=b", "http://[::1]:9/y")),
    ],
)
def test_lists_that_are_elsewhere(options: dict[str, Any], base: str | None, expected: tuple[str, ...]) -> None:
    assert model_lists(LISTED, base_url(LISTED, base, options) if base is None else base, options) == expected


def test_a_list_that_only_says_more_is_the_provider_s_own() -> None:
    xai = preset("xai")
    assert model_lists(xai, "https://api.x.ai/v1") == ("https://api.x.ai/v1/language-models",)
    assert model_lists(xai, "http://localhost:9/v1") == ("http://localhost:9/v1/models",)


def test_a_provider_without_a_list() -> None:
    silent = msgspec.structs.replace(preset("openai"), dialect=Dialect(models_path=""))
    assert model_lists(silent, "https://api.openai.com/v1") == ()


APIS = Preset(
    name="several",
    wire="openai-chat",
    base_url="https://several.test/v1",
    docs="A provider with several APIs.",
    apis=(
        Api(name="responses", wire="openai-responses", models=r"^gpt-5|^o\d"),
        Api(name="messages", wire="anthropic", models=r"claude", root="/anthropic"),
        Api(name="responses", wire="openai-responses", models=r"^codex"),
        Api(name="chat", wire="openai-chat", models=r"^gpt-4"),
    ),
)


@pytest.mark.parametrize(
    ("model", "options", "name", "wire"),
    [
        ("gpt-5.4", {}, "responses", "openai-responses"),
        ("O3-mini", {}, "responses", "openai-responses"),
        ("us.anthropic.Claude-9", {}, "messages", "anthropic"),
        ("codex-1", {}, "responses", "openai-responses"),
        ("gpt-4o", {}, "chat", "openai-chat"),
        ("llama", {}, "", "openai-chat"),
        ("", {}, "", "openai-chat"),
        ("gpt-5.4", {"api": "chat"}, "chat", "openai-chat"),
        ("llama", {"api": "messages"}, "messages", "anthropic"),
        ("gpt-5.4", {"api": ""}, "responses", "openai-responses"),
    ],
)
def test_the_api_that_serves_a_model(model: str, options: dict[str, Any], name: str, wire: str) -> None:
    found = api(APIS, model, options)
    assert (found.name, found.wire) == (name, wire)


def test_an_api_can_be_pinned_where_there_are_several() -> None:
    check_options(APIS, {"api": "chat"})
    with pytest.raises(ValueError, match=r"^options\.api: 'other' is not one of 'responses', 'messages', 'chat'"):
        check_options(APIS, {"api": "other"})
    with pytest.raises(ValueError, match=r"^options\.mode: unknown for type several; known are api, prices$"):
        check_options(APIS, {"mode": "x"})
    with pytest.raises(ValueError, match=r"^options\.api: unknown for type cerebras"):
        check_options(preset("cerebras"), {"api": "chat"})
