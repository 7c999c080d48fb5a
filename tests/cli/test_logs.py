"""`ccproxy logs`, on a database that others write to."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from ccproxy.cli.logs import line
from ccproxy.store.logbook import RequestRow
from ccproxy.store.models import request_logs
from ccproxy.store.session import open_engine
from tests.cli.conftest import Run
from tests.cli.fake_proxy import FakeProxy

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def row(number: int = 0, **fields: Any) -> dict[str, Any]:
    made = RequestRow(request_id=f"r{number}", started_at=START + timedelta(seconds=number), status=200, **fields)
    return made.to_dict()


def write(url: str, *rows: dict[str, Any]) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(insert(request_logs), list(rows))
    engine.dispose()


@pytest.fixture
def filled(run: Run, url: str) -> Run:
    """Five requests: two of groq's, of which one failed, three of others."""
    run("migrate")
    write(
        url,
        row(0, provider="groq", model="groq/llama", upstream_model="llama"),
        row(1, provider="groq", model="m") | {"status": 429, "error_type": "rate_limit_error"},
        row(2, provider="azure", model="m") | {"status": 500, "error_type": "api_error"},
        row(3, model="n") | {"status": 400, "error_type": "invalid_request_error"},
        row(4, provider="azure", model="m"),
    )
    return run


def shown(run: Run, *arguments: str) -> list[str]:
    result = run("logs", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(text)["request_id"] for text in result.output.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["r0", "r1", "r2", "r3", "r4"]),
        (["-n", "2"], ["r3", "r4"]),
        (["-n", "0"], []),
        (["-n", "9" * 30], ["r0", "r1", "r2", "r3", "r4"]),
        (["--provider", "groq"], ["r0", "r1"]),
        (["--provider", "groq", "-n", "1"], ["r1"]),
        (["--errors"], ["r1", "r2", "r3"]),
        (["--status", "4xx"], ["r1", "r3"]),
        (["--status", "500"], ["r2"]),
        (["--status", "2xx", "--provider", "azure"], ["r4"]),
        (["--model", "n"], ["r3"]),
        (["--error-type", "api_error"], ["r2"]),
        (["--from", "2026-03-01T12:00:03Z"], ["r3", "r4"]),
        (["--to", "2026-03-01T12:00:01Z"], ["r0"]),
    ],
)
def test_which_are_shown(filled: Run, arguments: list[str], expected: list[str]) -> None:
    assert shown(filled, *arguments) == expected


def test_json_has_all_that_is_kept(filled: Run) -> None:
    [text] = filled("logs", "--json", "-n", "1").output.splitlines()
    found = json.loads(text)
    assert (found["started_at"], found["provider"], found["attempts"]) == ("2026-03-01T12:00:04.000Z", "azure", [])


def test_what_a_client_says_does_not_steer_the_terminal(run: Run, url: str) -> None:
    """Names of models are the client's own words, before anybody has looked at them."""
    run("migrate")
    given = row(model="\x1b]0;mine\x07\r200", dropped=["a\x9bb"]) | {"error_type": "not_found\nerror"}
    write(url, given)
    [shown_line] = run("logs").output.splitlines()
    assert shown_line.isprintable()
    assert shown_line.split("  ")[2:] == [r"\x1b]0;mine\x07\r200", "0.00 s", r"dropped a\x9bb", r"not_found\nerror"]
    assert json.loads(run("logs", "--json").output)["model"] == given["model"]


def test_following_goes_on_with_those_that_come(filled: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pause stands for the time in which others write; the last one for Ctrl-C."""
    came = [[row(5, provider="groq"), row(6)], [], [row(7, provider="groq")]]

    def sleep(seconds: float) -> None:
        assert seconds == 0.5
        if not came:
            raise KeyboardInterrupt
        if rows := came.pop(0):
            write(url, *rows)

    monkeypatch.setattr(time, "sleep", sleep)
    assert shown(filled, "-f", "-n", "1") == ["r4", "r5", "r6", "r7"]
    came = [[row(8)], [row(9, provider="groq")]]
    assert shown(filled, "-f", "-n", "1", "--provider", "groq") == ["r7", "r9"]


def test_a_log_that_is_empty_can_be_followed(run: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run("migrate")
    came = [[row(1)]]

    def sleep(_: float) -> None:
        if not came:
            raise KeyboardInterrupt
        write(url, *came.pop())

    monkeypatch.setattr(time, "sleep", sleep)
    assert shown(run, "--follow") == ["r1"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--status", "6xx"], "status: must be a status such as 503, a family such as 5xx"),
        (["--status", "4x"], "status: must be a status such as 503"),
        (["--provider", "\udcff"], r"--provider: '\udcff' is not allowed; must be printable characters"),
        (["--errors", "--status", "429"], "--errors: cannot be given beside --status"),
        (["--last", "week"], "last: must be a number of hours or days"),
    ],
)
def test_what_is_wrong_is_one_line(filled: Run, arguments: list[str], words: str) -> None:
    result = filled("logs", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"ccproxy: {words}")


def test_a_key_of_a_proxy_is_not_for_the_database_here(filled: Run) -> None:
    result = filled("logs", "--api-key", "ccp_x")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("ccproxy: --api-key: needs --url")
    assert filled("logs", CCPROXY_APIKEY="sk-of-the-proxy").exit_code == 0, "the environment serves other commands too"


def test_where_there_is_none_that_is_said(filled: Run) -> None:
    assert filled("logs", "--provider", "nobody").output == "no such request is in the log\n"
    assert filled("logs", "--provider", "nobody", "--json").output == ""


def test_a_database_that_is_not_there_is_not_made(run: Run, url: str) -> None:
    result = run("logs")
    assert result.exit_code == 1
    assert "run `ccproxy migrate`" in result.stderr
    assert run("check").exit_code == 1, "still not there"


NOTHING = dict.fromkeys(RequestRow.__dataclass_fields__) | {
    "started_at": "2026-03-01T12:00:00.000Z",
    "status": 200,
    "duration_ms": 1234.0,
}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ["200", "?", "1.23 s"]),
        ({"provider": "p", "upstream_model": "m", "model": "p/m"}, ["200", "p/m", "1.23 s"]),
        ({"provider": "p", "upstream_model": "m", "model": "opus"}, ["200", "opus -> p/m", "1.23 s"]),
        ({"model": "opus", "error_type": "not_found_error"}, ["200", "opus", "1.23 s", "not_found_error"]),
        (
            {"input_tokens": 1000, "cache_read_input_tokens": 5000, "output_tokens": 7, "ttft_ms": 90.0},
            ["200", "?", "6,000 (5,000 cached) in, 7 out", "0.09 s to first, 1.23 s"],
        ),
        ({"output_tokens": 7}, ["200", "?", "0 in, 7 out", "1.23 s"]),
        ({"cost_usd": 0.01234}, ["200", "?", "$0.0123", "1.23 s"]),
        (
            {
                "route": "r",
                "dropped": ["top_k", "seed"],
                "attempts": [
                    {"provider": "a", "model": "b", "status": 529},
                    {"provider": "c", "model": "d", "status": 200},
                ],
            },
            ["200", "?", "1.23 s", "route r", "tried a/b 529, c/d 200", "dropped top_k, seed"],
        ),
        ({"attempts": [{"provider": "a", "model": "b", "status": 200}]}, ["200", "?", "1.23 s"]),
    ],
)
def test_a_line(fields: dict[str, Any], words: list[str]) -> None:
    assert line({**NOTHING, **fields}).split("  ")[1:] == words


def page(*numbers: int, following: str | None = None, newest: int = 9) -> dict[str, Any]:
    data = [{**NOTHING, "id": n, "request_id": f"r{n}", "attempts": [], "dropped": []} for n in numbers]
    return {"data": data, "next": following, "newest": newest}


def test_a_running_proxy_is_asked_where_its_address_is_given(ask: Run, proxy: FakeProxy) -> None:
    proxy.answers |= {
        "GET /logs?limit=1": page(9),
        "GET /logs?key=ann&status=error&limit=3": page(9, 8, following="abc"),
        "GET /logs?key=ann&status=error&cursor=abc&limit=1": page(5),
    }
    assert shown(ask, "--key", "ann", "--errors", "-n", "3") == ["r5", "r8", "r9"]
    assert len(ask("logs", "--key", "ann", "--errors", "-n", "3").output.splitlines()) == 3


def test_a_running_proxy_is_followed(ask: Run, proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    since = "GET /logs?after={}&limit=500".format
    proxy.answers |= {"GET /logs?limit=1": page(9), since(0): page(8, 9)}
    came = [page(8, 9, 10, newest=10), page(9, 10, 12, 11, newest=12), page(newest=300), None]

    def sleep(_: float) -> None:
        following = came.pop(0)
        if following is None:
            raise KeyboardInterrupt
        proxy.answers |= {since(0): following, since(100): following}

    monkeypatch.setattr(time, "sleep", sleep)
    assert shown(ask, "-f", "-n", "1") == ["r9", "r10", "r12", "r11"]


def test_what_the_proxy_refuses_is_said(ask: Run, proxy: FakeProxy) -> None:
    proxy.answers["GET /logs?limit=1"] = (403, {"error": {"message": "only an administrator may do this"}})
    result = ask("logs")
    assert (result.exit_code, result.stderr) == (1, "ccproxy: only an administrator may do this\n")
