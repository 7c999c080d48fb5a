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
from tests.gateway.credentials.accounts import PAIR, service_account, user


def unwanted(host: str, port: int) -> list[str]:
    raise AssertionError(f"asked for {host}:{port}")


def test_the_config_file_s_providers_are_defined_without_waiting_for_names() -> None:
    document = {"name": "local", "apiBaseUrl": "http://metadata.example/v1", "apiKey": "k"}
    assert define(read_provider(document), resolve=None) == {
        "name": "local",
        "type": "openai-chat",
        "api_base_url": "http://metadata.example/v1",
        "api_key": "k",
        "api_keys": (),
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
    with pytest.raises(InvalidRequest, match=r"type: not known; there is .*groq.*openai-chat, openai-responses"):
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


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clouds whose options are a part of the address."""
    of_type = {
        name: Preset(
            name=name,
            wire="openai-chat",
            base_url=f"https://{name}-{{region}}.test/v1/{{project}}",
            docs="A cloud.",
            version="/v1/{project}",
            options={
                "region": OptionSpec("string", "The region.", default="x-1"),
                "project": OptionSpec("string", "The project."),
            },
        )
        for name in ("sky", "sea")
    }
    find = presets.find
    monkeypatch.setattr(presets, "find", lambda type: of_type.get(type) or find(type))


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"options": {"project": "p"}}, "https://sky-x-1.test/v1/p"),
        ({"options": {"project": "p", "region": "z-9"}}, "https://sky-z-9.test/v1/p"),
        ({"models": ["m"]}, "https://sky-y-1.test/v1/p"),
        ({"type": "sea"}, "https://sea-y-1.test/v1/p"),
        ({"type": "openai", "options": {}}, "https://api.openai.com/v1"),
        ({"api_base_url": "http://localhost:1/v1/q"}, "http://localhost:1/v1/q"),
    ],
)
@pytest.mark.usefixtures("placed")
def test_a_preset_s_own_address_follows_the_options(given: dict[str, Any], url: str) -> None:
    fields = define({"name": "sky", "options": {"project": "p", "region": "y-1"}}, resolve=None)
    assert fields["api_base_url"] == "https://sky-y-1.test/v1/p"
    assert define(given, Provider(**fields), resolve=None)["api_base_url"] == url


@pytest.mark.usefixtures("placed")
def test_an_address_that_was_given_stays_when_the_options_change() -> None:
    fields = define({"name": "sky", "api_base_url": "http://localhost:1/v1/q"}, resolve=None)
    changed = define({"options": {"project": "p", "region": "z-9"}}, Provider(**fields), resolve=None)
    assert changed["api_base_url"] == "http://localhost:1/v1/q"
    given_up = define({"options": {"project": "p"}, "api_base_url": None}, Provider(**changed), resolve=None)
    assert given_up["api_base_url"] == "https://sky-x-1.test/v1/p"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "options.project: is required"),
        ({"project": "p", "region": "evil.test/"}, "options.region: must be lower-case"),
        ({"project": "p", "region": 1}, "options.region: must be of type string"),
    ],
)
@pytest.mark.usefixtures("placed")
def test_an_option_that_the_address_needs_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        define({"name": "sky", "options": options}, resolve=None)
    assert caught.value.message.startswith(words)


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two providers whose requests are signed, or need a token."""
    auths: dict[str, Any] = {"amazon": "aws", "alphabet": "google"}
    of_type = {
        name: Preset(name=name, wire="openai-chat", base_url="http://localhost:5/v1", docs="A cloud.", auth=auth)
        for name, auth in auths.items()
    }
    find = presets.find
    monkeypatch.setattr(presets, "find", lambda type: of_type.get(type) or find(type))


@pytest.mark.usefixtures("clouds")
def test_a_key_has_a_form_that_its_provider_takes() -> None:
    assert define({"name": "amazon", "api_key": PAIR}, resolve=None)["api_key"] == PAIR
    account = service_account()
    fields = define({"name": "alphabet", "api_key": account}, resolve=None)
    assert fields["api_key"] == account
    assert define({"name": "alphabet", "api_key": user()}, resolve=None)["api_key"] == user()
    known = Provider(**fields)
    assert define({"models": ["m"]}, known, unwanted)["api_key"] == account
    with pytest.raises(InvalidRequest, match=r"^api_key: is JSON, and the provider takes a key that is one word"):
        define({"type": "groq"}, known, resolve=None)
    with pytest.raises(InvalidRequest, match=r"^api_key: is JSON without private_key"):
        define({"api_key": service_account(private_key="")}, known, resolve=None)


def test_a_service_account_s_project_is_the_one_unless_another_is_given() -> None:
    account = service_account(project_id="project-7")
    fields = define({"name": "vertex", "api_key": account}, resolve=None)
    assert fields["options"] == {"project": "project-7"}
    assert fields["api_base_url"].endswith("/projects/project-7/locations/global")
    known = Provider(**fields)
    moved = define({"options": {"location": "us"}}, known, resolve=None)
    assert moved["api_base_url"].endswith("/projects/project-7/locations/us")
    other = define({"options": {"project": "project-8"}}, known, resolve=None)
    assert other["api_base_url"].endswith("/projects/project-8/locations/global")
    for key in (None, "an-api-key", user(), service_account(project_id=None)):
        with pytest.raises(InvalidRequest, match=r"^options\.project: is required"):
            define({"name": "vertex", "api_key": key}, resolve=None)
    with pytest.raises(InvalidRequest, match=r"^options\.project: must be letters"):
        define({"name": "vertex", "api_key": service_account(project_id="../x")}, resolve=None)


@pytest.mark.parametrize(
    ("where", "addresses"),
    [("http://169.254.169.254/token", []), ("https://tokens.test/token", ["169.254.169.254"]), ("file:///a", [])],
)
@pytest.mark.usefixtures("clouds")
def test_tokens_are_fetched_where_a_provider_could_be(where: str, addresses: list[str]) -> None:
    with pytest.raises(InvalidRequest, match=r"^api_key: "):
        define({"name": "alphabet", "api_key": service_account(where)}, resolve=lambda host, port: addresses)


@pytest.mark.parametrize("preset", presets.PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_s_own_address_is_one_that_a_provider_may_have(preset: Preset) -> None:
    if preset.base_url:
        options = dict.fromkeys(presets.template.holes(preset.base_url), "somewhere-1")
        own = presets.base_url(preset, None, options)
        endpoints.check(own, None)
        fields = define({"name": preset.name, "api_base_url": own, "options": options}, resolve=None)
        # what is stored is a fixed point: it is read again on every change
        assert presets.base_url(preset, fields["api_base_url"], options) == fields["api_base_url"]
