"""Fields together, where HTTP is not needed to see it: for the providers of a config file, and broken ones."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy import presets
from ccproxy.errors import InvalidRequest
from ccproxy.gateway import endpoints
from ccproxy.presets import OptionSpec, Preset
from ccproxy.store.providers import Provider
from ccproxy.web.definitions import define
from ccproxy.web.schemas import read_provider


def unwanted(host: str, port: int) -> list[str]:
    raise AssertionError(f"asked for {host}:{port}")


def test_the_config_file_s_providers_are_defined_without_waiting_for_names() -> None:
    document = {"name": "local", "apiBaseUrl": "http://metadata.example/v1", "apiKey": "k"}
    assert define(read_provider(document), resolve=None) == {
        "name": "local",
        "type": "openai-chat",
        "api_base_url": "http://metadata.example/v1",
        "api_key": "k",
        "models": (),
        "enabled": True,
        "headers": {},
        "options": {},
    }


def test_a_name_is_only_resolved_where_the_address_may_have_changed() -> None:
    known = Provider(name="groq", type="groq", api_base_url="https://api.groq.com/openai/v1", api_key="k")
    fields = define({"models": ["m"]}, known, unwanted)
    assert (fields["models"], fields["api_base_url"]) == (("m",), known.api_base_url)
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return []

    define({"type": "openai"}, known, resolve)
    assert asked == ["api.openai.com"]


def test_one_of_a_type_that_is_gone_can_be_changed_to_another() -> None:
    known = Provider(name="old", type="gone", api_base_url="http://localhost:1/v1")
    with pytest.raises(InvalidRequest, match=r"type: not known; there is .*groq.*openai-chat"):
        define({"models": ["m"]}, known, None)
    assert define({"type": "openai-chat"}, known, None)["api_base_url"] == "http://localhost:1/v1"


@pytest.fixture
def choosy(monkeypatch: pytest.MonkeyPatch) -> None:
    preset = Preset(
        name="choosy",
        wire="openai-chat",
        base_url="http://localhost:5/v1",
        docs="A preset with options",
        options={"mode": OptionSpec(type="string", meaning="how", choices=("fast", "slow"))},
    )
    find = presets.find
    monkeypatch.setattr(presets, "find", lambda type: preset if type == "choosy" else find(type))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"mode": "none"}, "options.mode: "), ({"mode": 1}, "options.mode: "), ({"mood": "fast"}, "options.mood: ")],
)
@pytest.mark.usefixtures("choosy")
def test_options_are_the_preset_s(options: dict[str, Any], words: str) -> None:
    assert define({"name": "choosy", "options": {"mode": "slow"}}, resolve=None)["options"] == {"mode": "slow"}
    with pytest.raises(InvalidRequest) as caught:
        define({"name": "choosy", "options": options}, resolve=None)
    assert caught.value.message.startswith(words)


@pytest.mark.parametrize("preset", presets.PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_s_own_address_is_one_that_a_provider_may_have(preset: Preset) -> None:
    if preset.base_url:
        endpoints.check(preset.base_url, None)
        fields = define({"name": preset.name, "api_base_url": preset.base_url}, resolve=None)
        # what is stored is a fixed point: it is read again on every change
        assert presets.base_url(preset, fields["api_base_url"], {}) == fields["api_base_url"]
