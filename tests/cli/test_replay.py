"""`ccproxy replay`."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.conftest import Run
from tests.cli.fake_proxy import FakeProxy, refused


def side(**fields: Any) -> dict[str, Any]:
    return {
        "request_id": "r-1",
        "provider": "groq",
        "model": "llama",
        "status": 200,
        "stop_reason": "end_turn",
        "message": {"content": [{"type": "text", "text": "two\nlines \x1b[31m"}, {"type": "tool_use", "name": "look"}]},
        "error": None,
        "usage": {"input_tokens": 12, "output_tokens": 34},
        "cost_usd": 0.000012,
        "duration_ms": 1234.5,
        "dropped": ["top_k", "seed"],
        **fields,
    }


NOTHING = side(
    request_id="r-2",
    provider=None,
    model=None,
    status=None,
    message=None,
    error={"type": "api_error", "message": "it broke"},
    usage={"input_tokens": None, "output_tokens": None},
    cost_usd=None,
    duration_ms=None,
    dropped=None,
)
FOUND = {"original": NOTHING, "replay": side(), "target": "groq/llama", "request_id": "r-1", "truncated": False}


def test_both_sides_are_shown(ask: Run, proxy: FakeProxy) -> None:
    proxy.answers["POST /logs/r%2F2/replay"] = FOUND
    result = ask("replay", "r/2", "groq/llama")
    assert result.exit_code == 0, result.output
    assert proxy.bodies("POST /logs/r%2F2/replay") == [{"target": "groq/llama"}]
    lines = result.output.splitlines()
    table = [line.split() for line in lines[:10]]
    assert table == [
        ["ORIGINAL", "REPLAY"],
        ["request", "r-2", "r-1"],
        ["target", "?/?", "groq/llama"],
        ["status", "-", "200"],
        ["stop", "end_turn", "end_turn"],
        ["input", "-", "12"],
        ["output", "-", "34"],
        ["cost", "-", "$0.000012"],
        ["took", "-", "1.23", "s"],
        ["dropped", "-", "top_k,", "seed"],
    ]
    assert lines[10:] == [
        "",
        "--- original",
        "api_error: it broke",
        "",
        "--- replay",
        "two",
        "lines \\x1b[31m",
        '{"type": "tool_use", "name": "look"}',
    ]


def test_an_answer_without_a_word(ask: Run, proxy: FakeProxy) -> None:
    proxy.answers["POST /logs/r/replay"] = {**FOUND, "original": side(message=None), "replay": side(message={})}
    assert ask("replay", "r", "a/b").output.count("(nothing)") == 2


def test_of_a_long_answer_only_the_beginning_is_there(ask: Run, proxy: FakeProxy) -> None:
    proxy.answers["POST /logs/r/replay"] = {**FOUND, "original": side(message=None), "truncated": True}
    assert "--- original, of which the beginning is kept\n(nothing)\n" in ask("replay", "r", "a/b").output


def test_as_json(ask: Run, proxy: FakeProxy) -> None:
    proxy.answers["POST /logs/r/replay"] = FOUND
    assert json.loads(ask("replay", "r", "a/b", "--json").output) == FOUND


def test_what_the_proxy_refuses_is_one_line(ask: Run, proxy: FakeProxy) -> None:
    proxy.answers["POST /logs/r/replay"] = (404, refused("nothing was captured of it"))
    result = ask("replay", "r", "a/b")
    assert (result.exit_code, result.output) == (1, "ccproxy: nothing was captured of it\n")
