"""`ccproxy audit`."""

from __future__ import annotations

import json

from tests.cli.fake_proxy import refused


def event(number, **fields):
    return {
        "id": number,
        "at": "2026-03-01T12:00:00.000Z",
        "actor": "key",
        "address": "10.0.0.7",
        "action": "provider.change",
        "subject": "groq",
        "before": {"enabled": True},
        "after": {"enabled": False},
        "detail": None,
        **fields,
    }


def test_one_line_for_each(ask, proxy):
    events = [
        event(4, actor="", address="", action="sign_in.refused", subject="", before=None, after=None, detail="wrong"),
        event(3, detail="changed without being shown: api_key", after={"models": ["m"], "type": "x"}, before={}),
        event(2),
        event(1, action="provider.create", before=None, after={"name": "groq"}),
    ]
    proxy.answers["GET /audit?limit=20"] = {"data": events, "next": None}
    result = ask("audit", "-n", "20")
    assert result.exit_code == 0, result.output
    heading, *lines = result.output.splitlines()
    assert heading.split() == ["WHEN", "WHO", "FROM", "WHAT", "TO", "WHAT", "HOW"]
    assert [line.split(maxsplit=5)[1:] for line in lines[:3]] == [
        ["-", "-", "sign_in.refused", "-", "wrong"],
        ["key", "10.0.0.7", "provider.change", "groq", lines[1].split(maxsplit=5)[5]],
        ["key", "10.0.0.7", "provider.change", "groq", "enabled: true -> false"],
    ]
    assert lines[1].endswith('models: null -> ["m"]; type: null -> x; changed without being shown: api_key')
    assert lines[3].split()[1:] == ["key", "10.0.0.7", "provider.create", "groq"]


def test_as_many_as_are_asked_for_page_by_page(ask, proxy):
    proxy.answers["GET /audit?limit=500"] = {"data": [event(number) for number in range(500)], "next": "5-5"}
    proxy.answers["GET /audit?limit=100&cursor=5-5"] = {"data": [event(501)], "next": None}
    result = ask("audit", "-n", "600", "--json")
    assert [json.loads(line)["id"] for line in result.output.splitlines()] == [*range(500), 501]


def test_filters_are_the_proxy_s(ask, proxy):
    proxy.answers["GET /audit?from=2026-01-01&to=2026-02-01&actor=anna+b&action=x.y&subject=s&limit=20"] = {
        "data": [],
        "next": None,
    }
    result = ask(
        *("audit", "--from", "2026-01-01", "--to", "2026-02-01"),
        *("--actor", "anna b", "--action", "x.y", "--subject", "s"),
    )
    assert (result.exit_code, result.output) == (0, "nothing of that was done yet\n")


def test_what_is_refused_is_one_line(ask, proxy):
    proxy.answers["GET /audit?from=x&limit=20"] = (400, refused("from: must be a moment"))
    result = ask("audit", "--from", "x")
    assert (result.exit_code, result.output) == (1, "ccproxy: from: must be a moment\n")


def test_nothing_steers_the_terminal(ask, proxy):
    proxy.answers["GET /audit?limit=20"] = {"data": [event(1, subject="\x1b[2J\n", detail="\x07")], "next": None}
    output = ask("audit").output
    assert "\x1b" not in output
    assert "\\x1b[2J\\n" in output
