from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import UNSET

from ccproxy.errors import NotFound
from ccproxy.gateway.catalog import Catalog
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.discovery import found, is_claude_code, listed
from ccproxy.gateway.routing import Plan
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Match, Route, RouteTarget
from ccproxy.translate.listing import Model
from ccproxy.translate.target import Target

ROWS = (
    Provider(name="openai", type="openai", api_base_url="https://api.openai.com/v1", models=("gpt-5", "gpt-4o")),
    Provider(name="groq", type="groq", api_base_url="https://api.groq.com/openai/v1", models=("openai/gpt-oss-120b",)),
    Provider(name="anthropic", type="anthropic", api_base_url="https://a.test", models=("claude-opus-5-5",)),
    Provider(name="east", type="bedrock", api_base_url="https://b.test", models=("us.Anthropic.Claude-x",)),
)
OUTRIGHT = ["openai/gpt-5", "openai/gpt-4o", "groq/openai/gpt-oss-120b", "anthropic/claude-opus-5-5"]


def no_network(url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
    raise AssertionError(f"asked {url}")


def route(name: str, *targets: str, models: tuple[str, ...] = (), **fields: Any) -> Route:
    led = tuple(RouteTarget(provider=one.partition("/")[0], model=one.partition("/")[2]) for one in targets)
    return Route(name=name, match=Match(models=models), targets=led, **fields)


class World:
    """Providers, routes and where names lead: `plans` first, else what the names say outright."""

    def __init__(
        self, *routes: Route, rows: tuple[Provider, ...] = ROWS, plans: Mapping[str, str] | None = None
    ) -> None:
        self.snapshot = Snapshot(version=1, providers=rows, routes=routes)
        self.catalog = Catalog(no_network)
        self.plans = plans or {}

    def lead(self, name: str) -> Plan:
        for one in self.snapshot.routes:
            if self.plans.get(name) == one.name:
                return Plan(one.name, tuple(self.target(led.provider, led.model) for led in one.targets))
        aliased = name.startswith("claude-")
        for row in self.snapshot.enabled:
            for model in row.models:
                if name == (f"claude-{row.name}-{model}" if aliased else f"{row.name}/{model}"):
                    return Plan("outright", (self.target(row.name, model),))
        raise NotFound(name)

    def target(self, provider: str, model: str) -> Target:
        row = self.snapshot.get(provider)
        assert row is not None
        return for_model(connect(row), model)

    def models(self, *, aliases: bool = False) -> dict[str, Model]:
        models = listed(self.catalog, self.snapshot, self.lead, aliases=aliases)
        by_id = {model.id: model for model in models}
        assert len(by_id) == len(models)
        return by_id

    def found(self, name: str) -> Model:
        return found(name, self.catalog, self.snapshot, self.lead)


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("claude-code/2.1.330", True),
        ("claude-cli/2.1.330 (external, cli)", True),
        ("Claude-Code/3", True),
        ("Anthropic/Python 2.12.0", False),
        ("my claude-code/1", False),
        ("", False),
    ],
)
def test_claude_code_is_known_by_its_user_agent(agent: str, expected: bool) -> None:
    assert is_claude_code(agent) is expected


def test_without_routes_there_are_the_providers_models() -> None:
    assert list(World().models()) == [*OUTRIGHT, "east/us.Anthropic.Claude-x"]


def test_claude_code_is_shown_the_others_under_aliases_and_those_first() -> None:
    models = World().models(aliases=True)
    assert list(models) == [
        "anthropic/claude-opus-5-5",
        "east/us.Anthropic.Claude-x",
        "claude-openai-gpt-5",
        "claude-openai-gpt-4o",
        "claude-groq-openai/gpt-oss-120b",
        "openai/gpt-5",
        "openai/gpt-4o",
        "groq/openai/gpt-oss-120b",
    ]
    alias, own = models["claude-openai-gpt-5"], models["openai/gpt-5"]
    assert alias.display_name == "gpt-5 (openai)"
    assert own.display_name == "gpt-5 (openai)", "two providers may have models of one name"
    assert alias.max_input_tokens == own.max_input_tokens == 400_000
    assert alias.capabilities == own.capabilities


def test_an_alias_that_leads_to_another_model_is_not_listed() -> None:
    rows = (
        Provider(name="a", type="openai-chat", api_base_url="http://a.test/v1", models=("b-c",)),
        Provider(name="a-b", type="openai-chat", api_base_url="http://b.test/v1", models=("c",)),
    )
    models = World(rows=rows).models(aliases=True)
    assert list(models) == ["claude-a-b-c", "a/b-c", "a-b/c"]
    assert models["claude-a-b-c"].display_name == "c (a-b)", "the longest provider's name counts"


def test_an_alias_that_is_a_routes_name_is_the_routes() -> None:
    taken = route("mine", "groq/openai/gpt-oss-120b", models=("claude-openai-gpt-5",))
    world = World(taken, plans={"claude-openai-gpt-5": "mine"})
    models = world.models(aliases=True)
    assert models["claude-openai-gpt-5"].display_name == "claude-openai-gpt-5 (groq/openai/gpt-oss-120b)"


def test_routes_are_listed_under_the_names_that_lead_to_them() -> None:
    world = World(
        route("sonnets", "openai/gpt-5", models=("claude-sonnet-5-5", "sonnet", "claude-sonnet-*")),
        route("default", "groq/openai/gpt-oss-120b"),
        route("background", "openai/gpt-4o"),  # nobody comes here by asking for "background"
        route("by glob", "openai/gpt-4o", models=("gpt-?", "[a-z]*")),
        route("off", "openai/gpt-4o", models=("claude-x",), enabled=False),
        plans={
            "claude-sonnet-5-5": "sonnets",
            "sonnet": "sonnets",
            "default": "default",
            "background": "default",
            "by glob": "by glob",
        },
    )
    assert list(world.models())[:5] == ["claude-sonnet-5-5", "sonnet", "default", "by glob", "openai/gpt-5"]
    # What Claude Code shows of them stands in front there
    assert list(world.models(aliases=True))[:2] == ["claude-sonnet-5-5", "anthropic/claude-opus-5-5"]
    assert world.models()["default"].display_name == "default (groq/openai/gpt-oss-120b)"


def test_a_routes_name_is_worth_what_all_its_targets_are() -> None:
    world = World(
        route("two", "openai/gpt-5", "openai/gpt-4o", "groq/openai/gpt-oss-120b", models=("claude-two",)),
        route("none", "anthropic/claude-opus-5-5", "openai/unlisted", models=("claude-none",)),
        plans={"claude-two": "two", "claude-none": "none"},
    )
    models = world.models()
    two, own = models["claude-two"], models["openai/gpt-4o"]
    assert two.display_name == "claude-two (openai/gpt-5 and 2 more)"
    assert two.max_input_tokens == own.max_input_tokens == 128_000
    assert isinstance(own.max_tokens, int)
    assert isinstance(models["openai/gpt-5"].max_tokens, int)
    assert two.max_tokens == min(own.max_tokens, models["openai/gpt-5"].max_tokens)
    assert two.capabilities is not UNSET
    assert two.capabilities["batch"] == {"supported": False}
    assert "thinking" not in two.capabilities  # gpt-4o does not
    assert models["claude-none"].display_name == "claude-none (anthropic/claude-opus-5-5 and 1 more)"


def test_what_nothing_is_known_of_leaves_the_route_unknown() -> None:
    rows = (*ROWS, Provider(name="odd", type="gone", api_base_url="", models=("x",)))
    world = World(route("odd", "openai/gpt-5", models=("m",)), rows=rows, plans={"m": "odd"})
    world.catalog.models(world.snapshot)

    def lead(name: str) -> Plan:
        openai = world.target("openai", "gpt-5")
        return Plan("odd", (openai, Target(**{**_fields(openai), "provider": "odd", "model": "x"})))

    model = found("m", world.catalog, world.snapshot, lead)
    assert model.capabilities is UNSET


def _fields(target: Target) -> dict[str, Any]:
    return {name: getattr(target, name) for name in target.__struct_fields__}


def test_a_plan_for_a_provider_that_is_no_more_is_not_found() -> None:
    world = World(route("r", "openai/gpt-5", models=("m",)), plans={"m": "r"})
    plan = world.lead("m")
    gone = Snapshot(version=2, providers=(), routes=world.snapshot.routes)
    with pytest.raises(NotFound, match="no provider named 'openai'"):
        found("m", world.catalog, gone, lambda _: plan)


@pytest.mark.parametrize(
    ("name", "id", "display_name"),
    [
        ("openai/gpt-5", "openai/gpt-5", "gpt-5"),
        ("gpt-5", "openai/gpt-5", "gpt-5"),
        ("claude-openai-gpt-5", "claude-openai-gpt-5", "gpt-5 (openai)"),
        ("claude-groq-openai/gpt-oss-120b", "claude-groq-openai/gpt-oss-120b", "openai/gpt-oss-120b (groq)"),
        ("claude-sonnet-5-5", "claude-sonnet-5-5", "claude-sonnet-5-5 (openai/gpt-4o)"),
        # A glob's names are not listed, but asking for one leads somewhere
        ("claude-sonnet-6", "claude-sonnet-6", "claude-sonnet-6 (openai/gpt-4o)"),
    ],
)
def test_one_name_is_found(name: str, id: str, display_name: str) -> None:
    sonnets = route("sonnets", "openai/gpt-4o", models=("claude-sonnet-5-5", "claude-sonnet-*"))
    world = World(sonnets, plans={"claude-sonnet-5-5": "sonnets", "claude-sonnet-6": "sonnets"})
    model = world.found(name)
    assert (model.id, model.display_name) == (id, display_name)


@pytest.mark.parametrize("name", ["claude-openai-gpt-6", "nobody", "openai/gpt-6", ""])
def test_a_name_that_leads_nowhere_is_not_found(name: str) -> None:
    with pytest.raises(NotFound, match="is not known here"):
        World().found(name)
