"""`ccproxy routes` against a proxy that answers from a table."""

import json

import pytest

from ccproxy.cli.routes import described

SHOWN = {
    "name": "think",
    "match": {"scenario": "think"},
    "targets": [{"provider": "p", "model": "m/n", "weight": 1, "parameters": {}}],
    "strategy": "fallback",
    "priority": 3,
    "enabled": True,
}


def test_the_list(ask, proxy):
    proxy.answers["GET /routes"] = [SHOWN, SHOWN | {"name": "off", "enabled": False, "match": {}}]
    heading, first, second = ask("routes", "list").output.splitlines()
    assert heading.split() == ["NAME", "STATE", "PRIORITY", "MATCH", "STRATEGY", "TARGETS"]
    assert first.split() == ["think", "enabled", "3", "scenario", "think", "fallback", "p/m/n"]
    assert second.split() == ["off", "disabled", "3", "everything", "fallback", "p/m/n"]
    assert json.loads(ask("routes", "list", "--json").output)[0] == SHOWN
    proxy.answers["GET /routes"] = []
    assert "ccproxy routes add" in ask("routes", "list").output


def test_what_is_shown_does_not_steer_the_terminal(ask, proxy):
    """A model's name may be a client's, a reason a provider's."""
    proxy.answers["GET /routes"] = [SHOWN | {"match": {"model": ["\x1b]0;mine\x07"]}}]
    assert r"model \x1b]0;mine\x07" in ask("routes", "list").output
    targets = [TARGET | {"model": "m\x1b", "state": "resting", "reason": "a\nb"}]
    proxy.answers["POST /v1/messages/explain"] = EXPLAINED | {"why": "\x9b2J", "targets": targets}
    assert ask("routes", "test", "m").output.splitlines() == [
        r"route think, fallback: \x9b2J",
        r"1. p/m\x1b, resting: a\nb, about 1,234 tokens",
    ]
    assert json.loads(ask("routes", "test", "m", "--json").output)["why"] == "\x9b2J"
    proxy.answers["POST /routes"] = (200, SHOWN | {"match": {"model": ["\x1b"]}})
    assert ask("routes", "add", "think").output == "route think changed: model \\x1b -> p/m/n\n"


@pytest.mark.parametrize(
    ("match", "text"),
    [
        ({}, "everything"),
        ({"model": ["a", "b*"], "scenario": None}, "model a or b*"),
        ({"headers": {"x-a": "1"}, "agent": "main", "min_input_tokens": 5}, "x-a: 1, agent main, min_input_tokens 5"),
    ],
)
def test_a_match_in_words(match, text):
    assert described(match) == text


ADDED = [
    (
        ["think", "--scenario", "think", "--min-effort", "max", "--target", "p/m/n"],
        {
            "name": "think",
            "match": {"scenario": "think", "min_effort": "max"},
            "targets": [{"provider": "p", "model": "m/n"}],
        },
    ),
    (
        ["w", "--target", "a/b", "--target", "c/d", "--weight", "3", "--weight", "0", "--strategy", "weighted"],
        {
            "name": "w",
            "strategy": "weighted",
            "targets": [{"provider": "a", "model": "b", "weight": 3}, {"provider": "c", "model": "d", "weight": 0}],
        },
    ),
    (
        [
            *("o", "--model-glob", "claude-*", "--model-glob", "opus", "--header", "X-Team:a", "--client-key", "k"),
            *("--agent", "subagent", "--min-input-tokens", "9", "--priority", "-1", "--retries", "0"),
            *("--first-byte-timeout", "2", "--resume", "--capture", "all", "--disabled"),
        ],
        {
            "name": "o",
            "match": {
                "model": ["claude-*", "opus"],
                "min_input_tokens": 9,
                "headers": {"x-team": "a"},
                "key": ["k"],
                "agent": "subagent",
            },
            "priority": -1,
            "retries": 0,
            "first_byte_timeout": 2.0,
            "resume": True,
            "capture": "all",
            "enabled": False,
        },
    ),
    (["x", "--no-resume"], {"name": "x", "resume": False}),
    (
        ["--json", "-", "--scenario", "image"],
        {"name": "j", "match": {"agent": "main", "scenario": "image"}, "targets": ["a/b"]},
    ),
]


@pytest.mark.parametrize(("arguments", "sent"), ADDED)
def test_add(ask, proxy, arguments, sent):
    proxy.answers["POST /routes"] = (201, SHOWN)
    document = {"name": "j", "match": {"agent": "main"}, "targets": ["a/b"]}
    result = ask("routes", "add", *arguments, given=json.dumps(document))
    assert (result.exit_code, result.output) == (0, "route think added: scenario think -> p/m/n\n")
    assert proxy.bodies("POST /routes") == [sent]


def test_add_from_a_file_changes_one_that_is_there(ask, proxy, tmp_path):
    proxy.answers["POST /routes"] = (200, SHOWN)
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"targets": ["a/b"]}))
    assert "route think changed" in ask("routes", "add", "named", "--json", str(path)).output
    assert proxy.bodies("POST /routes") == [{"name": "named", "targets": ["a/b"]}]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["r", "--target", "model-only"], "--target: 'model-only' is not allowed; must be PROVIDER/MODEL"),
        (["r", "--weight", "1"], "--weight: belongs to a --target"),
        (["r", "--target", "a/b", "--weight", "1", "--weight", "2"], "--weight: 2 given for 1 targets"),
        (["r", "--header", "x"], "--header: 'x' is not allowed; must be NAME:VALUE"),
        (["--target", "a/b"], "a route needs a name"),
        (["--json", "-"], "--json: not JSON"),
        (["r", "--target", "a/b"], "no /routes"),
    ],
)
def test_what_is_wrong_is_one_line(ask, arguments, words):
    result = ask("routes", "add", *arguments, given="{")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"ccproxy: {words}")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("[]", "--json: must be an object"),
        ('{"match": []}', "--json: match: must be an object"),
        ('{"match": null}', "--json: match: must be an object"),
        ("[" * 100_000, "--json: nested too deeply"),
    ],
)
@pytest.mark.usefixtures("without_garbage")
def test_json_has_to_be_one_route(ask, given, words):
    result = ask("routes", "add", "r", "--scenario", "think", "--json", "-", given=given)
    assert (result.exit_code, result.stderr) == (1, f"ccproxy: {words}\n")


TARGET = {
    "provider": "p",
    "model": "m",
    "state": "ok",
    "reason": None,
    "key": None,
    "losses": [],
    "refused": None,
    "ready": False,
    "input_tokens": 1234,
    "cost": None,
}
EXPLAINED = {
    "route": "think",
    "why": "thinking",
    "strategy": "fallback",
    "targets": [
        TARGET | {"key": "6789", "cost": {"input": 0.0012, "output_at_most": 0.5}, "losses": ["top_k", "x"]},
        TARGET | {"state": "resting", "reason": "429", "cost": {"input": 0.1, "output_at_most": None}},
        TARGET | {"refused": "too much"},
        TARGET | {"ready": True},
    ],
}


def test_test_says_where_a_model_leads(ask, proxy):
    proxy.answers["POST /v1/messages/explain"] = EXPLAINED
    result = ask("routes", "test", "claude-opus", "--header", "X-Team: a")
    assert result.output.splitlines() == [
        "route think, fallback: thinking",
        "1. p/m, key …6789, about 1,234 tokens, $0.001200 and at most $0.500000 for the answer, loses top_k, x",
        "2. p/m, resting: 429, about 1,234 tokens, $0.100000",
        "3. p/m, about 1,234 tokens, refused: too much",
        "4. p/m, about 1,234 tokens, answered here, without the provider",
    ]
    [asked] = proxy.asked
    assert (asked.body["model"], asked.headers["x-team"]) == ("claude-opus", "a")
    assert json.loads(ask("routes", "test", "m", "--json").output) == EXPLAINED


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("x-team: se\ncret", "x-team: must be one line of Latin-1 characters"),
        ("x-team: secret\x00", "x-team: must be one line of Latin-1 characters"),
        ("x-team: secret €", "x-team: must be one line of Latin-1 characters"),
        ("x team: secret", "what stands before the colon is not a header name"),
        ("ü: secret", "what stands before the colon is not a header name"),
    ],
)
def test_a_header_that_cannot_be_sent_is_one_line_without_its_value(ask, proxy, header, words):
    result = ask("routes", "test", "m", "--header", header)
    assert (result.exit_code, result.output) == (1, f"ccproxy: --header: {words}\n")
    assert proxy.asked == []


@pytest.mark.usefixtures("without_garbage")
def test_test_takes_a_body(ask, proxy, tmp_path):
    proxy.answers["POST /v1/messages/explain"] = EXPLAINED
    body = {"model": "x", "max_tokens": 1, "messages": []}
    path = tmp_path / "body.json"
    path.write_text(json.dumps(body))
    assert ask("routes", "test", str(path)).exit_code == 0
    assert ask("routes", "test", "-", given=json.dumps(body)).exit_code == 0
    assert proxy.bodies("POST /v1/messages/explain") == [body, body]
    path.write_text("[" * 100_000)
    assert ask("routes", "test", str(path)).stderr == f"ccproxy: {path}: nested too deeply\n"


def test_test_says_why_a_file_cannot_be_read(ask, monkeypatch):
    monkeypatch.setattr("os.path.isfile", lambda _: True)
    result = ask("routes", "test", "gone")
    assert (result.exit_code, result.stderr) == (1, "ccproxy: gone: No such file or directory\n")


def test_test_takes_a_name_that_no_file_could_have(ask, proxy):
    proxy.answers["POST /v1/messages/explain"] = EXPLAINED
    assert ask("routes", "test", "m" * 5000).exit_code == 0


def test_toggle_and_remove(ask, proxy):
    proxy.answers["PATCH /routes/a%2Fb/toggle"] = {"message": "route a/b disabled"}
    proxy.answers["DELETE /routes/a%2Fb"] = {"message": "route a/b deleted"}
    assert ask("routes", "toggle", "a/b").output == "route a/b disabled\n"
    assert ask("routes", "remove", "a/b", "--yes").output == "route a/b deleted\n"
    assert ask("routes", "remove", "a/b", given="n\n").exit_code == 1
    assert ask("routes", "remove", "a/b", given="y\n").exit_code == 0
    assert len(proxy.bodies("DELETE /routes/a%2Fb")) == 2
