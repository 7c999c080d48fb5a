from __future__ import annotations

import pytest

from ccproxy.presets import anthropic, auth_headers, base_url, check_options, find
from ccproxy.presets.preset import Preset
from ccproxy.translate.dialect import OVERRIDES, resolve

ALL = {preset.name: preset for preset in anthropic.ALL}


def test_all_speak_it() -> None:
    assert len(ALL) == 12
    for name, preset in ALL.items():
        assert find(name) is preset
        assert preset.wire == "anthropic"
        assert preset.dialect.models_path.partition("?")[0] == "/v1/models"
        assert name == "anthropic" or name.removesuffix("-anthropic") in ("azure", *_plain())


def _plain() -> list[str]:
    return [name.removesuffix("-anthropic") for name in ALL if find(name.removesuffix("-anthropic")) is not None]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("added", ["", "/", "/v1", "/v1/", "/v1/messages", "/v1/messages/", "/v1/messages/batches"])
def test_a_base_url_in_any_form(name: str, added: str) -> None:
    preset = ALL[name]
    own = preset.base_url or "https://res.services.ai.azure.com/anthropic"
    host = own.removesuffix(preset.version)
    assert base_url(preset, own + added) == own
    assert base_url(preset, host) == own
    assert base_url(preset, base_url(preset, own + added)) == own


@pytest.mark.parametrize("added", ["", "/v1", "/v1/messages", "/v1/messages/count_tokens"])
def test_a_gateway_may_be_anywhere(added: str) -> None:
    for root in ("https://gateway.example", "https://gateway.example/llm/anthropic", "http://127.0.0.1:9/v10"):
        assert base_url(ALL["anthropic"], root + added) == root


@pytest.mark.parametrize(
    ("name", "header"),
    [("anthropic", "x-api-key"), ("azure-anthropic", "x-api-key"), ("zai-anthropic", "authorization")],
)
def test_how_the_key_is_sent(name: str, header: str) -> None:
    assert list(auth_headers(ALL[name], "k")) == [header]


def test_local_servers_need_no_key() -> None:
    local = {name for name, preset in ALL.items() if not preset.key_required}
    assert local == {"ollama-anthropic", "vllm-anthropic", "lmstudio-anthropic", "llamacpp-anthropic"}


def test_only_anthropic_owns_a_key_of_the_environment() -> None:
    assert [name for name, preset in ALL.items() if preset.key_env] == ["anthropic"]


@pytest.mark.parametrize("preset", ALL.values(), ids=ALL)
def test_threads_and_ids(preset: Preset) -> None:
    assert preset.dialect.threads == (preset.name == "anthropic")
    assert preset.dialect.own_ids == (preset.name in ("anthropic", "azure-anthropic"))


def test_options_are_the_dialects() -> None:
    assert set(anthropic.OPTIONS) <= set(OVERRIDES)
    options = {"threads": False, "betas": ["a"], "refused_fields": ["thread"], "counts_tokens": False}
    check_options(ALL["anthropic"], options)
    dialect = resolve(anthropic.ANTHROPIC, "claude", options)
    assert (dialect.threads, dialect.betas, dialect.refused_fields) == (False, ("a",), ("thread",))
    assert not dialect.counts_tokens


def test_claude_in_other_clouds() -> None:
    for dialect in (anthropic.VERTEX, anthropic.BEDROCK, anthropic.AZURE):
        assert not dialect.threads
        assert dialect.signed_thinking
        assert dialect.counts_tokens
        assert not dialect.batches
    assert anthropic.BEDROCK.betas is not None
    assert "interleaved-thinking-2025-05-14" in anthropic.BEDROCK.betas
    assert list(anthropic.BEDROCK.betas) == sorted(anthropic.BEDROCK.betas)
