"""One deployment of a LiteLLM config."""

import json

import pytest

from ccproxy.cli.importing.carried import Carried, shown
from ccproxy.cli.importing.litellm_params import Deployment, as_object, read
from ccproxy.cli.importing.references import References
from ccproxy.web.definitions import define
from ccproxy.web.schemas import read_provider
from tests.cli.importing.checks import KEY, OTHER, is_taken, lines, without
from tests.cli.importing.test_google import ACCOUNT

ENVIRON = {"KEY": KEY, "GROQ_API_KEY": OTHER, "GOOGLE_API_KEY": OTHER}


def deployed(entry, carried, credentials=None):
    references = References(ENVIRON, carried, litellm=True)
    return read({"model_name": "x", **entry}, "e", references, credentials or {}, carried)


def taken(params, **more):
    """The deployment of these parameters, and what is said of it without the place."""
    carried = Carried()
    found = deployed({"litellm_params": params, **more}, carried)
    if found is not None:
        carried.providers.append({**found.provider, "models": []})
    is_taken(carried)
    return found, [line.replace("e.litellm_params", "").replace(": .", ": ") for line in lines(carried)]


@pytest.mark.parametrize(
    ("model", "kind", "there"),
    [
        ("openai/gpt-5", "openai", "gpt-5"),
        ("openai/responses/gpt-5", "openai", "gpt-5"),
        ("gpt-5-mini", "openai", "gpt-5-mini"),
        ("o1-pro", "openai", "o1-pro"),
        ("o4-mini", "openai", "o4-mini"),
        ("ft:gpt-5-mini:acme", "openai", "ft:gpt-5-mini:acme"),
        ("claude-opus-4-5", "anthropic", "claude-opus-4-5"),
        ("anthropic/claude-opus-4-5", "anthropic", "claude-opus-4-5"),
        ("bedrock/converse/eu.anthropic.claude-x-v1:0", "bedrock", "eu.anthropic.claude-x-v1:0"),
        ("bedrock/eu.anthropic.claude-x-v1:0", "bedrock", "eu.anthropic.claude-x-v1:0"),
        ("gemini/gemini-3-pro", "gemini", "gemini-3-pro"),
        ("openrouter/meta-llama/llama-4", "openrouter", "meta-llama/llama-4"),
        ("fireworks_ai/accounts/fireworks/models/x", "fireworks", "accounts/fireworks/models/x"),
        ("ollama_chat/qwen3:8b", "ollama", "qwen3:8b"),
        ("groq/*", "groq", "*"),
    ],
)
def test_the_models_name_says_the_provider(model, kind, there):
    found, _ = taken({"model": model, "api_key": "os.environ/KEY" if kind != "bedrock" else None})
    assert (found.provider["name"], found.provider["type"], found.model) == (kind, kind, there)
    assert found.wild is (there == "*")


def test_the_provider_may_be_named_apart():
    found, said = taken({"model": "groq/llama", "custom_llm_provider": "groq"})
    assert (found.provider["type"], found.model, said) == ("groq", "llama", [])


AZURE = "https://r.services.ai.azure.com"


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"model": "azure_ai/claude-opus-4-5", "api_base": AZURE}, "azure-anthropic"),
        ({"model": "azure_ai/Claude-mine", "api_base": f"{AZURE}/anthropic"}, "azure-anthropic"),
        ({"model": "azure_ai/mine", "api_base": f"{AZURE}/anthropic/v1/messages"}, "azure-anthropic"),
        ({"model": "claude-x", "custom_llm_provider": "azure_ai", "api_base": AZURE}, "azure-anthropic"),
        ({"model": "azure_ai/mine", "api_base": AZURE}, "azure"),
        ({"model": "azure/claude-x", "api_base": AZURE}, "azure"),
    ],
)
def test_claude_on_azure_speaks_anthropics_api(params, kind):
    found, said = taken({**params, "api_key": KEY})
    assert (found.provider["type"], found.provider["name"], said) == (kind, kind, [])
    where = define(read_provider(found.provider), resolve=None)["api_base_url"]
    assert where == AZURE + ("/anthropic" if kind == "azure-anthropic" else "/openai/v1")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"api_base": "os.environ/GONE"}, ["api_base: the environment variable GONE is not set"]),
        ({"base_url": "os.environ/GONE"}, ["base_url: the environment variable GONE is not set"]),
        ({"api_base": 8080}, []),
        ({"api_base": ["http://x"]}, []),
    ],
)
def test_a_deployment_of_which_the_address_is_not_known_is_left(address, said):
    """Without it the key would go to the address that is usual for the provider."""
    found, spoken = taken({"model": "openai/private", "api_key": KEY, **address})
    assert found is None
    assert spoken == [f"not carried: {one}" for one in said] + [
        "not carried: e: its address is not known, and its key is for no other"
    ]


def test_an_address_that_is_not_given_is_the_usual_one():
    found, said = taken({"model": "openai/gpt-5", "api_key": KEY, "api_base": None, "base_url": ""})
    assert "api_base_url" not in found.provider
    assert said == []


@pytest.mark.parametrize("model", ["sagemaker/x", "mystery", "*", "", None, 7])
def test_a_provider_that_is_not_known_is_left(model):
    found, [said] = taken({"model": model})
    assert found is None
    assert said == f"not carried: : model {model!r}: its provider is not known here; add it by hand"


@pytest.mark.parametrize("params", [None, "x", []])
def test_an_entry_without_parameters_is_left(params):
    found, [said] = taken(params)
    assert found is None
    assert "not known here" in said


@pytest.mark.parametrize(
    ("mode", "carried"),
    [("embedding", False), ("rerank", False), ("image_generation", False), ("chat", True), ("responses", True)],
)
def test_only_models_that_answer_messages_are_carried(mode, carried):
    found, said = taken({"model": "groq/x"}, model_info={"mode": mode, "id": "1"})
    assert (found is not None) is carried
    assert said == ([] if carried else [f"not carried: e: its mode is {mode!r}, and ccproxy is for messages alone"])


@pytest.mark.parametrize(
    ("params", "provider"),
    [
        # OpenAI's API at another address is whoever is there
        (
            {"model": "openai/llava", "api_base": "http://localhost:8000", "api_key": KEY},
            {"name": "openai-chat", "type": "openai-chat", "api_base_url": "http://localhost:8000/v1", "api_key": KEY},
        ),
        (
            {"model": "openai/k2", "api_base": "https://api.groq.com/openai/v1", "api_key": "os.environ/KEY"},
            {"name": "groq", "type": "groq", "api_key": KEY},
        ),
        (
            {"model": "hosted_vllm/q", "base_url": "http://localhost:9000/v1"},
            {"name": "vllm", "type": "vllm", "api_base_url": "http://localhost:9000/v1"},
        ),
        (
            {
                "model": "azure/eu",
                "api_base": "https://r.openai.azure.com",
                "api_key": KEY,
                "api_version": "2024-10-21",
            },
            {
                "name": "azure",
                "type": "azure",
                "api_base_url": "https://r.openai.azure.com",
                "api_key": KEY,
                "options": {"api_version": "2024-10-21"},
            },
        ),
        (
            {"model": "bedrock/x", "aws_region_name": "eu-west-1", "aws_profile_name": "dev"},
            {"name": "bedrock", "type": "bedrock", "options": {"region": "eu-west-1", "profile": "dev"}},
        ),
        (
            {"model": "vertex_ai/gemini-3-pro", "vertex_project": "p-1", "vertex_location": "europe-west1"},
            {"name": "vertex", "type": "vertex", "options": {"project": "p-1", "location": "europe-west1"}},
        ),
        (
            {"model": "groq/x", "extra_headers": {"x-team": "os.environ/KEY", "x-n": 7}},
            {"name": "groq", "type": "groq", "api_key": OTHER, "headers": {"x-team": KEY, "x-n": "7"}},
        ),
        # A key that is not given, by its usual name
        ({"model": "groq/x"}, {"name": "groq", "type": "groq", "api_key": OTHER}),
        ({"model": "gemini/x"}, {"name": "gemini", "type": "gemini", "api_key": OTHER}),
        ({"model": "ollama/x"}, {"name": "ollama", "type": "ollama"}),
    ],
)
def test_what_the_provider_is(params, provider):
    found, said = taken(params)
    assert found.provider == provider
    assert said == []


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"}, None),
        (
            {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s" * 40},
            "AKIAIOSFODNN7EXAMPLE:" + "s" * 40,
        ),
        (
            {
                "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
                "aws_secret_access_key": "s" * 40,
                "aws_session_token": "t" * 20,
            },
            "AKIAIOSFODNN7EXAMPLE:" + "s" * 40 + ":" + "t" * 20,
        ),
    ],
)
def test_access_keys_are_one_key_here(given, key):
    found, _ = taken({"model": "bedrock/x", **given})
    assert found.provider.get("api_key") == key
    assert shown(found.provider).get("api_key") == (key and "***")


def test_googles_account_is_read_from_its_file(tmp_path):
    file = tmp_path / "account.json"
    file.write_text(json.dumps(ACCOUNT))
    given = {"model": "vertex_ai/gemini-3-pro", "vertex_project": "p-1"}
    for credentials in (str(file), json.dumps(ACCOUNT), ACCOUNT):
        found, said = taken({**given, "vertex_credentials": credentials})
        assert json.loads(found.provider["api_key"]) == ACCOUNT
        assert shown(found.provider)["api_key"] == "***"
        assert said == []


@pytest.mark.parametrize(
    ("params", "credentials", "why"),
    [
        (
            {"model": "vertex_ai/x", "vertex_project": "p-1"},
            "gone.json",
            "is neither JSON nor the path of a file that can be read here: No such file",
        ),
        (
            {"model": "vertex_ai/x", "vertex_project": "p-1"},
            '{"type": "external_account"}',
            "is JSON of none of the types",
        ),
        ({"model": "groq/x"}, ACCOUNT, "is no key of the type groq"),
    ],
)
def test_an_account_that_is_none_is_named(params, credentials, why):
    found, [said] = taken({**params, "vertex_credentials": credentials})
    assert found.provider.get("api_key") in (None, OTHER)
    assert said.startswith(f"not carried: vertex_credentials: {why}")


def test_a_key_that_is_nowhere_is_named():
    found, said = taken({"model": "anthropic/x"})
    assert "api_key" not in found.provider
    assert said == ["not carried: api_key: is not given, and ANTHROPIC_API_KEY is not set"]
    assert taken({"model": "azure/x", "api_base": AZURE})[1] == ["not carried: api_key: is not given"]


@pytest.mark.parametrize(
    ("given", "change", "said"),
    [
        ({"max_tokens": 800}, {"parameters": {"max_tokens": 800}}, []),
        (
            {"temperature": 0, "top_k": None},
            {"parameters": {"temperature": 0}},
            ["carried otherwise: temperature: stands in place of what a client asks, not as its default"],
        ),
        (
            {"rpm": 60},
            {"weight": 60},
            ["carried otherwise: rpm: is no limit here, only its weight among other targets"],
        ),
        (
            {"tpm": 900},
            {"weight": 900},
            ["carried otherwise: tpm: is no limit here, only its weight among other targets"],
        ),
        ({"weight": 2, "order": 1, "rpm": 0}, {"weight": 2, "order": 1}, []),
        ({"weight": "x", "order": "y"}, {}, []),
        ({"weight": 0.5}, {"weight": 0.5}, []),
        # Nothing at all is a weight too, but no limit
        (
            {"weight": 0, "rpm": 60},
            {"weight": 0},
            ["carried otherwise: rpm: is no limit here, only its weight among other targets"],
        ),
        ({"rpm": 0, "tpm": 0}, {"weight": 1}, []),
        ({"weight": -1}, {"weight": 1}, []),
        ({"weight": float("nan")}, {"weight": 1}, []),
        ({"weight": float("inf")}, {"weight": 1}, []),
        ({"weight": True}, {"weight": 1}, []),
        ({"drop_params": True, "tags": []}, {}, []),
        (
            {"timeout": 30, "tags": ["a"]},
            {},
            ["not carried: timeout: not known here", "not carried: tags: not known here"],
        ),
        ({"vertex_project": "p"}, {}, ["not carried: vertex_project: is no option of the type groq"]),
    ],
)
def test_what_else_is_carried(given, change, said):
    found, spoken = taken({"model": "groq/x", **given})
    expected = {"parameters": {}, "weight": 1, "order": 0, **change}
    assert {name: getattr(found, name) for name in expected} == expected
    assert spoken == said


@pytest.mark.parametrize(
    ("name", "key", "said"),
    [
        ("shared", KEY, []),
        ("gone", OTHER, ["not carried: litellm_credential_name: there is no 'gone' in credential_list"]),
        (["x"], OTHER, ["not carried: litellm_credential_name: there is no ['x'] in credential_list"]),
    ],
)
def test_credentials_may_be_shared(name, key, said):
    carried = Carried()
    entry = {"litellm_params": {"model": "groq/x", "litellm_credential_name": name}}
    found = deployed(entry, carried, {"shared": {"api_key": "os.environ/KEY"}})
    assert found.provider["api_key"] == key
    assert [line.replace("e.litellm_params.", "") for line in lines(carried)] == said


def test_what_stands_beside_the_parameters_is_named():
    found, said = taken({"model": "groq/x"}, access_groups=["beta"])
    assert found is not None
    assert said == ["not carried: e.access_groups: not known here"]


def test_a_deployment_as_a_target():
    one = Deployment({"name": "a", "type": "groq"}, "m", {"top_p": 0.5})
    assert one.at("b").target() == {"provider": "b", "model": "m", "parameters": {"top_p": 0.5}}
    assert without(one.of("n").target(), "parameters") == {"provider": "a", "model": "n"}
    assert Deployment({"name": "a"}, "m").target() == {"provider": "a", "model": "m"}
    assert as_object([1]) == {}
