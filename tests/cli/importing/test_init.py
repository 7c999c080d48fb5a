"""`ccproxy import` against a proxy that answers from a table."""

import json

import pytest

from ccproxy.cli.importing import form_of
from ccproxy.errors import InvalidRequest
from ccproxy.store.providers import Provider
from ccproxy.web.schemas import show_provider
from tests.cli.fake_proxy import refused
from tests.cli.importing.checks import KEY, OTHER

OWN = {
    "providers": [
        {"name": "a", "type": "groq", "api_key": "${GROQ_API_KEY}"},
        {"name": "b", "type": "openai", "api_key": KEY},
    ],
    "routes": {"default": "a/m", "think": "b/m"},
}
SENT = [
    {"name": "default", "match": {"scenario": "default"}, "targets": [{"provider": "a", "model": "m"}]},
    {"name": "think", "match": {"scenario": "think"}, "targets": [{"provider": "b", "model": "m"}]},
]


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "config.json"
    made.write_text(json.dumps(OWN))
    return str(made)


@pytest.fixture
def taking(proxy):
    """A proxy that has nothing yet and takes everything."""
    proxy.answers |= {"GET /providers": [], "GET /routes": [], "POST /providers": (201, {}), "POST /routes": (201, {})}
    return proxy


def test_all_is_set_up_providers_first(ask, taking, file):
    result = ask("import", file, GROQ_API_KEY="gsk-provider-9876543210")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "provider a added",
        "provider b added",
        "route default added",
        "route think added",
    ]
    assert result.stderr.splitlines() == ["ccproxy config file: 4 set up"]
    assert taking.bodies("POST /providers") == [
        {"name": "a", "type": "groq", "api_key": "gsk-provider-9876543210"},
        {"name": "b", "type": "openai", "api_key": KEY},
    ]
    assert taking.bodies("POST /routes") == SENT
    assert [one.path for one in taking.asked if one.method == "POST"] == ["/providers"] * 2 + ["/routes"] * 2


def test_a_variable_that_is_not_set_is_named_and_the_rest_set_up(ask, taking, file):
    result = ask("import", file)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "not carried: providers.0.api_key: the environment variable GROQ_API_KEY is not set",
        "ccproxy config file: 4 set up",
    ]
    assert taking.bodies("POST /providers")[0] == {"name": "a", "type": "groq"}


def test_a_dry_run_prints_what_would_be_set_up_and_asks_nobody(ask, proxy, file):
    result = ask("import", file, "--dry-run", GROQ_API_KEY="gsk-provider-9876543210")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "providers": [
            {"name": "a", "type": "groq", "api_key": "${GROQ_API_KEY}"},
            {"name": "b", "type": "openai", "api_key": "***"},
        ],
        "routes": SENT,
    }
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("options", "printed", "said"),
    [
        (
            (),
            ["provider b added", "route default added"],
            [
                "not carried: provider a: is there already; --replace changes it",
                "not carried: route think: is there already; --replace changes it",
                "ccproxy config file: 2 set up, 2 there already",
            ],
        ),
        (
            ("--replace",),
            ["provider a changed", "provider b changed", "route default changed", "route think changed"],
            ["ccproxy config file: 4 set up"],
        ),
    ],
)
def test_what_is_there_already_is_changed_only_where_that_is_asked_for(ask, taking, file, options, printed, said):
    status = 200 if options else 201
    known = show_provider(Provider(name="a", type="groq", api_base_url="https://api.groq.com/openai/v1", api_key=OTHER))
    taking.answers |= {"GET /providers": [known], "GET /routes": [{"name": "think"}]}
    taking.answers |= {"POST /providers": (status, {}), "POST /routes": (status, {})}
    result = ask("import", file, *options, GROQ_API_KEY="gsk-provider-9876543210")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == printed
    assert result.stderr.splitlines() == said


def test_what_the_proxy_refuses_is_named_in_its_words_and_the_rest_set_up(ask, taking, file):
    taking.answers["POST /providers"] = (400, refused("type: not known"))
    result = ask("import", file, GROQ_API_KEY="gsk-provider-9876543210")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == ["route default added", "route think added"]
    assert result.stderr.splitlines() == [
        "not carried: provider a: type: not known",
        "not carried: provider b: type: not known",
        "ccproxy config file: 2 set up, 2 not",
    ]


def test_half_an_import_says_what_was_not_set_up(ask, taking, file):
    taking.answers["POST /routes"] = (200, b"<html>")
    result = ask("import", file, GROQ_API_KEY="gsk-provider-9876543210")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == ["provider a added", "provider b added"]
    why = f"{taking.url} answers POST /routes without JSON (HTTP 200); is it ccproxy?"
    assert result.stderr.splitlines() == [
        f"not carried: route default: {why}",
        f"not carried: route think: {why}",
        "ccproxy config file: 2 set up, 2 not",
    ]
    assert len(taking.bodies("POST /routes")) == 1


def test_where_nothing_answers_nothing_is_said_to_be_set_up(run, file):
    result = run("import", file, CCPROXY_URL="http://127.0.0.1:9", GROQ_API_KEY="gsk-provider-9876543210")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "ccproxy: nothing answers at http://127.0.0.1:9: connection refused\n"


def test_what_is_said_of_a_file_does_not_steer_the_terminal(ask, taking):
    taking.answers["POST /routes"] = (400, refused("no \x1b[2J\nroute"))
    document = {
        "providers": [{"name": "a\x1b]0;mine\x07"}, "x"],
        "routes": {"b\nc": "a/m"},
        "\x1b": 1,
    }
    result = ask("import", "-", given=json.dumps(document))
    assert result.stdout == "provider a\\x1b]0;mine\\x07 added\n"
    assert result.stderr.splitlines() == [
        "not carried: providers.1: is no provider: it has no name",
        r"not carried: \x1b: a setting of the server itself; see docs/settings.md",
        r"not carried: route b\nc: no \x1b[2J\nroute",
        "ccproxy config file: 1 set up, 1 not",
    ]


@pytest.mark.usefixtures("without_garbage")
def test_a_thing_in_itself_is_one_line(ask, proxy):
    result = ask("import", "-", "--dry-run", given="model_list: &a [{model_name: x, litellm_params: {model: *a}}]\n")
    assert (result.exit_code, result.stderr) == (1, "ccproxy: -: nested too deeply\n")


def test_an_unquoted_date_of_azure_is_a_text(ask, taking):
    text = "{model: azure/m, api_base: 'https://r.openai.azure.com', api_key: k, api_version: 2024-02-01}"
    result = ask("import", "-", given=f"model_list: [{{model_name: m, litellm_params: {text}}}]")
    assert result.exit_code == 0, result.output
    assert taking.bodies("POST /providers")[0]["options"] == {"api_version": "2024-02-01"}


def test_a_file_of_no_known_form_is_refused(ask, proxy):
    result = ask("import", "-", given="port: 3456\n")
    assert result.exit_code == 1
    assert result.stderr.startswith("ccproxy: the file is none that is known: a LiteLLM config has model_list,")
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"model_list": []}, "LiteLLM config"),
        ({"Providers": []}, "claude-code-router config"),
        ({"Router": {}, "providers": []}, "claude-code-router config"),
        ({"providers": []}, "ccproxy config file"),
        ({"routes": {}, "port": 1}, "ccproxy config file"),
    ],
)
def test_whose_file_it_is(document, name):
    assert form_of(document)[0] == name


def test_the_form_is_told_by_what_is_in_it():
    with pytest.raises(InvalidRequest):
        form_of({"model_list": "x", "Router": "y"})
