"""A LiteLLM proxy's config.yaml: its model names become routes, its deployments providers."""

import pytest
import yaml

from ccproxy.cli.importing import litellm
from ccproxy.cli.importing.carried import shown
from tests.cli.importing.checks import KEY, OTHER, is_taken, lines

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
    carried = litellm.carry(yaml.safe_load(FILE), {"AZURE_EU": KEY, **ENVIRON})
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


def of(*entries, **settings):
    carried = litellm.carry({"model_list": list(entries), **settings}, ENVIRON)
    is_taken(carried)
    return carried


def targets(carried):
    return [[f"{target['provider']}/{target['model']}" for target in route["targets"]] for route in carried.routes]


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        ([one("gpt-5", "openai/gpt-5")], []),
        ([one("openai/gpt-5", "openai/gpt-5")], []),
        ([one("fast", "groq/llama")], ["fast"]),
        ([one("gpt-5", "openai/gpt-5", max_tokens=9)], ["gpt-5"]),
        # The name alone would lead to the provider that lists it first
        ([one("eu", "groq/gpt-5"), one("gpt-5", "openai/gpt-5")], ["eu", "gpt-5"]),
        ([one("gpt-5", "openai/gpt-5"), one("eu", "groq/gpt-5")], ["eu"]),
        ([one("claude-3*", "groq/llama")], ["claude-3*"]),
        ([one("/fast/", "groq/llama")], ["fast"]),
    ],
)
def test_a_name_that_leads_somewhere_by_itself_needs_no_route(entries, names):
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
    assert carried.left == []


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
