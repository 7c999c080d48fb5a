"""A LiteLLM proxy's config.yaml: its model names become routes, its deployments providers."""

import pytest
import yaml

from ccproxy.cli.importing import litellm
from ccproxy.cli.importing.carried import shown
from ccproxy.cli.importing.there import There
from ccproxy.store.providers import Provider
from ccproxy.web.definitions import define
from ccproxy.web.schemas import read_provider, show_provider
from tests.cli.importing.checks import KEY, OTHER, is_taken, lines, without

ENVIRON = {"KEY": KEY, "OPENAI_API_KEY": KEY, "GROQ_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "DEEPSEEK_API_KEY": KEY}


@pytest.mark.parametrize(
    ("document", "answer"), [({"model_list": []}, True), ({"model_list": None}, False), ({"routes": []}, False)]
)
def test_what_it_looks_like(document, answer):
    assert litellm.recognised(document) is answer


FILE = """
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-eu
      api_base: https://eu.openai.azure.com
      api_key: os.environ/AZURE_EU
      rpm: 3000
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-us
      api_base: https://us.openai.azure.com
      api_key: os.environ/AZURE_US
      rpm: 1500
  - model_name: sonnet-mix
    litellm_params: {model: anthropic/claude-sonnet-4-5, max_tokens: 8000, temperature: 0.2}
  - model_name: sonnet-mix
    litellm_params: {model: bedrock/eu.anthropic.claude-x-v1:0, aws_region_name: eu-central-1}
  - model_name: groq/*
    litellm_params: {model: groq/*}
  - model_name: embeddings
    litellm_params: {model: openai/text-embedding-3-small}
    model_info: {mode: embedding}
  - model_name: deepseek-chat
    litellm_params: {model: deepseek/deepseek-chat, litellm_credential_name: shared}
credential_list:
  - credential_name: shared
    credential_values: {api_key: os.environ/AZURE_EU}
environment_variables:
  AZURE_US: sk-provider-9876543210
  REDIS_PORT: 6379
router_settings:
  routing_strategy: simple-shuffle
  num_retries: 7
  model_group_alias: {gpt-4: gpt-4o, hidden: {model: sonnet-mix, hidden: true}, lost: nothing}
  redis_host: os.environ/REDIS_HOST
litellm_settings:
  drop_params: true
  num_retries: 1
  request_timeout: 600
  callbacks: []
  cache: true
  fallbacks: [{gpt-4o: [sonnet-mix, groq/llama, nowhere]}]
  context_window_fallbacks: [{gpt-4o: [deepseek-chat]}]
general_settings:
  master_key: sk-provider-0123456789
  database_url: os.environ/DATABASE_URL
guardrails: [{guardrail_name: x}]
"""


def test_a_whole_file_is_carried():
    carried = litellm.carry(yaml.safe_load(FILE), {"AZURE_EU": KEY, **ENVIRON}, There())
    is_taken(carried)
    assert shown(carried.providers) == [
        {
            "name": "azure",
            "type": "azure",
            "api_base_url": "https://eu.openai.azure.com",
            "api_key": "${AZURE_EU}",
            "models": ["gpt-4o-eu"],
        },
        {
            "name": "azure-2",
            "type": "azure",
            "api_base_url": "https://us.openai.azure.com",
            "api_key": "${AZURE_US}",
            "models": ["gpt-4o-us"],
        },
        {"name": "anthropic", "type": "anthropic", "api_key": "${ANTHROPIC_API_KEY}", "models": ["claude-sonnet-4-5"]},
        {
            "name": "bedrock",
            "type": "bedrock",
            "options": {"region": "eu-central-1"},
            "models": ["eu.anthropic.claude-x-v1:0"],
        },
        {"name": "groq", "type": "groq", "api_key": "${GROQ_API_KEY}", "models": []},
        {"name": "deepseek", "type": "deepseek", "api_key": "${AZURE_EU}", "models": ["deepseek-chat"]},
    ]
    assert carried.providers[1]["api_key"] == OTHER
    sonnet = {
        "provider": "anthropic",
        "model": "claude-sonnet-4-5",
        "parameters": {"max_tokens": 8000, "temperature": 0.2},
    }
    bedrock = {"provider": "bedrock", "model": "eu.anthropic.claude-x-v1:0"}
    assert carried.routes == [
        {
            "name": "gpt-4o",
            "match": {"model": ["gpt-4o", "gpt-4"]},
            "targets": [
                {"provider": "azure", "model": "gpt-4o-eu", "weight": 1000},
                {"provider": "azure-2", "model": "gpt-4o-us", "weight": 500},
                {**sonnet, "weight": 0},
                {**bedrock, "weight": 0},
                {"provider": "groq", "model": "llama", "weight": 0},
                {"provider": "deepseek", "model": "deepseek-chat", "weight": 0},
            ],
            "strategy": "weighted",
            "retries": 5,
        },
        {
            "name": "sonnet-mix",
            "match": {"model": ["sonnet-mix", "hidden"]},
            "targets": [{**sonnet, "weight": 1}, {**bedrock, "weight": 1}],
            "strategy": "weighted",
            "retries": 5,
        },
        {
            "name": "deepseek-chat",
            "match": {"model": ["deepseek-chat"]},
            "targets": [{"provider": "deepseek", "model": "deepseek-chat"}],
            "strategy": "fallback",
            "retries": 5,
        },
    ]
    assert lines(carried) == [
        "carried otherwise: model_list.0.litellm_params.rpm: is no limit here, only its weight among other targets",
        "carried otherwise: model_list.1.litellm_params.rpm: is no limit here, only its weight among other targets",
        "carried otherwise: model_list.2.litellm_params.temperature: stands in place of what a client asks, not as its "
        "default",
        "not carried: model_list.5: its mode is 'embedding', and ccproxy is for messages alone",
        "carried otherwise: num_retries: 5 are the most here",
        "carried otherwise: context_window_fallbacks: stand after the other fallbacks, for failures of all kinds",
        "not carried: fallbacks.gpt-4o: 'nowhere' is no model_name of this file",
        "carried otherwise: model_name groq/*: goes to groq without retries, for it has no route here",
        "not carried: router_settings.model_group_alias.lost: 'nothing' is no model_name of this file",
        "not carried: router_settings.redis_host: not known here",
        "not carried: litellm_settings.request_timeout: CCPROXY_REQUEST_TIMEOUT, for all requests",
        "not carried: litellm_settings.cache: not known here",
        "not carried: general_settings.master_key: ccproxy's own key is CCPROXY_APIKEY",
        "not carried: general_settings.database_url: ccproxy's own database is CCPROXY_DATABASE_URL",
        "not carried: guardrails: not known here",
    ]


def one(name, model, **params):
    return {"model_name": name, "litellm_params": {"model": model, **params}}


def of(*entries, there=None, **settings):
    carried = litellm.carry({"model_list": list(entries), **settings}, ENVIRON, there or There())
    is_taken(carried)
    return carried


def targets(carried):
    return [[f"{target['provider']}/{target['model']}" for target in route["targets"]] for route in carried.routes]


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        ([one("openai/gpt-5", "openai/gpt-5")], []),
        ([one("claude-openai-gpt-5", "openai/gpt-5")], []),
        # A model's own name needs one: routes for a scenario would go before what a provider lists
        ([one("gpt-5", "openai/gpt-5")], ["gpt-5"]),
        ([one("fast", "groq/llama")], ["fast"]),
        ([one("gpt-5", "openai/gpt-5", max_tokens=9)], ["gpt-5"]),
        ([one("gpt-5", "openai/gpt-5"), one("eu", "groq/gpt-5")], ["gpt-5", "eu"]),
        ([one("claude-3*", "groq/llama")], ["claude-3*"]),
        ([one("/fast/", "groq/llama")], ["fast"]),
    ],
)
def test_only_a_name_that_says_its_provider_needs_no_route(entries, names):
    carried = of(*entries)
    assert [route["name"] for route in carried.routes] == names
    assert carried.left == []


@pytest.mark.parametrize(
    ("strategy", "made", "said"),
    [
        (None, "weighted", []),
        ("simple-shuffle", "weighted", []),
        ("latency-based-routing", "fastest", []),
        ("cost-based-routing", "cheapest", []),
        (
            "least-busy",
            "weighted",
            ["router_settings.routing_strategy: least-busy is not known here; weighted stands for it"],
        ),
    ],
)
def test_strategies(strategy, made, said):
    entries = one("x", "groq/a"), one("x", "openai/b")
    carried = of(*entries, router_settings={"routing_strategy": strategy})
    assert [route["strategy"] for route in carried.routes] == [made]
    assert lines(carried) == [f"carried otherwise: {line}" for line in said]


@pytest.mark.parametrize(
    ("given", "weights"),
    [
        ((2, 1), [2, 1]),
        ((0.9, 0.1), [9, 1]),
        ((0.25, 1), [1, 4]),
        ((3000, 1500), [1000, 500]),
        ((0.3333333, 0.6666667), [500, 1000]),
        ((1, 0), [1, 0]),
        ((0.5, 0), [1, 0]),
        ((0, 0), [0, 0]),
        # What is chosen at times is not never chosen
        ((1e-9, 1), [1, 1000]),
        ((10**400, 1), [1000, 1]),
    ],
)
def test_weights_are_whole_and_in_proportion(given, weights):
    carried = of(one("x", "groq/a", weight=given[0]), one("x", "openai/b", weight=given[1]))
    assert [target["weight"] for target in carried.routes[0]["targets"]] == weights


@pytest.mark.parametrize("alias", [["x"], {"model": ["x"]}, {"model": {}}, {}, 4])
def test_an_alias_of_nothing_is_named(alias):
    [said] = lines(of(one("x", "openai/x"), router_settings={"model_group_alias": {"y": alias}}))
    assert said.startswith("not carried: router_settings.model_group_alias.y: ")
    assert said.endswith("is no model_name of this file")


def test_an_order_goes_before_the_strategy():
    carried = of(one("x", "groq/a", order=2), one("x", "openai/b", order=1))
    assert targets(carried) == [["openai/b", "groq/a"]]
    assert carried.routes[0]["strategy"] == "fallback"


FOUR = one("x", "groq/a"), one("y", "openai/b"), one("z", "deepseek/c"), one("groq/*", "groq/*")


@pytest.mark.parametrize(
    ("settings", "routes"),
    [
        # Those of the router count where both say something
        (
            {
                "router_settings": {"fallbacks": [{"x": ["y"]}]},
                "litellm_settings": {"fallbacks": [{"x": ["z"]}], "default_fallbacks": []},
            },
            {"x": ["groq/a", "openai/b"], "y": ["openai/b"], "z": ["deepseek/c"]},
        ),
        # Those of all names are for names without their own, and never for the name itself
        (
            {
                "litellm_settings": {
                    "fallbacks": [{"x": ["y", "x"]}, {"*": ["z"]}],
                    "default_fallbacks": ["groq/llama", 7],
                }
            },
            {
                "x": ["groq/a", "openai/b"],
                "y": ["openai/b", "deepseek/c", "groq/llama"],
                "z": ["deepseek/c", "groq/llama"],
            },
        ),
        # A target that is named twice is asked once
        (
            {"litellm_settings": {"fallbacks": [{"x": ["y", "z", "y", "groq/a"]}]}},
            {"x": ["groq/a", "openai/b", "deepseek/c"], "y": ["openai/b"], "z": ["deepseek/c"]},
        ),
        ({"litellm_settings": {"fallbacks": "y"}}, {"x": ["groq/a"], "y": ["openai/b"], "z": ["deepseek/c"]}),
    ],
)
def test_fallbacks(settings, routes):
    carried = of(*FOUR, **settings)
    assert dict(zip([route["name"] for route in carried.routes], targets(carried), strict=True)) == routes
    assert {route["strategy"] for route in carried.routes} == {"fallback"}
    assert lines(carried) in (
        [],
        ["carried otherwise: model_name groq/*: goes to groq without its fallbacks, for it has no route here"],
    )


def test_fallbacks_of_a_strategy_that_has_no_last_place_are_among_the_others():
    carried = of(
        one("x", "groq/a"),
        one("x", "openai/b"),
        one("y", "deepseek/c"),
        router_settings={"routing_strategy": "latency-based-routing", "fallbacks": [{"x": ["y"]}]},
    )
    assert targets(carried)[0] == ["groq/a", "openai/b", "deepseek/c"]
    assert lines(carried) == [
        "carried otherwise: fallbacks.x: its targets are chosen by fastest like the others, not after them"
    ]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([one("openai/*", "openai/*")], []),
        ([one("*", "openai/*")], []),
        (
            [one("*", "openai/*"), one("groq/*", "groq/*")],
            ["not carried: model_name *: a target names one model; ask for openai/MODEL instead"],
        ),
        # What stands for more than the name's own part is no model that could be asked for
        (
            [one("*", "openai/gpt-*")],
            ["not carried: model_name *: a target names one model; ask for openai/MODEL instead"],
        ),
        (
            [one("openai/*", "openai/*"), one("openai/*", "openai/*", api_key="sk-provider-9876543210")],
            [
                "carried otherwise: model_name openai/*: goes to openai without its other deployments, for it has no "
                "route here"
            ],
        ),
        (
            [one("openai/*", "openai/*", max_tokens=9)],
            ["carried otherwise: model_name openai/*: goes to openai without its parameters, for it has no route here"],
        ),
        (
            [one("claude-*", "anthropic/claude-*")],
            ["not carried: model_name claude-*: a target names one model; ask for anthropic/MODEL instead"],
        ),
        (
            [one("openai/*", "openai/*"), one("eu/*", "openai/*", api_key="sk-provider-9876543210")],
            ["not carried: model_name eu/*: a target names one model; ask for openai-2/MODEL instead"],
        ),
    ],
)
def test_names_for_all_models_of_a_provider(entries, said):
    carried = of(*entries)
    assert carried.routes == []
    assert all(provider["models"] == [] for provider in carried.providers)
    assert lines(carried) == said


def test_a_provider_of_all_models_lists_none_so_that_any_name_goes_there_as_it_is():
    carried = of(one("sonnet-4", "anthropic/claude-sonnet-4-5"), one("*", "anthropic/*"))
    assert [(made["name"], made["models"]) for made in carried.providers] == [("anthropic", [])]
    assert targets(carried) == [["anthropic/claude-sonnet-4-5"]]
    assert carried.left == []


def test_a_deployment_for_all_models_among_others_is_named():
    carried = of(one("x", "groq/a"), one("x", "openai/*"))
    assert targets(carried) == [["groq/a"]]
    assert lines(carried) == ["not carried: model_name x: its deployment * is no model that a target could name"]


@pytest.mark.parametrize(
    ("entries", "settings", "routes", "without"),
    [
        ([one("openai/m", "openai/m")], {"num_retries": 2}, [], "retries"),
        ([one("openai/m", "openai/m")], {"num_retries": 0}, [], None),
        ([one("openai/m", "openai/m", max_tokens=9)], {}, [], "its parameters"),
        (
            [one("openai/m", "openai/m"), one("openai/m", "groq/m")],
            {"num_retries": 2},
            [],
            "its other targets, retries",
        ),
        (
            [one("openai/m", "openai/m")],
            {"num_retries": 2, "model_group_alias": {"short": "openai/m"}},
            ["openai/m"],
            "retries",
        ),
    ],
)
def test_a_name_that_says_its_provider_asks_no_route(entries, settings, routes, without):
    carried = of(*entries, router_settings=settings)
    assert [route["name"] for route in carried.routes] == routes
    said = f"carried otherwise: model_name openai/m: goes to openai/m without {without}, as it names that"
    assert lines(carried) == ([said] if without else [])


def test_retries_are_a_routes():
    carried = of(one("gpt-5", "openai/gpt-5"), one("fast", "groq/a"), litellm_settings={"num_retries": 2})
    assert [(route["name"], route["retries"]) for route in carried.routes] == [("gpt-5", 2), ("fast", 2)]
    assert carried.left == []


def at_proxy(*documents):
    """A proxy that has these providers."""
    made = [show_provider(Provider(**define(read_provider(document), resolve=None))) for document in documents]
    return There({provider["name"]: provider for provider in made})


SERVER = {"name": "openai-chat", "type": "openai-chat", "api_base_url": "http://one.example/v1", "api_key": KEY}


def team(address="http://one.example/v1", key=KEY):
    return one("team", "openai/m", api_base=address, api_key=key)


@pytest.mark.parametrize(
    ("there", "name", "differs"),
    [
        ([], "openai-chat", None),
        ([SERVER], "openai-chat", None),
        ([{**SERVER, "models": ["m"], "enabled": False}], "openai-chat", None),
        ([{**SERVER, "api_base_url": "http://two.example/v1", "models": ["m"]}], "openai-chat-2", "address"),
        ([{**SERVER, "api_key": OTHER}], "openai-chat-2", "keys"),
        ([without(SERVER, "api_key")], "openai-chat-2", "keys"),
        ([{**SERVER, "type": "vllm"}], "openai-chat-2", "type"),
        ([{**SERVER, "headers": {"x-team": "b"}}], "openai-chat-2", "headers"),
        ([{**SERVER, "options": {"top_k": True}}], "openai-chat-2", "options"),
        # What an earlier import named so is found again
        ([{**SERVER, "api_key": OTHER}, {**SERVER, "name": "openai-chat-2"}], "openai-chat-2", None),
        ([{**SERVER, "api_key": OTHER}, {**SERVER, "name": "openai-chat-7"}], "openai-chat-7", None),
        ([{**SERVER, "name": "openai-chat-eu"}], "openai-chat", None),
    ],
)
def test_a_provider_that_is_there_is_used_only_if_it_is_the_same(there, name, differs):
    carried = of(team(), there=at_proxy(*there))
    assert [made["name"] for made in carried.providers] == [name]
    assert targets(carried) == [[f"{name}/m"]]
    said = f"its provider is {name!r} here: the 'openai-chat' that is there differs in {differs}"
    assert lines(carried) == ([f"carried otherwise: model_list.0: {said}"] if differs else [])


def test_each_of_two_servers_finds_its_own_again():
    entries = (
        one("a", "azure/a", api_base="https://a.openai.azure.com", api_key=KEY),
        one("b", "azure/b", api_base="https://b.openai.azure.com", api_key=KEY),
    )
    there = at_proxy(*of(*entries).providers)
    assert targets(of(*reversed(entries), there=there)) == [["azure-2/b"], ["azure/a"]]
    assert of(*reversed(entries), there=there).left == []


@pytest.mark.parametrize(
    ("listed", "asked", "models"),
    [(["a"], "openai/b", ["a", "b"]), (["a"], "openai/*", []), ([], "openai/b", [])],
)
def test_what_a_provider_lists_already_stays(listed, asked, models):
    there = at_proxy({"name": "openai", "api_key": KEY, "models": listed})
    assert [made["models"] for made in of(one("x", asked), there=there).providers] == [models]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (one("eu/m", "openai/m"), "model_name eu/m: goes to the provider 'eu' here, as it names one"),
        (one("claude-eu-m", "openai/m"), "model_name claude-eu-m: goes to the provider 'eu' here, as it names one"),
    ],
)
def test_names_of_providers_that_are_there_are_taken_at_their_word(entry, said):
    there = at_proxy({"name": "eu", "type": "groq", "api_key": KEY})
    assert lines(of(entry, there=there)) == [f"carried otherwise: {said}"]


def test_any_name_goes_to_the_only_provider_and_to_none_where_there_is_another():
    there = at_proxy({"name": "eu", "type": "groq", "api_key": KEY})
    assert lines(of(one("*", "openai/*"), there=there)) == [
        "not carried: model_name *: a target names one model; ask for openai/MODEL instead"
    ]
    there = at_proxy({"name": "eu", "type": "groq", "api_key": KEY, "enabled": False})
    assert of(one("*", "openai/*"), there=there).left == []


def test_one_provider_stands_for_all_deployments_with_its_key_and_address():
    carried = of(one("x", "groq/a"), one("y", "groq/b"), one("z", "groq/b"), one("w", "groq/c", api_key=OTHER))
    assert [(made["name"], made["models"]) for made in carried.providers] == [("groq", ["a", "b"]), ("groq-2", ["c"])]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (
            [one("sonnet", "groq/llama")],
            "carried otherwise: model_name sonnet: stands for every model of that class here",
        ),
        (
            [one("openai/gpt-5", "groq/gpt-5"), one("x", "openai/x")],
            "carried otherwise: model_name openai/gpt-5: goes to the provider 'openai' here, as it names one",
        ),
        ([{"model_name": 7}], "not carried: model_list.0: is no deployment: it has no model_name"),
        (["x"], "not carried: model_list.0: is no deployment: it has no model_name"),
        (
            [one("x", "sagemaker/x")],
            "not carried: model_list.0.litellm_params: model 'sagemaker/x': its provider is not known here; add it by "
            "hand",
        ),
    ],
)
def test_what_is_different_here_is_named(entries, said):
    assert lines(of(*entries)) == [said]
