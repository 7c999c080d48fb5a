"""`ccproxy usage`, against a proxy that answers from a table."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.conftest import Run
from tests.cli.fake_proxy import FakeProxy

SUMS: dict[str, Any] = {
    "requests": 1200,
    "errors": 3,
    "cancelled": 0,
    "unpriced": 0,
    "estimated": 0,
    "input_tokens": 1000,
    "output_tokens": 50,
    "cache_read_input_tokens": 500,
    "cache_creation_input_tokens": 100,
    "thinking_tokens": 0,
    "cost_usd": 1.5,
    "ttft_p50_ms": None,
    "ttft_p95_ms": None,
    "duration_p50_ms": 1234.0,
    "duration_p95_ms": 5000.0,
}
CELLS = ["1,200", "3", "1,600", "500", "50", "$1.5000", "-", "-", "1.23", "s", "5.00", "s"]


def answer(by: list[str], *rows: dict[str, Any]) -> dict[str, Any]:
    span = {"from": "2026-11-01T00:00:00.000Z", "to": "2026-11-28T00:00:00.000Z"}
    return {**span, "group_by": by, "data": [row | SUMS for row in rows], "totals": SUMS | {"unpriced": 1}}


def test_a_table_with_all_of_it_at_the_end(ask: Run, proxy: FakeProxy) -> None:
    proxy.answers["GET /usage?group_by=key"] = answer(["key"], {"key": "ann"}, {"key": ""})
    lines = [line.split() for line in ask("usage").output.splitlines()]
    assert lines[0][:3] == ["KEY", "REQUESTS", "ERRORS"]
    assert lines[1:3] == [["ann", *CELLS], ["-", *CELLS]]
    assert lines[3] == ["ALL", *CELLS[:5], "$1.5000+", *CELLS[6:]]


def test_one_row_is_all_of_it(ask: Run, proxy: FakeProxy) -> None:
    rows = [{"day": "2026-11-27T00:00:00.000Z", "model": "\x1b[2J"}]
    proxy.answers["GET /usage?group_by=day%2Cmodel&last=24h&provider=groq"] = answer(["day", "model"], *rows)
    output = ask("usage", "--by", "day,model", "--last", "24h", "--provider", "groq").output
    assert [line.split()[:2] for line in output.splitlines()] == [["DAY", "MODEL"], ["2026-11-27", "\\x1b[2J"]]


def test_nothing_is_said(ask: Run, proxy: FakeProxy) -> None:
    proxy.answers["GET /usage?group_by=key"] = answer(["key"])
    assert ask("usage").output == "no requests from 2026-11-01T00:00:00.000Z to 2026-11-28T00:00:00.000Z\n"


def test_as_the_api_says_it(ask: Run, proxy: FakeProxy) -> None:
    proxy.answers |= {
        "GET /usage?group_by=key": answer(["key"], {"key": "ann"}),
        "GET /usage?group_by=key&format=csv": b"key,requests\r\nann,1\r\n",
    }
    assert json.loads(ask("usage", "--json").output)["data"][0]["key"] == "ann"
    assert ask("usage", "--csv").stdout_bytes == b"key,requests\r\nann,1\r\n"


def test_one_form_at_a_time(ask: Run, proxy: FakeProxy) -> None:
    result = ask("usage", "--json", "--csv")
    assert (result.exit_code, result.stderr) == (1, "ccproxy: --csv: cannot be given beside --json\n")
    assert proxy.asked == []


def test_what_is_refused_is_one_line(ask: Run, proxy: FakeProxy) -> None:
    error = {"error": {"message": "group_by: must be a comma list of key"}}
    proxy.answers |= {"GET /usage?group_by=x": (400, error), "GET /usage?group_by=x&format=csv": (400, error)}
    for arguments in ((), ("--csv",)):
        result = ask("usage", "--by", "x", *arguments)
        assert (result.exit_code, result.stderr) == (1, "ccproxy: group_by: must be a comma list of key\n")
