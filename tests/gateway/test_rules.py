"""One route made ready: its targets that are to be had, and whether its match holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.gateway.asked import Asked
from ccproxy.gateway.rules import LONG, SCENARIOS, Rule, quoted
from ccproxy.store.routes import Match, Route, RouteTarget
from ccproxy.translate.parse import parse


def rule(*providers: str, **match: Any) -> Rule:
    targets = tuple(RouteTarget(provider=name, model="m") for name in providers or ("there",))
    return Rule.of(Route(name="r", match=Match(**match), targets=targets), refusal)


def refusal(provider: str) -> str:
    return "" if provider == "there" else f'provider "{provider}" is not set up'


def asked(headers: dict[str, str] | None = None, caller: str = "key", counting: bool = False, **body: Any) -> Asked:
    whole = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}], **body}
    return Asked.of(parse(json.dumps(whole).encode()), headers or {}, caller, counting)


LONG_TALK = [{"role": "user", "content": "word " * 4000}]


@pytest.mark.parametrize(
    ("match", "request_", "holds"),
    [
        ({}, {}, True),
        ({"headers": {"x-team": "blue"}}, {"headers": {"x-team": "blue"}}, True),
        ({"headers": {"X-Team": "blue"}}, {"headers": {"x-team": "blue"}}, True),
        ({"headers": {"x-team": "blue"}}, {"headers": {"x-team": "Blue"}}, False),
        ({"headers": {"x-team": "blue"}}, {"headers": {"x-team": "blues"}}, False),
        ({"headers": {"x-team": "blue"}}, {}, False),
        ({"headers": {"a": "1", "b": "2"}}, {"headers": {"a": "1", "b": "2", "c": "3"}}, True),
        ({"headers": {"a": "1", "b": "2"}}, {"headers": {"a": "1"}}, False),
        ({"keys": ("alice", "bob")}, {"caller": "bob"}, True),
        ({"keys": ("alice", "bob")}, {"caller": "carol"}, False),
        ({"keys": ("alice",)}, {"caller": "Alice"}, False),
        ({"agent": "subagent"}, {"headers": {"x-claude-code-agent-id": "a1"}}, True),
        ({"agent": "subagent"}, {}, False),
        ({"agent": "main"}, {}, True),
        ({"agent": "main"}, {"headers": {"x-claude-code-agent-id": "a1"}}, False),
        ({"min_input_tokens": 1000}, {"messages": LONG_TALK}, True),
        ({"min_input_tokens": 1000}, {}, False),
        ({"keys": ("alice",), "agent": "main"}, {"caller": "alice"}, True),
        ({"keys": ("alice",), "agent": "subagent"}, {"caller": "alice"}, False),
        ({"scenario": "long_context", "min_input_tokens": 1000}, {}, True),  # the scenario looks at it by itself
    ],
)
def test_what_holds(match: dict[str, Any], request_: dict[str, Any], holds: bool) -> None:
    assert rule(**match).holds(asked(**request_)) is holds


PICTURE = {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


@pytest.mark.parametrize(
    ("match", "request_", "told"),
    [
        ({}, {}, ""),
        ({"scenario": "default"}, {}, "scenario default"),
        ({"scenario": "count_tokens"}, {"counting": True}, "scenario count_tokens"),
        ({"scenario": "count_tokens"}, {}, None),
        ({"scenario": "web_search"}, {"tools": [SEARCH]}, "scenario web_search: a tool that searches the web"),
        ({"scenario": "web_search"}, {}, None),
        ({"scenario": "long_context"}, {"messages": LONG_TALK}, None),
        ({"scenario": "background"}, {"model": "haiku"}, 'scenario background: "haiku" is a haiku'),
        ({"scenario": "background"}, {"model": "claude-opus-5-5"}, None),
        ({"scenario": "think"}, {"thinking": {"type": "enabled"}}, "scenario think: thinking is enabled"),
        (
            {"scenario": "think"},
            {"thinking": {"type": "adaptive"}},
            "scenario think: adaptive thinking with effort high",
        ),
        ({"scenario": "think", "min_effort": "max"}, {"thinking": {"type": "adaptive"}}, None),
        ({"scenario": "think"}, {}, None),
        (
            {"scenario": "image"},
            {"messages": [{"role": "user", "content": [PICTURE]}]},
            "scenario image: an image in th",
        ),
        ({"scenario": "image"}, {}, None),
    ],
)
def test_scenarios(match: dict[str, Any], request_: dict[str, Any], told: str | None) -> None:
    found = rule(**match).scenario(asked(**request_))
    if told is None:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(told)


def test_a_long_conversation_says_how_long_it_is() -> None:
    request = asked(messages=[{"role": "user", "content": "word " * 4000}])
    short = rule(scenario="long_context", min_input_tokens=2000)
    assert (
        short.scenario(request) == f"scenario long_context: about {request.estimated:,} input tokens, more than 2,000"
    )
    much = asked(messages=[{"role": "user", "content": "word " * 100_000}])
    assert much.estimated > LONG * 1.25
    told = f"scenario long_context: about {much.estimated:,} input tokens, more than 60,000"
    assert rule(scenario="long_context").scenario(much) == told
    assert rule(scenario="long_context", min_input_tokens=0).scenario(asked()) is not None


def test_all_scenarios_are_known_in_their_order() -> None:
    assert SCENARIOS == ("count_tokens", "web_search", "long_context", "background", "think", "image", "default")


@pytest.mark.parametrize(
    ("match", "request_", "told"),
    [
        ({"headers": {"X-Team": "secret-blue"}}, {"headers": {"x-team": "secret-blue"}}, ["its header x-team fits"]),
        ({"keys": ("alice",)}, {"caller": "alice"}, ['its key "alice" fits']),
        ({"agent": "main"}, {}, ["no subagent sent it"]),
        ({"agent": "subagent"}, {"headers": {"x-claude-code-agent-id": "a"}}, ["a subagent sent it"]),
        ({"min_input_tokens": 0}, {}, [f"about {asked().estimated} input tokens, more than 0"]),
        ({}, {}, []),
    ],
)
def test_what_held_is_told_without_the_values_of_headers(
    match: dict[str, Any], request_: dict[str, Any], told: list[str]
) -> None:
    found = rule(**match).told(asked(**request_))
    assert found == told
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("models", "spellings", "pattern"),
    [
        (("claude-*",), ("claude-x",), "claude-*"),
        (("gpt-*", "Claude-*"), ("claude-x",), "Claude-*"),
        (("opus",), ("claude-opus-5-5",), "opus"),
        (("*-haiku",), ("claude-3-5-haiku-20241022", "claude-3-5-haiku"), "*-haiku"),
        (("gpt-5",), ("gpt-5",), None),
        (("gpt-*",), ("claude-x",), None),
        ((), ("claude-x",), None),
    ],
)
def test_fitting_patterns(models: tuple[str, ...], spellings: tuple[str, ...], pattern: str | None) -> None:
    assert rule(models=models).fitting(spellings) == pattern


def test_exact_names_and_patterns_are_told_apart() -> None:
    made = rule(models=("GPT-5", "opus", "claude-*", "claude-opus-5-5[1m]"))
    assert made.exact == {"gpt-5", "opus", "claude-opus-5-5[1m]"}
    assert [text for text, _ in made.patterns] == ["opus", "claude-*"]


@pytest.mark.parametrize(
    ("match", "special"),
    [
        ({}, False),
        ({"scenario": "think", "min_effort": "max"}, False),
        ({"scenario": "long_context", "min_input_tokens": 5}, False),
        ({"scenario": "think", "min_input_tokens": 5}, True),
        ({"min_input_tokens": 0}, True),
        ({"models": ("m",)}, True),
        ({"headers": {"a": "b"}}, True),
        ({"keys": ("k",)}, True),
        ({"agent": "main", "scenario": "image"}, True),
    ],
)
def test_what_is_more_than_a_scenario(match: dict[str, Any], special: bool) -> None:
    assert rule(**match).special is special


def test_targets_that_are_not_to_be_had_are_left_out() -> None:
    made = rule("gone", "there", "lost", "gone")
    assert [target.provider for target in made.targets] == ["there"]
    assert made.missing == ('provider "gone" is not set up', 'provider "lost" is not set up')
    assert rule("gone").targets == ()


def test_long_names_are_cut_for_people() -> None:
    assert quoted("m") == '"m"'
    assert quoted("m" * 500) == f'"{"m" * 100}…"'
