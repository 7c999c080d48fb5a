"""The form of a route in JSON, without HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ccproxy.errors import InvalidRequest
from ccproxy.store.routes import Match, Route, RouteTarget
from ccproxy.web.route_schemas import read_route, show_route

WHEN = datetime(2026, 11, 23, 9, 30, 0, 123456, tzinfo=UTC)
TARGET = RouteTarget(provider="p", model="m")

FULL = {
    "name": "All of it: gpt/5",
    "match": {
        "model": ["claude-*", "opus"],
        "scenario": "think",
        "min_input_tokens": 1,
        "min_effort": "xhigh",
        "headers": {"x-team": "nine \u00e9"},
        "key": ["ann", "bob"],
        "agent": "subagent",
    },
    "targets": [
        {"provider": "groq", "model": "a/b", "weight": 0, "parameters": {"temperature": 0.5, "thinking": "off"}},
        {"provider": "openai", "model": "gpt-5", "weight": 1000, "parameters": {}},
    ],
    "strategy": "cheapest",
    "priority": -1000,
    "enabled": False,
    "retries": 5,
    "first_byte_timeout": 1.5,
    "resume": True,
    "capture": "errors",
}


def test_what_is_read_is_shown_again() -> None:
    route = Route(**read_route(FULL), created_at=WHEN, updated_at=WHEN)
    stamp = "2026-11-23T09:30:00.123Z"
    assert show_route(route) == {**FULL, "created_at": stamp, "updated_at": stamp}


def test_a_match_that_says_nothing_is_shown_empty() -> None:
    assert show_route(Route(name="a", targets=(TARGET,)))["match"] == {}


@pytest.mark.parametrize(
    ("document", "given"),
    [
        ({}, {}),
        ({"name": " a b "}, {"name": "a b"}),
        ({"name": "x" * 200}, {"name": "x" * 200}),
        ({"name": "models/.../A:b@c?d#e%20"}, {"name": "models/.../A:b@c?d#e%20"}),
        ({"targets": ["p/m"]}, {"targets": (TARGET,)}),
        ({"targets": [" p , m "]}, {"targets": (TARGET,)}),
        ({"targets": ["p,m/n,o"]}, {"targets": (RouteTarget(provider="p", model="m/n,o"),)}),
        ({"targets": [{"provider": " p ", "model": "m"}, "p/m"]}, {"targets": (TARGET, TARGET)}),
        ({"match": {}}, {"match": Match()}),
        ({"match": dict.fromkeys(FULL["match"])}, {"match": Match()}),  # type: ignore[call-overload]
        ({"match": {"model": "opus", "key": "ann"}}, {"match": Match(models=("opus",), keys=("ann",))}),
        ({"match": {"headers": {"X-Team": ""}}}, {"match": Match(headers={"x-team": ""})}),
        ({"match": {"headers": {"X-Team": " a b\t"}}}, {"match": Match(headers={"x-team": "a b"})}),
        ({"priority": 1000, "retries": 0}, {"priority": 1000, "retries": 0}),
        ({"first_byte_timeout": None}, {"first_byte_timeout": None}),
        ({"first_byte_timeout": 3600}, {"first_byte_timeout": 3600.0}),
        ({"match": {"min_input_tokens": 10**12}}, {"match": Match(min_input_tokens=10**12)}),
    ],
)
def test_what_is_given_is_read(document: dict[str, Any], given: dict[str, Any]) -> None:
    assert read_route(document) == given


def target(**fields: Any) -> dict[str, Any]:
    return {"targets": ["p/m", {"provider": "p", "model": "m", **fields}]}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (None, "body: must be an object"),
        (["a"], "body: must be an object"),
        ({"nonsense": 1}, "nonsense: is not a field of a route"),
        ({"created_at": "now"}, "created_at: is not a field of a route"),
        ({"name": ""}, "name: must not be empty"),
        ({"name": None}, "name: must not be null"),
        ({"name": "Only"}, "name: must not be only, which is what decides where no route does"),
        ({"name": "a\nb"}, "name: must hold no line ends or control characters"),
        ({"name": "x" * 201}, "name: must not be longer than 200 characters"),
        ({"name": "/a"}, "name: must not begin or end with a slash"),
        ({"name": "a/"}, "name: must not begin or end with a slash"),
        ({"name": "a//b"}, "name: must not begin or end with a slash"),
        ({"name": "a/../b"}, "name: must not begin or end with a slash"),
        ({"name": "."}, "name: must not begin or end with a slash"),
        ({"targets": None}, "targets: must be a list"),
        ({"targets": {}}, "targets: must be a list"),
        ({"targets": []}, "targets: must hold at least one"),
        ({"targets": ["p/m"] * 101}, "targets: must not hold more than 100"),
        ({"targets": ["p/m", 5]}, "targets.1: must be an object"),
        ({"targets": ["p/m", None]}, "targets.1: must be an object"),
        ({"targets": ["model-alone"]}, "targets.0: must be 'provider/model' or an object"),
        ({"targets": ["/m", "p/ "]}, "targets.0: must be 'provider/model' or an object; targets.1: must be"),
        ({"targets": ["No Name/m"]}, "targets.0.provider: must be 1 to 63 of a-z 0-9 . _ -"),
        ({"targets": [{}]}, "targets.0.provider: is missing; targets.0.model: is missing"),
        (target(model=""), "targets.1.model: must not be empty"),
        (target(weight=None), "targets.1.weight: must be a whole number from 0 to 1000"),
        (target(parameters=None), "targets.1.parameters: must be an object"),
        ({"priority": None}, "priority: must be a whole number from -1000 to 1000"),
        (target(weight=-1), "targets.1.weight: must be a whole number from 0 to 1000"),
        (target(weight=1001), "targets.1.weight: must be a whole number from 0 to 1000"),
        (target(weight=1.0), "targets.1.weight: must be a whole number from 0 to 1000"),
        (target(weight=True), "targets.1.weight: must be a whole number from 0 to 1000"),
        (target(colour="red"), "targets.1.colour: is not a field of a target"),
        (target(parameters=[]), "targets.1.parameters: must be an object"),
        (target(parameters={"temperature": 3}), "targets.1.parameters.temperature: expected a number from 0 to 2"),
        (target(parameters={"mood": 1}), "targets.1.parameters.mood: no such parameter"),
        (
            target(parameters={"thinking": {"type": "enabled"}}),
            "targets.1.parameters.thinking.budget_tokens: expected an integer of at least 1024",
        ),
        ({"match": None}, "match: must be an object"),
        ({"match": {"headers": {"Authorization": "Bearer x"}}}, "match.headers.Authorization: holds credentials"),
        ({"match": {"headers": {"x-api-key": "x"}}}, "match.headers.x-api-key: holds credentials"),
        ({"match": "opus"}, "match: must be an object"),
        ({"match": {"models": ["a"]}}, "match.models: is not a part of a match"),
        ({"match": {"model": []}}, "match.model: must not be empty"),
        ({"match": {"model": ""}}, "match.model: must not be empty"),
        ({"match": {"model": ["a", ""]}}, "match.model.1: must not be empty"),
        ({"match": {"model": 5}}, "match.model: must be a string or a list of strings"),
        ({"match": {"key": ["k"] * 201}}, "match.key: must not hold more than 200"),
        ({"match": {"scenario": "longContext"}}, "match.scenario: must be one of default, background, think"),
        (
            {"match": {"min_input_tokens": 0}},
            "match.min_input_tokens: must be a whole number from 1 to 1000000000000000",
        ),
        (
            {"match": {"min_input_tokens": 10**30}},
            "match.min_input_tokens: must be a whole number from 1 to 1000000000000000",
        ),
        ({"match": {"scenario": "think", "min_effort": "none"}}, "match.min_effort: must be one of low, medium, high"),
        ({"match": {"min_effort": "low"}}, "match.min_effort: belongs to the scenario think"),
        ({"match": {"headers": []}}, "match.headers: must be an object of header names and values"),
        ({"match": {"headers": {"a b": "x"}}}, "match.headers.a b: is not a header name"),
        ({"match": {"headers": {"x_team": "x"}}}, "match.headers.x_team: is no header that requests are matched by"),
        (
            {"match": {"headers": {"Content-Type": "x"}}},
            "match.headers.Content-Type: is no header that requests are matched by",
        ),
        ({"match": {"headers": {"a": 5}}}, "match.headers.a: must be one line of Latin-1 characters"),
        ({"match": {"headers": {"a": "x\ny"}}}, "match.headers.a: must be one line of Latin-1 characters"),
        ({"match": {"headers": {"X-A": "1", "x-a": "2"}}}, "match.headers.x-a: is given twice"),
        ({"match": {"headers": {f"x-{n}": "" for n in range(201)}}}, "match.headers: must not hold more than 200"),
        ({"match": {"agent": "boss"}}, "match.agent: must be one of main, subagent"),
        ({"strategy": "random"}, "strategy: must be one of fallback, weighted, fastest, cheapest"),
        ({"strategy": None}, "strategy: must not be null"),
        ({"priority": 1001}, "priority: must be a whole number from -1000 to 1000"),
        ({"priority": "5"}, "priority: must be a whole number from -1000 to 1000"),
        ({"enabled": 1}, "enabled: must be true or false"),
        ({"resume": "yes"}, "resume: must be true or false"),
        ({"capture": "some"}, "capture: must be one of off, errors, all"),
        ({"retries": 6}, "retries: must be a whole number from 0 to 5"),
        ({"first_byte_timeout": 0.5}, "first_byte_timeout: must be a number of seconds from 1 to 3600, or null"),
        ({"first_byte_timeout": 3601}, "first_byte_timeout: must be a number of seconds from 1 to 3600, or null"),
        ({"first_byte_timeout": True}, "first_byte_timeout: must be a number of seconds"),
        ({"first_byte_timeout": float("nan")}, "first_byte_timeout: must be a number of seconds"),
        ({"priority": "x", "retries": -1}, "priority: must be a whole number from -1000 to 1000; retries: must be a"),
    ],
)
def test_a_fault_names_its_path(document: Any, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_route(document)
    assert caught.value.message.startswith(message)


def test_a_long_value_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_route(target(parameters={"effort": "x" * 5000}))
    assert len(caught.value.message) < 500
