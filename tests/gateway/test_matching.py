"""Which of several routes takes a request: every rank of the order against every other."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.errors import NotFound
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.matching import Decision, Index, decide
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Match, Route, RouteTarget
from ccproxy.translate.parse import parse

MODEL = "claude-haiku-4-5-20251001"
BODY: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 10,
    "thinking": {"type": "adaptive"},
    "tools": [{"type": "web_search_20250305", "name": "web_search"}],
    "messages": [
        {"role": "user", "content": "word " * 4000},
        {"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}}]},
    ],
}
HEADERS = {"x-team": "blue", "x-claude-code-agent-id": "a1"}
"""With BODY a request that is everything at once: each rule of RANKS takes it."""


def everything(counting: bool = False, headers: dict[str, str] = HEADERS, **changes: Any) -> Asked:
    return Asked.of(parse(json.dumps({**BODY, **changes}).encode()), headers, "alice", counting)


def provider(name: str, *models: str, enabled: bool = True) -> Provider:
    return Provider(name=name, type="openai-chat", api_base_url="http://x.test/v1", models=models, enabled=enabled)


PROVIDERS = (provider("p", "listed-model"), provider("q"), provider("off", enabled=False))


def route(name: str, *, to: str = "p", priority: int = 0, enabled: bool = True, **match: Any) -> Route:
    targets = tuple(RouteTarget(provider=one, model="m") for one in to.split())
    return Route(name=name, match=Match(**match), targets=targets, priority=priority, enabled=enabled)


def decided(asked: Asked, *routes: Route, providers: tuple[Provider, ...] = PROVIDERS) -> Decision:
    snapshot = Snapshot(version=1, providers=providers, routes=routes)

    def refusal(name: str) -> str:
        found = snapshot.get(name)
        return f"provider {name!r} is not set up" if found is None else "" if found.enabled else f"{name!r} is off"

    return decide(asked, Index(snapshot, refusal))


SPECIAL: list[Route] = [
    route("glob", models=("claude-haiku-*",)),
    route("class", models=("haiku",)),
    route("header", headers={"x-team": "blue"}),
    route("key", keys=("alice",)),
    route("agent", agent="subagent"),
    route("tokens", min_input_tokens=1000),
]
"""Of one rank: among them priority and creation decide."""

RANKS: list[Route] = [
    route("as-written", models=(MODEL,)),
    route("undated", models=("claude-haiku-4-5",)),
    route(MODEL, scenario="count_tokens"),  # asked for by its own name, so its scenario is of no account
    route("special", models=("claude-haiku-*",)),
    route("web_search", scenario="web_search"),
    route("long_context", scenario="long_context", min_input_tokens=1000),
    route("background", scenario="background"),
    route("think", scenario="think"),
    route("image", scenario="image"),
    route("default", scenario="default"),
]


@pytest.mark.parametrize(("upper", "lower"), list(combinations(range(len(RANKS)), 2)))
def test_each_rank_goes_before_all_below_it(upper: int, lower: int) -> None:
    first, second = RANKS[upper], RANKS[lower]
    above = Route(name=second.name, match=second.match, targets=second.targets, priority=100)
    assert decided(everything(), above, first).rule == first.name
    assert decided(everything(), second).rule == second.name


@pytest.mark.parametrize(("one", "other"), [(a, b) for a in SPECIAL for b in SPECIAL if a is not b])
def test_among_special_routes_priority_decides_and_then_creation(one: Route, other: Route) -> None:
    raised = Route(name=other.name, match=other.match, targets=other.targets, priority=1)
    assert decided(everything(), one, other).rule == one.name
    assert decided(everything(), one, raised).rule == other.name


@pytest.mark.parametrize("first", [one for one in RANKS if one.name != MODEL], ids=lambda one: one.name)
def test_priority_decides_within_a_rank(first: Route) -> None:
    again = Route(name="again", match=first.match, targets=first.targets)
    raised = Route(name="raised", match=first.match, targets=first.targets, priority=1)
    lowered = Route(name="lowered", match=first.match, targets=first.targets, priority=-1)
    assert decided(everything(), first, again).rule == first.name
    assert decided(everything(), again, first).rule == "again"
    assert decided(everything(), lowered, first, raised).rule == "raised"
    assert decided(everything(), lowered, first).rule == first.name


@pytest.mark.parametrize("special", SPECIAL, ids=lambda one: one.name)
@pytest.mark.parametrize("scenario", ["web_search", "long_context", "background", "think", "image", "default"])
def test_what_is_special_goes_before_scenarios(special: Route, scenario: Any) -> None:
    by_scenario = route(
        "s", scenario=scenario, priority=9, min_input_tokens=1000 if scenario == "long_context" else None
    )
    assert decided(everything(), by_scenario, special).rule == special.name


PLAIN: dict[str, Any] = {"thinking": {"type": "disabled"}, "tools": [], "messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize("rank", [*RANKS[4:-1], *SPECIAL], ids=lambda one: one.name)
def test_without_what_it_wants_no_rule_takes_a_request(rank: Route) -> None:
    plain = Asked.of(parse(json.dumps({**BODY, **PLAIN, "model": "other"}).encode()), {}, "bob")
    assert decided(plain, rank, RANKS[-1]).rule == "default"


def test_a_listed_model_stands_between_scenarios_and_the_default() -> None:
    listed = {**PLAIN, "model": "listed-model"}
    default, thinks = RANKS[-1], RANKS[7]
    decision = decided(everything(**listed), default)
    assert (decision.rule, decision.route) == ("models", None)
    assert [(target.provider, target.model) for target in decision.targets] == [("p", "listed-model")]
    assert decided(everything(**{**listed, "thinking": {"type": "enabled"}}), default, thinks).rule == "think"
    assert decided(everything(**listed), default, route("g", models=("listed-*",))).rule == "g"


def test_a_match_that_says_nothing_stands_with_the_default() -> None:
    bare, default = route("bare"), RANKS[-1]
    assert decided(everything(), bare, RANKS[7]).rule == "think"
    assert decided(everything(), bare, default).rule == "bare"
    assert decided(everything(), default, bare).rule == "default"
    assert decided(everything(), default, route("bare", priority=1)).rule == "bare"
    assert decided(Asked.named("listed-model"), bare).rule == "models"
    assert "nothing else fits" in decided(Asked.named("x"), bare).why


@pytest.mark.parametrize(
    ("match", "takes"),
    [
        ({"models": (MODEL,), "scenario": "think"}, True),
        ({"models": (MODEL,), "scenario": "default"}, True),
        ({"models": (MODEL,), "scenario": "count_tokens"}, False),
        ({"models": (MODEL,), "headers": {"x-team": "red"}}, False),
        ({"models": (MODEL,), "headers": {"x-team": "blue"}, "keys": ("alice",)}, True),
        ({"models": ("gpt-*",), "scenario": "think"}, False),
        ({"models": ("gpt-*", "claude-*"), "scenario": "image", "agent": "subagent"}, True),
        ({"models": ("claude-*",), "agent": "main"}, False),
        ({"scenario": "think", "min_input_tokens": 1000}, True),
        ({"scenario": "think", "min_input_tokens": 100_000}, False),
        ({"scenario": "long_context", "min_input_tokens": 100_000, "models": ("haiku",)}, False),
        ({"scenario": "long_context", "min_input_tokens": 1000, "models": ("haiku",)}, True),
    ],
)
def test_all_that_a_match_says_must_hold(match: dict[str, Any], takes: bool) -> None:
    """And where it says more than a scenario it stands before all that say no more than one."""
    search = route("web_search", scenario="web_search", priority=9)
    assert (decided(everything(), search, route("both", **match)).rule == "both") is takes


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("claude-sonnet-4-5-20250929", ["claude-sonnet-4-5-20250929", "claude-sonnet-4-5"]),
        ("claude-sonnet-4-5-20250929[1m]", ["claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5-20250929"]),
        ("claude-sonnet-4-5[1m]", ["claude-sonnet-4-5[1m]", "claude-sonnet-4-5"]),
        ("CLAUDE-SONNET-4-5", ["claude-sonnet-4-5"]),
        ("sonnet[1m]", ["sonnet[1m]", "sonnet"]),
        ("sonnet", ["sonnet"]),
    ],
)
def test_the_exacter_name_goes_first(asked: str, wanted: list[str]) -> None:
    routes = [route(f"to {name}", models=(name,)) for name in reversed(wanted)]
    raised = [
        Route(name=one.name, match=one.match, targets=one.targets, priority=n) for n, one in enumerate(routes[::-1])
    ]
    for given_ in (routes, raised):
        assert decided(Asked.named(asked), *given_).rule == f"to {wanted[0]}"
    assert decided(Asked.named(asked), routes[0], route("glob", models=("*",))).rule == f"to {wanted[-1]}"


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        ("opus", "o"),
        ("claude-opus-5-5", "o"),
        ("claude-opus-5-5[1m]", "o"),
        ("claude-3-opus-20240229", "o"),
        ("claude-sonnet-5-5", "s"),
        ("claude-haiku-4-5-20251001", "h"),
        ("claude-fable-5-2", "f"),
        ("claude-octopus-1", "default"),
        ("gpt-5", "default"),
    ],
)
def test_classes(asked: str, rule: str) -> None:
    routes = [route(name[0], models=(name,)) for name in ("opus", "sonnet", "haiku", "fable")]
    assert decided(Asked.named(asked), *routes, RANKS[-1]).rule == rule


def test_an_exact_name_goes_before_its_class() -> None:
    of_class, exact = route("class", models=("opus",), priority=5), route("exact", models=("claude-opus-5-5",))
    assert decided(Asked.named("claude-opus-5-5"), of_class, exact).rule == "exact"
    assert decided(Asked.named("claude-opus-4-5"), of_class, exact).rule == "class"


def test_a_route_may_be_asked_for_by_its_name() -> None:
    deep = route("Deep", scenario="think")
    assert decided(Asked.named("deep"), deep, RANKS[-1]).why == 'route "Deep": asked for by its name'
    assert decided(Asked.named("default"), deep, RANKS[-1]).rule == "default"
    assert decided(Asked.named("deep"), route("other", models=("deep",)), deep).rule == "other"
    assert decided(Asked.named("deep"), route("other", models=("de*",), priority=9), deep).rule == "Deep"
    assert decided(Asked.named("deep"), route("deep", keys=("bob",)), RANKS[-1]).rule == "default"
    assert decided(Asked.named("twice"), route("TWICE", to="p"), route("twice", to="q", priority=1)).rule == "twice"


def test_counts_of_tokens_have_a_scenario_of_their_own() -> None:
    counts = route("counts", scenario="count_tokens")
    search, exact = RANKS[4], RANKS[0]
    assert decided(everything(counting=True), search, counts).rule == "counts"
    assert decided(everything(counting=True), counts, exact).rule == exact.name
    assert decided(everything(counting=True), counts, SPECIAL[2]).rule == "header"
    assert decided(everything(), counts, search).rule == "web_search"
    assert decided(everything(counting=True), search).rule == "web_search"
    both = route("both", scenario="count_tokens", models=("haiku",))
    assert decided(everything(counting=True), search, both).rule == "both"
    assert decided(everything(), search, both).rule == "web_search"


@pytest.mark.parametrize("rank", RANKS, ids=lambda one: one.name)
def test_a_route_that_is_not_enabled_takes_nothing(rank: Route) -> None:
    off = Route(name=rank.name, match=rank.match, targets=rank.targets, enabled=False)
    assert decided(everything(), off, route("rest")).rule == "rest"


@pytest.mark.parametrize("rank", RANKS, ids=lambda one: one.name)
def test_a_route_without_targets_is_passed_over_and_that_is_told(rank: Route) -> None:
    gone = tuple(RouteTarget(provider=name, model="m") for name in ("gone", "off"))
    empty = Route(name=rank.name, match=rank.match, targets=gone)
    decision = decided(everything(), empty, route("rest", priority=-1))
    assert decision.rule == "rest"
    assert f"route \"{rank.name}\" passed over, as provider 'gone' is not set up and 'off' is off" in decision.why
    assert decision.why.count("passed over") == 1


def test_a_target_that_is_missing_leaves_the_others() -> None:
    decision = decided(everything(), route("some", to="gone q off p"))
    assert [target.provider for target in decision.targets] == ["q", "p"]
    assert "left out, as provider 'gone' is not set up and 'off' is off" in decision.why


def test_a_listed_model_and_the_only_provider_take_what_routes_cannot() -> None:
    empty = route("default", to="gone", scenario="default")
    alone = (provider("one", "first", "second"), provider("off", enabled=False))
    decision = decided(Asked.named("x"), empty, providers=alone)
    assert (decision.rule, decision.targets) == ("only", (RouteTarget(provider="one", model="first"),))
    assert decision.why.startswith('"one" is the only provider that is enabled; route "default" passed over, as ')
    named = route("second", to="gone", models=("second",))
    assert "passed over" in decided(Asked.named("second"), named, providers=alone).why
    anything = decided(Asked.named("x"), providers=(provider("one"),))
    assert anything.targets == (RouteTarget(provider="one", model="x"),)
    long = decided(Asked.named("x[1m]"), providers=(provider("one"),))
    assert long.targets == (RouteTarget(provider="one", model="x"),)


def test_where_nothing_is_left_the_routes_and_their_providers_are_named() -> None:
    with pytest.raises(NotFound) as caught:
        decided(everything(), route("thoughts", to="gone", scenario="think"), route("rest", to="off"))
    for words in ('"thoughts"', "'gone' is not set up", '"rest"', "'off' is off", "there is: p/listed-model, q/MODEL"):
        assert words in caught.value.message
    with pytest.raises(NotFound, match="model: 'x' is not known here; there is: p/listed-model"):
        decided(Asked.named("x"))
    with pytest.raises(NotFound, match='route "rest" leads nowhere, as it has no target'):
        decided(Asked.named("x"), Route(name="rest", targets=()))


@pytest.mark.parametrize(
    ("asked", "rule", "why"),
    [
        (
            Asked.named("claude-haiku-5-5"),
            {"models": ("claude-haiku-*",)},
            'match.model "claude-haiku-*" fits "claude-h',
        ),
        (Asked.named("gpt-5"), {"models": ("GPT-5",)}, 'its match.model is "gpt-5"'),
        (everything(), {"scenario": "think"}, "scenario think: adaptive thinking with effort high"),
        (
            everything(),
            {"models": ("haiku",), "scenario": "image"},
            f'"haiku" fits "{MODEL}", scenario image: an image',
        ),
        (
            everything(),
            {"headers": {"X-Team": "blue"}, "keys": ("alice",)},
            'its header x-team fits, its key "alice" fits',
        ),
        (everything(), {"agent": "subagent"}, "a subagent sent it"),
    ],
)
def test_why(asked: Asked, rule: dict[str, Any], why: str) -> None:
    decision = decided(asked, route("fast", **rule))
    assert decision.why.startswith('route "fast": ')
    assert why in decision.why


def test_a_name_is_worked_out_once_and_any_number_may_be_asked_for() -> None:
    index = Index(Snapshot(version=1, providers=PROVIDERS, routes=(route("g", models=("m1*",)),)), lambda _: "")
    assert index.named("m1") is index.named("m1")
    for number in range(2100):
        assert bool(index.named(f"m{number}").fits) is str(number).startswith("1")
    assert len(index._named) <= 1000


def test_of_two_providers_that_list_a_model_the_first_is_taken() -> None:
    both = (provider("a", "One", "two"), provider("b", "one", "TWO"))
    for asked, wanted in {
        "one": "b/one",
        "One": "a/One",
        "ONE": "b/one",
        "two": "a/two",
        "TWO": "b/TWO",
        "Two": "a/two",
    }.items():
        target = decided(Asked.named(asked), providers=both).targets[0]
        assert f"{target.provider}/{target.model}" == wanted


matches = st.fixed_dictionaries(
    {},
    optional={
        "models": st.sampled_from([(MODEL,), ("claude-haiku-4-5",), ("haiku",), ("claude-*", "gpt-5"), ("gpt-*",)]),
        "scenario": st.sampled_from(
            ["default", "background", "think", "long_context", "web_search", "image", "count_tokens"]
        ),
        "min_input_tokens": st.sampled_from([10, 100_000]),
        "headers": st.sampled_from([{"x-team": "blue"}, {"x-team": "red"}]),
        "keys": st.sampled_from([("alice",), ("bob",)]),
        "agent": st.sampled_from(["main", "subagent"]),
    },
)


@settings(max_examples=150, deadline=None)
@given(
    matches=st.lists(matches, min_size=1, max_size=8),
    to=st.lists(st.sampled_from(["p", "gone"]), min_size=8, max_size=8),
    data=st.data(),
)
def test_routes_of_different_priorities_may_be_kept_in_any_order(
    matches: list[dict[str, Any]], to: list[str], data: st.DataObject
) -> None:
    routes = [
        route(f"r{n}", to=where, priority=n, **match) for n, (match, where) in enumerate(zip(matches, to, strict=False))
    ]
    shuffled = data.draw(st.permutations(routes))
    counting = data.draw(st.booleans())
    alone = (provider("p"),)
    assert decided(everything(counting), *routes, providers=alone) == decided(
        everything(counting), *shuffled, providers=alone
    )
