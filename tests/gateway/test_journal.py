"""Two lines and one row a request."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from ccproxy.errors import DeadlinePassed, InvalidRequest, UpstreamRefused
from ccproxy.gateway import journal
from ccproxy.gateway.disconnect import ClientGone
from ccproxy.store.logbook import RequestRow
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.messages import InputMessage, MessagesRequest, OutputTokensDetails, Tool, Usage
from ccproxy.translate.target import Target

TARGET = Target(
    provider="p",
    kind="openai-chat",
    wire="openai-chat",
    model="up",
    base_url="http://127.0.0.1",
    dialect=Dialect(),
    headers={"authorization": "Bearer sk-secret-secret"},
)
REQUEST = MessagesRequest(
    model="asked", messages=[InputMessage("user", "a prompt")], max_tokens=9, stream=True, tools=[Tool("t")]
)

WORDS: dict[type[BaseException], str] = {
    ClientGone: "the client closed the connection",
    GeneratorExit: "the client closed the connection",
    ZeroDivisionError: "internal error",
}


def begin(rows: list[RequestRow]) -> journal.Entry:
    return journal.begin(
        rows.append, request_id="r-1", caller="key", client_ip="10.0.0.1", session_id="s-1", user_agent="claude-cli/2"
    )


def test_a_line_that_cannot_be_written_costs_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise BrokenPipeError

    rows: list[RequestRow] = []
    monkeypatch.setattr(journal, "_log", lambda: SimpleNamespace(info=full, warning=full))
    with pytest.raises(BrokenPipeError):
        begin(rows).end()
    assert [row.status for row in rows] == [200]


def test_a_charge_is_settled_before_the_log_has_it_and_if_it_cannot_be_the_row_is_written_all_the_same() -> None:
    rows: list[RequestRow] = []
    entry = begin(rows)

    def settle(_: RequestRow) -> None:
        assert rows == []
        raise ConnectionError

    entry.settle = settle
    with capture_logs(), pytest.raises(ConnectionError):
        entry.end()
    assert [row.status for row in rows] == [200]


def test_what_a_client_says_of_itself_is_kept_in_part() -> None:
    rows: list[RequestRow] = []
    long = "curl/" + "8" * 8000
    journal.begin(rows.append, request_id="1", caller="key", client_ip="::1", session_id=long, user_agent=long).end()
    assert (rows[0].client, rows[0].session_id, rows[0].user_agent) == ("curl", long[:512], long[:512])


def test_the_whole_story_of_a_request() -> None:
    rows: list[RequestRow] = []
    with capture_logs() as lines:
        with begin(rows) as entry:
            entry.arrived(REQUEST, "models")
            entry.asks(TARGET, ["top_k"])
            entry.first_byte()
            entry.first_byte()
            entry.attempted(None)
            usage = Usage(input_tokens=5, output_tokens=7, cache_read_input_tokens=2)
            usage.output_tokens_details = OutputTokensDetails(3)
            entry.answered("end_turn", usage, estimated=True)
            assert rows == []
        entry.end()
    [row] = rows
    told = row.to_dict()
    assert told["duration_ms"] >= told["ttft_ms"] >= 0
    assert {name: told[name] for name in told if name not in ("duration_ms", "ttft_ms", "started_at", "attempts")} == {
        "request_id": "r-1",
        "caller": "key",
        "client_ip": "10.0.0.1",
        "provider": "p",
        "model": "asked",
        "upstream_model": "up",
        "route": "models",
        "stream": True,
        "status": 200,
        "error_type": None,
        "stop_reason": "end_turn",
        "input_tokens": 5,
        "output_tokens": 7,
        "cache_read_input_tokens": 2,
        "cache_creation_input_tokens": 0,
        "thinking_tokens": 3,
        "usage_estimated": True,
        "dropped": ["top_k"],
        "session_id": "s-1",
        "user_agent": "claude-cli/2",
        "client": "claude-cli",
        "error": None,
        "cost_usd": None,
        "replay_of": None,
    }
    assert [attempt["status"] for attempt in row.attempts] == [200]
    arrival, end = lines
    assert arrival["action"] == "anthropic_request"
    assert {key: arrival[key] for key in ("request_id", "provider", "model", "messages", "tools", "max_tokens")} == {
        "request_id": "r-1",
        "provider": "p",
        "model": "asked",
        "messages": 1,
        "tools": 1,
        "max_tokens": 9,
    }
    assert end["action"] == "anthropic_response"
    expected = {"status", "stop_reason", "input_tokens", "output_tokens", "cache_read_input_tokens", "stream"}
    expected |= {"cache_creation_input_tokens", "upstream_model", "ttft_ms", "duration_ms", "dropped", "error_type"}
    assert expected <= set(end)
    assert end["usage_estimated"] is True
    for line in lines:
        assert line["event"] == "API action"
        assert line["type"] == "api_action"
        assert "secret" not in json.dumps(line)
        assert "a prompt" not in json.dumps(line)


@pytest.mark.parametrize(
    ("error", "status", "kind", "level"),
    [
        (InvalidRequest("model: Field required"), 400, "invalid_request_error", "info"),
        (DeadlinePassed("too long"), 504, "timeout_error", "warning"),
        (ClientGone(), 499, "client_closed", "info"),
        (GeneratorExit(), 499, "client_closed", "info"),
        (ZeroDivisionError("a bug"), 500, "api_error", "warning"),
    ],
)
def test_a_request_that_ends_badly_has_its_row_too(error: BaseException, status: int, kind: str, level: str) -> None:
    rows: list[RequestRow] = []
    with capture_logs() as lines:
        entry = begin(rows)
        with pytest.raises(type(error)), entry:
            raise error
    assert [(row.status, row.error_type) for row in rows] == [(status, kind)]
    [line] = lines
    assert line["log_level"] == level
    message: Any = getattr(error, "message", None)
    assert line.get("error") == message
    assert "a bug" not in json.dumps(line)


def test_a_providers_words_stay_out_of_the_log() -> None:
    words = "your prompt is bad (the model wrote: an answer)"
    error = UpstreamRefused(words, status=400, type="invalid_request_error", upstream_status=400, code="bad_prompt")
    with capture_logs() as lines, pytest.raises(UpstreamRefused), begin([]):
        raise error
    [line] = lines
    assert line["error"] == "the provider answered with HTTP 400 (bad_prompt)"
    assert error.message == words


@pytest.mark.parametrize("error", [ClientGone(), GeneratorExit()])
def test_who_has_everything_may_leave(error: BaseException) -> None:
    rows: list[RequestRow] = []
    with capture_logs():
        entry = begin(rows)
        entry.delivered()
        with pytest.raises(type(error)), entry:
            raise error
    assert [(row.status, row.error_type) for row in rows] == [(200, None)]


def test_a_failure_after_the_start_is_told_as_such() -> None:
    rows: list[RequestRow] = []
    refused = UpstreamRefused("busy", status=529, type="overloaded_error")
    with capture_logs(), begin(rows) as entry:
        entry.asks(TARGET, [])
        entry.attempted(refused)
        entry.failed(refused)
    assert (rows[0].status, rows[0].error_type) == (529, "overloaded_error")
    assert rows[0].attempts[0]["error_type"] == "overloaded_error"


def test_a_long_list_of_losses_is_cut() -> None:
    rows: list[RequestRow] = []
    with capture_logs(), begin(rows) as entry:
        entry.arrived(REQUEST, "models")
        entry.asks(TARGET, [f"f{number}" for number in range(102)])
    assert rows[0].dropped[-2:] == ["f99", "(+2 more)"]
    assert len(rows[0].dropped) == 101


def test_an_attempt_that_was_broken_off_is_one() -> None:
    rows: list[RequestRow] = []
    entry = begin(rows)
    with capture_logs():
        entry.arrived(REQUEST, "models")
        entry.asks(TARGET, [])
        with pytest.raises(ClientGone), entry:
            raise ClientGone
    [attempt] = rows[0].attempts
    assert (attempt["provider"], attempt["model"]) == ("p", "up")
    assert (attempt["status"], attempt["error_type"]) == (499, "client_closed")


def test_each_attempt_is_told_and_the_first_line_comes_once() -> None:
    rows: list[RequestRow] = []
    second = structs.replace(TARGET, provider="q", key="sk-provider-0123456789", keys=("sk-provider-0123456789", "k"))
    with capture_logs() as lines, begin(rows) as entry:
        entry.arrived(REQUEST, "a route")
        entry.asks(TARGET, ["top_k"])
        assert entry.tried == [("p/up", None)], "nobody knows yet how it ends"
        entry.attempted(UpstreamRefused("busy", status=529, type="overloaded_error"))
        entry.attempted(None)  # there is none
        assert entry.tried == [("p/up", 529)]
        entry.asks(second, ["top_k", "seed"], resumed=True)
        entry.first_byte()
        assert entry.tried == [("p/up", 529), ("q/up", 200)]
        entry.attempted(None)
    assert entry.tried == [("p/up", 529), ("q/up", 200)]
    [row] = rows
    assert (row.provider, row.status) == ("q", 200)
    assert row.dropped == ["top_k", "seed"], "of both parts"
    first, last = row.attempts
    assert (first["key"], "resumed" in first) == (None, False)
    assert (len(last["key"]), last["resumed"]) == (16, True)
    assert 0 <= first["started_ms"] <= first["ended_ms"] <= last["started_ms"] <= last["ended_ms"]
    assert "sk-provider" not in json.dumps(row.attempts)
    assert [line["action"] for line in lines] == ["anthropic_request", "anthropic_response"]
    assert lines[0]["provider"] == "p"
    assert lines[1]["attempts"] == 2


def test_a_target_that_is_not_asked_is_no_attempt() -> None:
    rows: list[RequestRow] = []
    with capture_logs(), begin(rows) as entry:
        entry.asks(TARGET, [], upstream=False)
        assert entry.tried == []
    assert rows[0].attempts == []


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        ("claude-cli/2.1.330 (external, sdk-cli)", "claude-cli"),
        ("Anthropic/Python 2.12.0", "anthropic/python"),
        ("Anthropic/JS 1.0", "anthropic/js"),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.34", "python-requests"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "mozilla"),
        ("opencode", "opencode"),
        ("x" * 500, "x" * 40),
        ("", None),
        (None, None),
        ("(none)", None),
        ("../../etc", None),
    ],
)
def test_the_program_that_asks_is_known_without_its_version(user_agent, expected):
    assert journal.program(user_agent) == expected


@pytest.mark.parametrize(
    ("error", "upstream", "tokens"),
    [
        (ClientGone(), True, 321),
        (DeadlinePassed("too long"), True, 321),
        (ClientGone(), False, None),
        (UpstreamRefused("no", status=500, type="api_error"), True, None),
    ],
)
def test_an_answer_that_nobody_waits_for_counts_by_its_estimate(
    error: BaseException, upstream: bool, tokens: Any
) -> None:
    rows: list[RequestRow] = []
    settled: list[int | None] = []
    with capture_logs():
        entry = begin(rows)
        entry.settle = lambda row: settled.append(row.input_tokens)
        entry.asks(TARGET, (), upstream=upstream, input_tokens=321)
        with pytest.raises(type(error)), entry:
            raise error
    assert [(row.input_tokens, row.usage_estimated) for row in rows] == [(tokens, tokens is not None)]
    assert settled == [tokens], "the charge is settled by what the row says"


def test_numbers_that_no_answer_has_stay_out_of_the_sums() -> None:
    rows: list[RequestRow] = []
    sent = {"request_id": "r", "caller": "key", "client_ip": "", "session_id": "s" * 999, "user_agent": "a" * 999}
    cost = lambda _, usage: usage.input_tokens * 1e-6  # noqa: E731
    with capture_logs(), journal.begin(rows.append, **sent, cost=cost) as entry:
        entry.asks(TARGET, ())
        entry.broke_off(Usage(input_tokens=10**400))
        entry.answered("end_turn", Usage(input_tokens=10**400, output_tokens=-5), False)
    assert (rows[0].input_tokens, rows[0].output_tokens, rows[0].cost_usd) == (10**9, 0, 1000.0)
    # nor does the log keep what somebody sends to fill it
    assert (rows[0].session_id, rows[0].user_agent) == ("s" * 512, "a" * 512)


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ({"p": 10.0, "q": 1000.0}, (6 + 250) * 10 + (1000 + 500) * 1000),
        ({"p": 1000.0, "q": 10.0}, (6 + 250) * 1000 + (1000 + 500) * 10),
        ({"p": 10.0, "q": None}, None),
        ({"p": None, "q": 10.0}, None),
    ],
)
def test_each_part_of_an_answer_costs_what_its_own_target_asks(prices: dict[str, Any], expected: float | None) -> None:
    rows: list[RequestRow] = []

    def cost(target: Target, usage: Usage) -> float | None:
        price = prices[target.provider]
        return None if price is None else float(price * (usage.input_tokens + usage.output_tokens) / 1e6)

    ids = {"caller": "key", "client_ip": "10.0.0.1", "session_id": None, "user_agent": None}
    with capture_logs(), journal.begin(rows.append, request_id="r", cost=cost, **ids) as entry:
        entry.asks(TARGET, ())
        entry.broke_off(Usage(input_tokens=6, output_tokens=250))
        entry.asks(structs.replace(TARGET, provider="q"), (), resumed=True)
        entry.answered("end_turn", Usage(input_tokens=1006, output_tokens=750), True)
    assert rows[0].cost_usd == (None if expected is None else pytest.approx(expected / 1e6))
    assert (rows[0].input_tokens, rows[0].output_tokens) == (1006, 750)


def test_where_nobody_goes_on_the_first_part_is_what_was_paid() -> None:
    rows: list[RequestRow] = []
    ids = {"caller": "key", "client_ip": "10.0.0.1", "session_id": None, "user_agent": None}
    prices = {"p": 5.0, "q": None}
    with (
        capture_logs(),
        journal.begin(rows.append, request_id="r", cost=lambda target, _: prices[target.provider], **ids) as entry,
    ):
        entry.asks(TARGET, ())
        entry.broke_off(Usage(input_tokens=6, output_tokens=250))
        entry.asks(structs.replace(TARGET, provider="q"), (), resumed=True)
        entry.answered(None, Usage(input_tokens=6, output_tokens=250), True)
    assert rows[0].cost_usd == 5.0
