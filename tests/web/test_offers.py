"""What a start offers, and how it says where a fault is in the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccproxy.errors import SettingsError
from ccproxy.settings import Settings, load
from ccproxy.store.routes import Match, RouteTarget
from ccproxy.web.offers import offered_providers, offered_routes

Make = Callable[[dict[str, Any]], Settings]


@pytest.fixture
def settings(tmp_path: Path) -> Make:
    def make(content: dict[str, Any]) -> Settings:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return load({"CCPROXY_CONFIG": str(path)})

    return make


def test_providers_are_complete_and_their_names_are_not_resolved(settings: Make) -> None:
    [groq, box] = offered_providers(
        settings(
            {"providers": [{"name": "groq", "apiKeys": ["a", "b"]}, {"name": "box", "apiBaseUrl": "http://no/v1"}]}
        )
    )
    assert (groq["type"], groq["api_key"], groq["api_keys"]) == ("groq", "a", ("a", "b"))
    assert (box["type"], box["api_base_url"], box["enabled"]) == ("openai-chat", "http://no/v1", True)


def test_the_plain_form_means_scenarios_and_exact_names(settings: Make) -> None:
    routes = {
        "default": "groq/a/b",
        "webSearch": "groq,c",
        "gpt-5": {"provider": "box", "model": "m", "weight": 0, "parameters": {"effort": "low"}},
    }
    assert list(offered_routes(settings({"routes": routes}))) == [
        {
            "name": "default",
            "match": Match(scenario="default"),
            "targets": (RouteTarget(provider="groq", model="a/b"),),
        },
        {
            "name": "webSearch",
            "match": Match(scenario="web_search"),
            "targets": (RouteTarget(provider="groq", model="c"),),
        },
        {
            "name": "gpt-5",
            "match": Match(models=("gpt-5",)),
            "targets": (RouteTarget(provider="box", model="m", weight=0, parameters={"effort": "low"}),),
        },
    ]


def test_both_forms_mean_the_same(settings: Make) -> None:
    plain = {"longContext": "groq/a", "gpt-5": {"provider": "box", "model": "m"}}
    full = [
        {"name": "longContext", "match": {"scenario": "long_context"}, "targets": ["groq/a"]},
        {"name": "gpt-5", "match": {"model": ["gpt-5"]}, "targets": [{"provider": "box", "model": "m"}]},
    ]
    assert list(offered_routes(settings({"routes": plain}))) == list(offered_routes(settings({"routes": full})))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"providers": [{"name": "groq"}, {"name": "box", "type": "nope"}]}, "providers.1.type: not known"),
        ({"providers": [{"name": "groq", "api_keys": ["a", ""]}]}, "providers.0.api_keys.1: must not be empty"),
        ({"routes": {"default": "model-alone"}}, "routes.default: must be 'provider/model' or an object"),
        ({"routes": {"default": "/m"}}, "routes.default: must be 'provider/model' or an object"),
        ({"routes": {"default": {"provider": "a"}}}, "routes.default.model: is missing"),
        ({"routes": {"default": {"provider": "a", "model": 1}}}, "routes.default.model: must be a string"),
        ({"routes": {"default": {"provider": "a", "model": "m", "x": 1}}}, "routes.default.x: is not a field of a"),
        (
            {"routes": {"think": {"provider": "a", "model": "m", "parameters": {"temperature": 7}}}},
            "routes.think.parameters.temperature: expected a number from 0 to 2, got 7",
        ),
        ({"routes": {"a//b": "groq/m"}}, "routes.a//b.name: must not begin or end with a slash"),
        ({"routes": [{"name": "a"}]}, "routes.0.targets: is missing"),
        ({"routes": [{"name": "a", "targets": []}]}, "routes.0.targets: must hold at least one"),
        ({"routes": [{"name": "a", "targets": ["nope"]}]}, "routes.0.targets.0: must be 'provider/model' or an object"),
        (
            {
                "routes": [
                    {"name": "a", "targets": ["p/m"]},
                    {"name": "b", "targets": ["p/m"], "match": {"scenario": 1}},
                ]
            },
            "routes.1.match.scenario: must be a string",
        ),
    ],
)
def test_a_fault_is_one_line_that_names_the_key_path(settings: Make, content: dict[str, Any], words: str) -> None:
    offered = settings(content)
    with pytest.raises(SettingsError) as raised:
        [*offered_providers(offered), *offered_routes(offered)]
    assert raised.value.message.startswith(f"config file {offered.config_path}: {words}")
    assert "\n" not in raised.value.message
