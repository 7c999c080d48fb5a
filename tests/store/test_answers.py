from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from ccproxy.errors import Draining
from ccproxy.store import answers
from ccproxy.store.logbook import Logbook, RequestRow

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def rows(providers):
    for name in ("a", "b"):
        providers.save({"name": name, "type": "openai-chat", "api_base_url": "http://x"})


def attempt(provider, status=200, error=None, began=0.0, ended=1.0):
    """Times in seconds."""
    times = {"started_ms": began * 1000, "ended_ms": ended * 1000}
    return {"provider": provider, "model": "m", "key": None, "status": status, "error_type": error, **times}


def at(seconds):
    return START + timedelta(seconds=seconds)


def failure(seconds, status, error, asked):
    return {"time": at(seconds), "type": error, "status": status, "asked": at(asked)}


def note(engine, *requests):
    """Each request is when it began, in seconds, and its attempts."""
    with engine.begin() as connection:
        answers.note(connection, [(at(began), attempts) for began, attempts in requests])


def known(engine, name="a"):
    with engine.connect() as connection:
        return answers.read(connection)[name]


def test_each_attempt_tells_of_its_provider(engine):
    note(engine, (10, [attempt("a", 502, "api_error", 1, 2), attempt("b", began=3, ended=5)]))
    assert known(engine) == {"last_success": None, "last_error": failure(12, 502, "api_error", 11)}
    assert known(engine, "b") == {"last_success": at(15), "last_error": None}


def test_a_failure_behind_which_another_key_answered_is_not_the_last_word(engine):
    note(engine, (0, [attempt("a", 401, "authentication_error", 0, 1), attempt("a", began=1, ended=3)]))
    found = known(engine)
    assert found["last_success"] == at(3)
    assert found["last_error"] == failure(1, 401, "authentication_error", 0)


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("together", [True, False])
def test_the_latest_counts_whichever_is_written_first(engine, turn, together):
    requests = [
        (0, [attempt("a", 500, "api_error", ended=100)]),  # which took long
        (50, [attempt("a", 529, "overloaded_error")]),
        (60, [attempt("a")]),
        (70, [attempt("a")]),
    ][::turn]
    for batch in [requests] if together else [[request] for request in requests]:
        note(engine, *batch)
    assert known(engine) == {"last_success": at(71), "last_error": failure(100, 500, "api_error", 0)}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, "invalid_request_error") for status in answers.NOT_THE_PROVIDER),
        (Draining.status, Draining.type),  # a worker that ended
    ],
)
def test_what_says_nothing_of_the_provider_does_not_count(engine, status, error):
    note(engine, (0, [attempt("a", 503, "api_error")]))
    note(engine, (10, [attempt("a", status, error)]))
    assert known(engine) == {"last_success": None, "last_error": failure(1, 503, "api_error", 0)}


def test_a_request_for_which_nobody_was_asked_tells_nothing(engine):
    note(engine, (0, []))
    note(engine)
    assert known(engine) == {"last_success": None, "last_error": None}


def test_of_a_provider_that_is_gone_nothing_is_told(engine, providers):
    note(engine, (0, [attempt("a"), attempt("b"), attempt("never")]))
    providers.delete("b")
    with engine.connect() as connection:
        assert list(answers.read(connection)) == ["a"]


def test_it_is_noted_with_the_rows_of_the_log_at_the_cost_of_one_statement(engine):
    logbook = Logbook(engine)
    for number in range(100):
        tried = [attempt("a", 502, "api_error"), attempt("b")]
        logbook.record(RequestRow(request_id="r", started_at=at(number), provider="b", attempts=tried))
    statements = []
    listening = (logbook._writer._engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    event.listen(*listening)
    logbook.stop()
    assert known(engine) == {"last_success": None, "last_error": failure(100, 502, "api_error", 99)}
    assert known(engine, "b") == {"last_success": at(100), "last_error": None}
    assert [statement.split()[0:3] for statement in statements if "provider_answers" in statement] == [
        ["INSERT", "INTO", "provider_answers"]
    ]


def test_a_row_that_is_refused_tells_nothing(engine, said):
    logbook = Logbook(engine, report=said)
    logbook.record(RequestRow(request_id="r", started_at=at(0), attempts=[attempt("a")]))
    logbook.record(RequestRow(request_id="r", started_at=at(9), attempts=[attempt("a")], status=None))
    logbook.stop()
    assert logbook.dropped == 1
    assert known(engine)["last_success"] == at(1)
