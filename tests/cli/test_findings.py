"""What would not work of what is set up, told from a snapshot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ccproxy.cli.findings import covers, of_providers, of_routes
from ccproxy.gateway.rules import Rule
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Match, Route, RouteTarget

MORNING = datetime(2026, 1, 1, tzinfo=UTC)
GROQ = Provider(name="groq", type="groq", api_base_url="https://api.groq.com/openai/v1", api_key="k", models=("llama",))
OFF = Provider(name="off", type="openai-chat", api_base_url="http://x.example", enabled=False)
TARGET = RouteTarget(provider="groq", model="llama")


def snapshot(providers: tuple[Provider, ...], routes: tuple[Route, ...] = ()) -> Snapshot:
    return Snapshot(version=1, providers=providers, routes=routes)


def provider(**fields: Any) -> Provider:
    return Provider(**{"name": "p", "type": "openai-chat", "api_base_url": "http://x.example", **fields})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), ["warning: providers: none is set up and enabled, so every message is refused"]),
        ((GROQ, OFF), []),
        (
            (GROQ, provider(error="its key cannot be read", enabled=False)),
            ["error: provider p: its key cannot be read"],
        ),
        ((provider(type="groq"),), ["warning: provider p: has no API key, and groq asks for one"]),
        ((provider(type="groq", headers={"authorization": "Bearer x"}),), []),
    ],
)
def test_providers(given: tuple[Provider, ...], told: list[str]) -> None:
    assert [str(finding) for finding in of_providers(snapshot(given))] == told


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("fault", [{"options": {"no_such": 1}}, {"type": "no-such-type"}])
def test_what_is_wrong_with_a_provider_is_an_error_only_where_it_is_in_use(
    fault: dict[str, Any], enabled: bool
) -> None:
    [finding] = of_providers(snapshot((GROQ, provider(enabled=enabled, **fault))))
    assert finding.level == ("error" if enabled else "warning")
    assert finding.where == "provider p"


def route(name: str = "r", *targets: RouteTarget, at: int = 0, **fields: Any) -> Route:
    return Route(name=name, targets=targets or (TARGET,), created_at=MORNING + timedelta(hours=at), **fields)


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        ([TARGET], []),
        (
            [RouteTarget(provider="groq", model="gpt"), TARGET],
            ["warning: route r: groq/gpt: is not among the models of provider groq"],
        ),
        ([RouteTarget(provider="groq", model="gpt")], ["warning: route r: groq/gpt: is not among"]),
        ([RouteTarget(provider="gone", model="m"), TARGET], ["error: route r: gone/m: there is no provider 'gone'"]),
        (
            [RouteTarget(provider="off", model="m")],
            ["warning: route r: off/m: provider off is not enabled", "error: route r: none of its targets can be"],
        ),
    ],
)
def test_targets(targets: list[RouteTarget], told: list[str]) -> None:
    found = [str(finding) for finding in of_routes(snapshot((GROQ, OFF), (route("r", *targets),)))]
    assert len(found) == len(told)
    assert all(one.startswith(other) for one, other in zip(found, told, strict=True))


def test_a_route_that_is_off_or_passed_over_hides_nobody() -> None:
    unreachable = route("a", RouteTarget(provider="gone", model="m"))
    found = [str(one) for one in of_routes(snapshot((GROQ,), (unreachable, route("b"), route("c", enabled=False))))]
    assert [one.partition(":")[0] for one in found] == ["error", "error"]


def test_the_route_with_the_higher_priority_hides_the_other() -> None:
    first, second = route("a", at=0), route("b", at=1, priority=1)
    [finding] = of_routes(snapshot((GROQ,), (first, second)))
    assert str(finding) == (
        "warning: route a: is reached by its own name only: b comes first and takes all that it would"
    )


ALL = Match()
CLAUDE = Match(models=("claude-*",))


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        (ALL, ALL, True),
        (ALL, Match(scenario="default"), True),
        (Match(scenario="think"), ALL, False),
        (Match(scenario="think"), Match(scenario="think", min_effort="max"), True),
        (Match(scenario="think", min_effort="max"), Match(scenario="think"), False),
        (Match(scenario="long_context"), Match(scenario="long_context", min_input_tokens=90_000), True),
        (Match(scenario="long_context", min_input_tokens=90_000), Match(scenario="long_context"), False),
        (CLAUDE, Match(models=("CLAUDE-*",)), True),
        (CLAUDE, Match(models=("claude-*", "gpt-*")), False),
        (Match(models=("*",)), CLAUDE, True),
        (Match(models=("*",)), Match(models=("gpt-5",)), False),
        (Match(models=("gpt-5", "o3")), Match(models=("gpt-5",)), True),
        (CLAUDE, Match(models=("claude-*",), scenario="think"), True),
        (Match(models=("claude-*",), scenario="think"), CLAUDE, False),
        (Match(min_input_tokens=5), Match(min_input_tokens=9), True),
        (Match(min_input_tokens=9), Match(min_input_tokens=5), False),
        (Match(headers={"a": "1"}), Match(headers={"a": "1", "b": "2"}), True),
        (Match(headers={"a": "1", "b": "2"}), Match(headers={"a": "1"}), False),
        (Match(keys=("x", "y")), Match(keys=("x",)), True),
        (Match(keys=("x",)), Match(keys=("x", "y")), False),
        (Match(keys=("x",)), Match(agent="main"), False),
        (Match(agent="main"), Match(agent="main", keys=("x",)), True),
        (Match(agent="main"), Match(agent="subagent"), False),
        (ALL, CLAUDE, False),
    ],
)
def test_which_match_takes_all_of_another(first: Match, second: Match, answer: bool) -> None:
    assert covers(rule(first), rule(second)) is answer


def rule(match: Match) -> Rule:
    return Rule.of(route(match=match), lambda _: "")
