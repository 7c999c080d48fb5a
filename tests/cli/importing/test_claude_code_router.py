"""A claude-code-router config."""

import pytest

from ccproxy.cli.importing import claude_code_router
from ccproxy.cli.importing.carried import shown
from ccproxy.cli.importing.there import There
from tests.cli.importing.checks import KEY, OTHER, is_taken, lines


@pytest.mark.parametrize(
    ("document", "answer"),
    [({"Providers": []}, True), ({"Router": {}}, True), ({"providers": []}, False), ({"Router": "x"}, False)],
)
def test_what_it_looks_like(document, answer):
    assert claude_code_router.recognised(document) is answer


SWITCHED_OFF = "carried otherwise: Router.think: takes no request that says `thinking` only to switch it off"
FOR_EVERY_NAME = (
    "carried otherwise: Router: its routes are for the model * here, as a provider lists names of Claude's: they go "
    "before all routes that are for a scenario alone"
)
CONFIG = {
    "// about": "the keys are in the environment",
    "LOG": True,
    "NON_INTERACTIVE_MODE": False,
    "HOST": "127.0.0.1",
    "APIKEY": OTHER,
    "API_TIMEOUT_MS": 300000,
    "PROXY_URL": "",
    "CUSTOM_ROUTER_PATH": "$HOME/.claude-code-router/route.js",
    "StatusLine": {"enabled": True},
    "transformers": [{"path": "mine.js", "options": {"token": KEY}}],
    "Providers": [
        {
            "name": "openrouter",
            "api_base_url": "https://openrouter.ai/api/v1/chat/completions",
            "api_key": "$OPENROUTER_API_KEY",
            "models": ["google/gemini-3-pro", "anthropic/claude-sonnet-4"],
            "transformer": {"use": [["openrouter", {"provider": {"sort": "price"}}]]},
        },
        {
            "name": "deepseek",
            "api_base_url": "https://api.deepseek.com/chat/completions",
            "api_key": KEY,
            "models": ["deepseek-chat", "deepseek-reasoner"],
            "transformer": {"use": ["deepseek"], "deepseek-chat": {"use": ["tooluse"]}},
        },
        {
            "name": "Silicon Flow",
            "api_base_url": "https://api.siliconflow.cn/v1/chat/completions",
            "api_keys": [KEY, "", OTHER],
            "models": ["moonshotai/Kimi-K2", 7, "*"],
            "transformer": {"use": [["maxtoken", {"max_tokens": 16384}], "enhancetool"]},
        },
        {
            "name": "gemini",
            "api_base_url": "https://generativelanguage.googleapis.com/v1beta/models/",
            "api_key": "${GEMINI_API_KEY}",
            "models": ["gemini-3-flash"],
            "transformer": {"use": ["gemini"]},
            "weight": 3,
        },
        {"name": "groq"},
    ],
    "Router": {
        "default": "deepseek,deepseek-chat",
        "background": "Silicon Flow,moonshotai/Kimi-K2",
        "think": "deepseek,deepseek-reasoner",
        "longContext": "openrouter,google/gemini-3-pro",
        "longContextThreshold": 100000,
        "webSearch": "gemini,gemini-3-flash",
        "image": "",
    },
    "fallback": {"default": ["Silicon Flow,moonshotai/Kimi-K2", "groq/llama"], "webSearch": []},
}


def test_a_whole_file_is_carried():
    carried = claude_code_router.carry(CONFIG, {"OPENROUTER_API_KEY": KEY, "HOME": "x"}, There())
    is_taken(carried)
    assert shown(carried.providers) == [
        {
            "name": "openrouter",
            "type": "openrouter",
            "api_key": "${OPENROUTER_API_KEY}",
            "models": ["google/gemini-3-pro", "anthropic/claude-sonnet-4"],
            "options": {"extra_body": {"provider": {"sort": "price"}}},
        },
        {"name": "deepseek", "type": "deepseek", "api_key": "***", "models": ["deepseek-chat", "deepseek-reasoner"]},
        {
            "name": "silicon-flow",
            "type": "openai-chat",
            "api_base_url": "https://api.siliconflow.cn/v1",
            "api_keys": ["***", "***"],
            "models": ["moonshotai/Kimi-K2"],
            "options": {"max_output_tokens": 16384},
        },
        {"name": "gemini", "type": "gemini", "models": ["gemini-3-flash"]},
        {"name": "groq", "type": "groq"},
    ]
    assert carried.providers[0]["api_key"] == carried.providers[1]["api_key"] == KEY
    assert carried.providers[2]["api_keys"] == [KEY, OTHER]
    kimi = {"provider": "silicon-flow", "model": "moonshotai/Kimi-K2"}
    assert [(route["name"], route["match"], route["targets"]) for route in carried.routes] == [
        (
            "default",
            {"scenario": "default"},
            [{"provider": "deepseek", "model": "deepseek-chat"}, kimi, {"provider": "groq", "model": "llama"}],
        ),
        ("background", {"scenario": "background"}, [kimi]),
        (
            "think",
            {"scenario": "think", "min_effort": "low"},
            [{"provider": "deepseek", "model": "deepseek-reasoner"}],
        ),
        (
            "longContext",
            {"scenario": "long_context", "min_input_tokens": 100000},
            [{"provider": "openrouter", "model": "google/gemini-3-pro"}],
        ),
        ("webSearch", {"scenario": "web_search"}, [{"provider": "gemini", "model": "gemini-3-flash"}]),
    ]
    assert lines(carried) == [
        "carried otherwise: Providers.2.name: is 'silicon-flow' here: names are of a-z 0-9 . _ -",
        "not carried: Providers.3.api_key: the environment variable GEMINI_API_KEY is not set",
        "not carried: Providers.3.weight: not known here",
        SWITCHED_OFF,
        "carried otherwise: Router.webSearch: goes before longContext and background here, not after",
        "not carried: LOG: ccproxy always logs, to its standard output",
        "not carried: HOST: CCPROXY_HOST",
        "not carried: APIKEY: ccproxy's own key is CCPROXY_APIKEY",
        "not carried: API_TIMEOUT_MS: CCPROXY_REQUEST_TIMEOUT, in seconds",
        "not carried: CUSTOM_ROUTER_PATH: a program of your own; routes can match models, headers, sizes and kinds of "
        "requests",
        "not carried: StatusLine: a setting of the server itself; see docs/settings.md",
        "not carried: transformers: programs of your own",
    ]


def provider(**fields):
    return {"name": "a", "api_base_url": "https://a.example/v1/chat/completions", "models": ["m"], **fields}


@pytest.mark.parametrize("spelling", ["apikey", "apiKey", "api_key"])
def test_older_spellings_are_read(spelling):
    document = {"providers": [{"name": "a", "baseUrl": "https://a.example/v1", spelling: KEY}], "Router": {}}
    carried = claude_code_router.carry(document, {}, There())
    is_taken(carried)
    assert carried.left == []
    [made] = carried.providers
    assert made == {"name": "a", "type": "openai-chat", "api_base_url": "https://a.example/v1", "api_key": KEY}


@pytest.mark.parametrize("keys", [5, True, {"a": KEY}, [], [5]])
def test_keys_that_are_no_list_are_none(keys):
    carried = claude_code_router.carry({"Providers": [provider(api_keys=keys, api_key=OTHER)]}, {}, There())
    is_taken(carried)
    assert (carried.providers[0].get("api_keys"), carried.providers[0]["api_key"]) == (None, OTHER)


ROUTER = {
    "default": "a,m",
    "image": "a,sees",
    "longContext": "a,long",
    "longContextThreshold": "9000",
    "background": "a,small",
    "webSearch": "a,web",
    "think": "a,deep",
}


@pytest.mark.parametrize(
    ("models", "there"),
    [
        (["claude-opus-4"], There()),
        (["m"], There({"other": {"name": "other", "models": ["claude-opus-4"], "enabled": True}})),
    ],
)
def test_claudes_own_names_go_to_the_routes_though_a_provider_lists_them(models, there):
    """And in the order of claude-code-router, which routes for every name can keep."""
    carried = claude_code_router.carry({"Providers": [provider(models=models)], "Router": ROUTER}, {}, there)
    is_taken(carried)
    assert all(route["match"]["model"] == ["*"] for route in carried.routes)
    by_priority = sorted(carried.routes, key=lambda route: -route["priority"])
    assert [route["name"] for route in by_priority] == [
        "longContext",
        "background",
        "webSearch",
        "think",
        "image",
        "default",
    ]
    assert by_priority[0]["match"] == {"model": ["*"], "scenario": "long_context", "min_input_tokens": 9000}
    assert lines(carried) == [SWITCHED_OFF, FOR_EVERY_NAME]


def test_what_a_provider_lists_that_is_switched_off_changes_nothing():
    there = There({"other": {"name": "other", "models": ["claude-opus-4"], "enabled": False}})
    carried = claude_code_router.carry({"Providers": [provider()], "Router": {"default": "a,m"}}, {}, there)
    assert carried.routes[0]["match"] == {"scenario": "default"}
    assert carried.left == []


def test_without_routes_nothing_is_said_of_them():
    carried = claude_code_router.carry({"Providers": [provider(models=["claude-opus-4"])]}, {}, There())
    assert carried.left == []


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("webSearch", "longContext", "background"), "longContext and background"),
        (("longContext", "webSearch"), "longContext"),
        (("webSearch", "background"), "background"),
        (("webSearch", "default"), None),
        (("longContext", "background"), None),
    ],
)
def test_searches_come_before_what_they_stood_behind(names, said):
    router = dict.fromkeys(names, "a,m")
    carried = claude_code_router.carry({"Providers": [provider()], "Router": router}, {}, There())
    assert lines(carried) == (
        [f"carried otherwise: Router.webSearch: goes before {said} here, not after"] if said else []
    )


@pytest.mark.parametrize(
    "change",
    [{"api_base_url": "$GONE"}, {"api_base_url": "https://${GONE}/v1"}, {"api_base_url": None, "baseUrl": "$GONE"}],
)
def test_a_provider_of_which_the_address_is_not_known_is_left(change):
    """Its name alone would be that of a known one, which would get a key that is not for it."""
    given = provider(name="openai", api_key=KEY, **change)
    carried = claude_code_router.carry({"Providers": [given], "Router": {"default": "openai,m"}}, {}, There())
    assert carried.providers == []
    assert lines(carried)[1:] == [
        "not carried: Providers.0: its address is not known, and its key is for no other",
        "carried otherwise: Router.default: leads nowhere before there is a provider 'openai': the file gives none",
    ]


def at_vertex(environ, **fields):
    given = provider(
        api_base_url="https://us-east5-aiplatform.googleapis.com", transformer={"use": ["Vertex-Claude"]}, **fields
    )
    carried = claude_code_router.carry({"Providers": [given], "Router": {"default": "a,m"}}, environ, There())
    is_taken(carried)
    return carried


def test_transformers_of_vertex_make_a_provider_there():
    carried = at_vertex({"GOOGLE_CLOUD_PROJECT": "p-1"}, api_key="x")
    assert carried.providers == [
        {"name": "a", "type": "vertex", "models": ["m"], "options": {"project": "p-1", "location": "us-east5"}}
    ]
    assert [line.partition(" asks")[0] for line in lines(carried)] == [
        "carried otherwise: Providers.0:",
        "not carried: Providers.0.api_key: vertex-claude",
    ]


def test_vertex_without_a_project_is_left():
    carried = at_vertex({})
    assert carried.providers == []
    assert lines(carried) == [
        "not carried: Providers.0: its project at Google is not known; GOOGLE_CLOUD_PROJECT would tell it here",
        "carried otherwise: Router.default: leads nowhere before there is a provider 'a': the file gives none",
    ]


def test_of_two_providers_of_a_name_the_later_counts():
    given = [provider(models=["old"]), provider(name="A"), provider(models=["new"])]
    carried = claude_code_router.carry({"Providers": given, "Router": {"default": "A,m"}}, {}, There())
    assert [(one["name"], one["models"]) for one in carried.providers] == [("a", ["new"]), ("a-2", ["m"])]
    assert carried.routes[0]["targets"] == [{"provider": "a-2", "model": "m"}]
    assert lines(carried) == [
        "not carried: Providers.0: another provider 'a' comes later, which counts",
        "carried otherwise: Providers.1.name: is 'a-2' here: names are of a-z 0-9 . _ -",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Providers": ["x"]}, ["not carried: Providers.0: is no provider: it has no name"]),
        ({"Providers": [{"name": " "}]}, ["not carried: Providers.0: is no provider: it has no name"]),
        ({"Providers": {"a": 1}}, []),
        ({"Router": {"default": "a"}}, ["not carried: Router.default: 'a' is not 'provider,model'"]),
        ({"Router": {"custom": "a,m"}}, ["not carried: Router.custom: not known here"]),
        ({"Router": {"default": ["a,m"]}}, ["not carried: Router.default: not known here"]),
        ({"Router": {"default": "$GONE"}}, ["not carried: Router.default: the environment variable GONE is not set"]),
        (
            {"Router": {"longContextThreshold": 9}},
            ["not carried: Router.longContextThreshold: there is no longContext in Router"],
        ),
        ({"fallback": {"think": ["a,m"]}}, ["not carried: fallback.think: there is no route of that name in Router"]),
        ({"Router": None, "fallback": "x"}, []),
    ],
)
def test_what_is_none_is_named(change, said):
    carried = claude_code_router.carry({"Providers": [], "Router": {}, **change}, {}, There())
    assert carried.providers == carried.routes == []
    assert lines(carried) == said


@pytest.mark.parametrize(
    ("router", "fallback", "match", "said"),
    [
        (
            {"longContext": "a,m", "longContextThreshold": "many"},
            {},
            {"scenario": "long_context"},
            ["not carried: Router.longContextThreshold: is no number of tokens"],
        ),
        ({"longContext": "a,m", "longContextThreshold": None}, {}, {"scenario": "long_context"}, []),
        (
            {"default": "b,m"},
            {},
            {"scenario": "default"},
            ["carried otherwise: Router.default: leads nowhere before there is a provider 'b': the file gives none"],
        ),
        (
            {"default": "a,m"},
            {"default": [3]},
            {"scenario": "default"},
            ["not carried: fallback.default.0: 3 is not 'provider,model'"],
        ),
        (
            {"default": "a,m"},
            {"default": "a,x"},
            {"scenario": "default"},
            ["not carried: fallback.default: must be a list"],
        ),
    ],
)
def test_a_route_is_carried_with_what_of_it_can_be(router, fallback, match, said):
    carried = claude_code_router.carry({"Providers": [provider()], "Router": router, "fallback": fallback}, {}, There())
    is_taken(carried)
    [route] = carried.routes
    assert route["match"] == match
    assert len(route["targets"]) == 1
    assert lines(carried) == said
