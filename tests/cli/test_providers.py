"""`ccproxy providers` against a proxy that answers from a table."""

import json
from importlib import import_module

import pytest

from ccproxy.cli.api import SECONDS, Api
from ccproxy.gateway.trial import TOTAL
from tests.cli.fake_proxy import refused

SHOWN = {
    "name": "groq",
    "type": "groq",
    "api_base_url": "https://api.groq.com/openai/v1",
    "api_key_set": True,
    "api_key_hint": "6789",
    "api_key_hints": ["6789"],
    "models": ["llama"],
    "enabled": True,
    "headers": {},
    "options": {},
}
KEY = "sk-provider-0123456789"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ["groq", "groq", "enabled", "…6789", "llama", SHOWN["api_base_url"]]),
        ({"enabled": False, "models": []}, ["groq", "groq", "disabled", "…6789", "any", SHOWN["api_base_url"]]),
        ({"health": {"state": "resting"}}, ["groq", "groq", "resting", "…6789", "llama", SHOWN["api_base_url"]]),
        ({"health": {"state": "ok"}, "api_key_set": False}, ["groq", "groq", "enabled", "none", "llama"]),
        ({"api_key_hint": None}, ["groq", "groq", "enabled", "set"]),
        ({"api_key_hints": ["1", "2"]}, ["groq", "groq", "enabled", "2", "keys"]),
    ],
)
def test_the_list(ask, proxy, change, words):
    proxy.answers["GET /providers"] = [SHOWN | change]
    heading, line = ask("providers", "list").output.splitlines()
    assert heading.split() == ["NAME", "TYPE", "STATE", "KEY", "MODELS", "ADDRESS"]
    assert line.split()[: len(words)] == words
    assert json.loads(ask("providers", "list", "--json").output) == [SHOWN | change]


def test_the_list_does_not_steer_the_terminal(ask, proxy):
    proxy.answers["GET /providers"] = [SHOWN | {"models": ["\x1b]0;mine\x07"]}, SHOWN | {"api_base_url": "a\nb\x1b[2J"}]
    _, first, second = ask("providers", "list").output.split("\n")[:3]
    assert (first.isprintable(), second.isprintable()) == (True, True)
    assert first.index("https://") == second.index(r"a\nb\x1b[2J"), "columns are as wide as what is shown"


def test_an_empty_list_says_how_to_go_on(ask, proxy):
    proxy.answers["GET /providers"] = []
    assert "ccproxy providers add" in ask("providers", "list").output


ADDED = [
    (["groq", "--key", KEY], {"name": "groq", "api_key": KEY}),
    (["groq", "--key", "a", "--key", "b"], {"name": "groq", "api_keys": ["a", "b"]}),
    (["groq", "--key-env", "MY_KEY", "--key", "b"], {"name": "groq", "api_keys": ["b", KEY]}),
    (["groq", "--key", "-"], {"name": "groq", "api_key": "typed"}),
    (["groq"], {"name": "groq"}),
    (["box", "--type", "ollama"], {"name": "box", "type": "ollama"}),
    (
        [
            "box",
            "--no-key",
            "--base-url",
            "http://b",
            "--model",
            "m",
            "--model",
            "n",
            "--header",
            "X-A: b:c",
            "--disabled",
        ],
        {"name": "box", "api_base_url": "http://b", "models": ["m", "n"], "headers": {"X-A": "b:c"}, "enabled": False},
    ),
    (
        [
            "box",
            "--no-key",
            "--option",
            "tools=false",
            "--option",
            "api_version=2024-1",
            "--option",
            'extra_body={"a": 1}',
        ],
        {"name": "box", "options": {"tools": False, "api_version": "2024-1", "extra_body": {"a": 1}}},
    ),
]


@pytest.mark.parametrize(("arguments", "sent"), ADDED)
def test_add(ask, proxy, arguments, sent):
    proxy.answers["POST /providers"] = (201, SHOWN)
    result = ask("providers", "add", *arguments, given="typed\n", MY_KEY=KEY)
    assert result.output == "provider groq added: groq at https://api.groq.com/openai/v1\n"
    assert proxy.bodies("POST /providers") == [sent]
    assert KEY not in result.output


def test_add_changes_one_that_is_there(ask, proxy):
    proxy.answers["POST /providers"] = (200, SHOWN)
    assert "provider groq changed" in ask("providers", "add", "groq", "--key", KEY).output


@pytest.mark.parametrize(("typed", "sent"), [(f"{KEY}\n", {"name": "groq", "api_key": KEY}), ("\n", {"name": "groq"})])
def test_the_key_is_asked_for_unseen(ask, proxy, monkeypatch, typed, sent):
    # By its name, because the package's `providers` is the command.
    monkeypatch.setattr(import_module("ccproxy.cli.providers"), "_is_typed", lambda: True)
    proxy.answers["POST /providers"] = (201, SHOWN)
    result = ask("providers", "add", "groq", given=typed)
    assert "API key of groq (empty for none): " in result.stderr
    assert KEY not in result.output
    assert proxy.bodies("POST /providers") == [sent]


NO_NUMBER = "what is given holds NaN or Infinity, which are no numbers in JSON"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["groq", "--key-env", "NOT_THERE"], "--key-env: the environment variable NOT_THERE is not set"),
        (["groq", "--no-key", "--header", "nothing"], "--header: 'nothing' is not allowed; must be NAME:VALUE"),
        (["groq", "--no-key", "--option", "=1"], "--option: '=1' is not allowed; must be NAME=VALUE"),
        (["groq", "--no-key"], "type: not known"),
        (["groq", "--key", ""], "--key: must not be empty; --no-key is for a provider that needs none"),
        (["groq", "--key", "-"], "--key: must not be empty; --no-key is for a provider that needs none"),
        (["groq", "--no-key", "--option", "a=NaN"], NO_NUMBER),
        (["groq", "--no-key", "--model", "\udcff"], "what is given is not text in UTF-8"),
        (["groq", "--no-key", "--option", "a=" + "[" * 100_000], "type: not known"),
    ],
)
def test_what_is_wrong_is_one_line(ask, proxy, arguments, words):
    proxy.answers["POST /providers"] = (400, refused("type: not known"))
    result = ask("providers", "add", *arguments)
    assert (result.exit_code, result.stderr) == (1, f"ccproxy: {words}\n")


FAULT = {"type": "api_error", "message": "no luck", "status": 500}
GOOD = {
    "ok": True,
    "model": "llama",
    "latency_ms": 120.4,
    "models": {"count": 3, "first": ["a", "b"], "error": None},
    "streaming": {"ok": True, "latency_ms": 90.0, "first_byte_ms": 30.0, "error": None},
    "tools": {"ok": False, "latency_ms": None, "error": FAULT | {"status": None}},
    "error": None,
}


def test_a_test_that_went_well(ask, proxy):
    proxy.answers["POST /providers/groq/test"] = GOOD
    result = ask("providers", "test", "groq", "--model", "llama")
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        [
            "ok      answer of llama: 120 ms",
            "ok      streaming: 90 ms, first byte after 30 ms",
            "failed  tools: no luck",
            "ok      models: 3 listed: a, b, …",
        ],
    )
    assert proxy.bodies("POST /providers/groq/test") == [{"model": "llama"}]
    assert json.loads(ask("providers", "test", "groq", "--json").output) == GOOD


def test_a_test_that_failed(ask, proxy):
    models = {"count": 0, "first": [], "error": FAULT}
    failed = GOOD | {"ok": False, "model": None, "error": FAULT, "streaming": None, "tools": None, "models": models}
    proxy.answers["POST /providers/groq/test"] = failed
    result = ask("providers", "test", "groq")
    assert (result.exit_code, result.output.splitlines()) == (
        1,
        ["failed  answer: no luck (HTTP 500)", "failed  models: no luck"],
    )


def test_what_a_provider_says_does_not_steer_the_terminal(ask, proxy):
    proxy.answers["POST /providers/groq/test"] = GOOD | {"ok": False, "error": FAULT | {"message": "no\x1b[2J\nluck"}}
    assert (
        ask("providers", "test", "groq").output.splitlines()[0]
        == r"failed  answer of llama: no\x1b[2J\nluck (HTTP 500)"
    )
    proxy.answers["PATCH /providers/groq/toggle"] = {"message": "a\x07"}
    assert ask("providers", "toggle", "groq").output == "a\\x07\n"
    proxy.answers["POST /providers"] = (201, SHOWN | {"api_base_url": "http://\x1b"})
    assert ask("providers", "add", "groq", "--no-key").output == "provider groq added: groq at http://\\x1b\n"


def test_a_test_is_waited_for_as_long_as_the_proxy_goes_on_with_it(ask, proxy, monkeypatch):
    waited = []
    monkeypatch.setattr(Api, "ask", lambda *_, seconds: waited.append(seconds) or (200, GOOD))
    ask("providers", "test", "groq")
    assert waited == [TOTAL + SECONDS]


def test_toggle_and_remove(ask, proxy):
    proxy.answers["PATCH /providers/groq/toggle"] = {"message": "provider groq disabled"}
    proxy.answers["DELETE /providers/groq"] = {"message": "provider groq deleted"}
    assert ask("providers", "toggle", "groq").output == "provider groq disabled\n"
    assert ask("providers", "remove", "groq", "--yes").output == "provider groq deleted\n"
    refused_ = ask("providers", "remove", "groq", given="n\n")
    assert (refused_.exit_code, "Delete provider groq and its keys?" in refused_.stderr) == (1, True)
    assert len(proxy.bodies("DELETE /providers/groq")) == 1
    assert ask("providers", "remove", "groq", given="y\n").stdout.endswith("provider groq deleted\n")
    assert ask("providers", "remove", "other", "--yes").stderr == "ccproxy: no /providers/other\n"
