"""`/logs`: pages, exports and single requests."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from ccproxy.store import history
from ccproxy.store.logbook import RequestRow
from ccproxy.store.models import captures, request_logs
from ccproxy.store.session import write_engine
from ccproxy.web import logs as module
from ccproxy.web.schemas import moment
from tests.web.conftest import KEY, Site
from tests.web.seeing import as_member, refused, write

NOW = datetime.now(UTC)
ATTEMPTS = [
    {"provider": "azure", "model": "gpt", "key": "ab12", "status": 529, "error_type": "overloaded_error",
     "started_ms": 1.0, "ended_ms": 2.0},
    {"provider": "groq", "model": "llama", "key": None, "status": 200, "error_type": None,
     "started_ms": 2.0, "ended_ms": 9.5},
]  # fmt: skip


@pytest.fixture
def filled(site: Site) -> Site:
    """Twelve requests, a minute apart; the newest is `r0`, and every fourth failed."""
    rows = [
        RequestRow(
            request_id=f"r{n}",
            started_at=NOW - timedelta(minutes=n),
            caller="ann" if n % 2 else "bob",
            provider="groq",
            model="=cmd|x",
            upstream_model="llama",
            route="r",
            status=529 if n % 4 == 3 else 200,
            error_type="overloaded_error" if n % 4 == 3 else None,
            error="the provider answered with HTTP 529" if n % 4 == 3 else None,
            session_id=f"s{n % 3}",
            duration_ms=float(n),
            attempts=ATTEMPTS if n == 1 else ATTEMPTS[1:],
            dropped=["top_k", "stop"] if n == 1 else [],
            cost_usd=0.25 if n == 1 else None,
        )
        for n in range(12)
    ]
    write(site, rows)
    return site


def ids(site: Site, query: str = "") -> list[str]:
    return [row["request_id"] for row in site.get(f"/logs?{query}").get_json()["data"]]


def test_the_newest_come_first_with_all_that_is_kept(filled: Site) -> None:
    response = filled.get("/logs")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    body = response.get_json()
    assert [row["request_id"] for row in body["data"]] == [f"r{n}" for n in range(12)]
    assert body["next"] is None
    row = body["data"][1]
    assert set(row) == {column.name for column in request_logs.columns} - {"caller"} | {"key", "attempts_count"}
    assert (row["key"], row["started_at"], row["attempts_count"]) == ("ann", moment(NOW - timedelta(minutes=1)), 2)
    assert (row["attempts"], row["dropped"], row["cost_usd"]) == (ATTEMPTS, ["top_k", "stop"], 0.25)


def test_pages_join_without_a_gap(filled: Site) -> None:
    found, cursor = [], ""
    while cursor is not None:
        body = filled.get(f"/logs?limit=5&cursor={cursor}").get_json()
        found += [row["request_id"] for row in body["data"]]
        cursor = body["next"]
    assert found == [f"r{n}" for n in range(12)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("key=ann&status=2xx", ["r1", "r5", "r9"]),
        ("status=529", ["r3", "r7", "r11"]),
        ("status=5xx&session=s1", ["r7"]),
        ("status=error&limit=1", ["r3"]),
        ("error_type=overloaded_error&error=http", ["r3", "r7", "r11"]),
        ("min_duration_ms=10", ["r10", "r11"]),
        ("provider=groq&model=llama&route=r&session=s0&key=bob", ["r0", "r6"]),
        ("client=curl", []),
        ("key=&status=&limit=2", ["r0", "r1"]),
        ("last=1h&limit=1", ["r0"]),
        ("to=2020-01-01", []),
    ],
)
def test_what_is_chosen(filled: Site, query: str, expected: list[str]) -> None:
    assert ids(filled, query) == expected


def test_a_span_has_its_beginning_and_not_its_end(filled: Site) -> None:
    times = {"from": (NOW - timedelta(minutes=3)).isoformat(), "to": (NOW - timedelta(minutes=1)).isoformat()}
    body = filled.client.get("/logs", query_string=times).get_json()
    assert [row["request_id"] for row in body["data"]] == ["r2", "r3"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("status=600", "status: must be a status such as 503"),
        ("status=4x4", "status: must be a status such as 503"),
        ("limit=501", "limit: must be a whole number from 1 to 500"),
        ("cursor=abc", "cursor: must be the `next` of an earlier page"),
        ("min_duration_ms=-1", "min_duration_ms: must be a whole number"),
        ("after=1&cursor=MS4x", "after: cannot be given beside cursor"),
        ("after=1&format=csv", "after: cannot be exported"),
        ("format=xml", "format: must be json or csv or ndjson"),
        ("caller=ann", "caller: is not a parameter here"),
        ("from=2026-01-02&to=2026-01-01", "from: must be before to"),
    ],
)
def test_what_cannot_be_asked(filled: Site, query: str, words: str) -> None:
    refused(filled.get(f"/logs?{query}"), 400, "invalid_request_error", words)


@pytest.mark.parametrize("size", [1, 5, 12, 200])
def test_an_export_has_every_row_once(filled: Site, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(module, "EXPORT_ROWS", size)
    response = filled.get("/logs?format=ndjson")
    assert response.mimetype == "application/x-ndjson"
    assert response.headers["Content-Disposition"] == "attachment; filename=logs.ndjson"
    rows = [json.loads(line) for line in response.get_data(as_text=True).splitlines()]
    assert rows == filled.get("/logs").get_json()["data"]


def test_an_export_goes_on_where_a_page_has_nothing(filled: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SCANNED", 1)
    exported = filled.get("/logs?format=ndjson&min_duration_ms=9").get_data(as_text=True).splitlines()
    assert [json.loads(line)["request_id"] for line in exported] == ["r9", "r10", "r11"]


def test_an_export_ends_with_its_limit_and_begins_at_its_cursor(filled: Site) -> None:
    cursor = filled.get("/logs?limit=2").get_json()["next"]
    exported = filled.get(f"/logs?format=ndjson&limit=3&cursor={cursor}").get_data(as_text=True).splitlines()
    assert [json.loads(line)["request_id"] for line in exported] == ["r2", "r3", "r4"]


def test_csv_has_no_formulas(filled: Site) -> None:
    response = filled.get("/logs?format=csv&key=ann&limit=1")
    assert response.mimetype == "text/csv"
    heading, row = csv.reader(io.StringIO(response.get_data(as_text=True)))
    found = dict(zip(heading, row, strict=True))
    assert heading == list(module.COLUMNS)
    assert (found["key"], found["model"], found["stream"], found["error"]) == ("ann", "'=cmd|x", "false", "")
    assert (found["dropped"], found["attempts"]) == ("top_k, stop", "azure/gpt 529, groq/llama 200")


def test_an_export_of_nothing_is_its_heading(filled: Site) -> None:
    assert filled.get("/logs?format=csv&key=nobody").get_data() == ",".join(module.COLUMNS).encode() + b"\r\n"
    assert filled.get("/logs?format=ndjson&key=nobody").get_data() == b""


def test_what_was_written_since_comes_in_its_order(filled: Site) -> None:
    newest = filled.get("/logs?limit=1").get_json()["newest"]
    assert newest == 12
    late = {"started_at": NOW - timedelta(hours=1), "caller": "ann", "status": 200}  # it took an hour
    write(filled, [RequestRow(request_id="late", **late), RequestRow(request_id="new", started_at=NOW, status=529)])
    body = filled.get(f"/logs?after={newest}").get_json()
    assert ([row["request_id"] for row in body["data"]], body["next"], body["newest"]) == (["late", "new"], None, 14)
    body = filled.get(f"/logs?after={newest}&key=ann").get_json()
    assert ([row["request_id"] for row in body["data"]], body["newest"]) == (["late"], 14)
    body = filled.get("/logs?after=0&limit=2").get_json()
    assert ([row["request_id"] for row in body["data"]], body["newest"]) == (["r0", "r1"], 2)
    assert filled.get("/logs?after=99").get_json() == {"data": [], "next": None, "newest": 14}


def test_one_request(filled: Site) -> None:
    with write_engine(filled.services.reader._engine).begin() as connection:
        one = {"request_id": "r2", "captured_at": NOW, "request": b"t", "truncated": False, "size": 1}
        connection.execute(insert(captures).values(one))
    [wanted] = [row for row in filled.get("/logs").get_json()["data"] if row["request_id"] == "r1"]
    assert filled.get("/logs/r1").get_json() == wanted | {"captured": False}
    assert filled.get("/logs/r2/").get_json()["captured"] is True
    refused(filled.get("/logs/r99"), 404, "not_found_error", "the log has no request 'r99'")


def test_members_see_nobody_s_requests(filled: Site) -> None:
    as_member(filled, "ann")
    for path in ("/logs", "/logs/r1", "/logs?format=csv"):
        refused(filled.get(path), 403, "permission_error")


def test_a_key_is_needed(locked_site: Site) -> None:
    refused(locked_site.get("/logs"), 401, "authentication_error")
    assert locked_site.get("/logs", headers={"x-api-key": KEY}).get_json() == {"data": [], "next": None, "newest": 0}


def test_a_database_that_cannot_be_read_has_a_status(filled: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("locked"))

    monkeypatch.setattr(history, "page", fail)
    for query in ("", "format=csv"):
        refused(filled.get(f"/logs?{query}"), 503, "overloaded_error", "cannot be read now")
