"""`/usage`, as administrators and as members see it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from ccproxy.store.logbook import RequestRow
from ccproxy.web.schemas import moment
from tests.web.conftest import KEY, Site
from tests.web.seeing import as_member, refused, write

NOW = datetime(2026, 11, 28, 10, 20, 30, 123456, tzinfo=UTC)
THIS_HOUR = NOW.replace(minute=0, second=0, microsecond=0)
SUMS = [
    *("requests", "errors", "cancelled", "unpriced", "estimated"),
    *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "thinking_tokens"),
    *("cost_usd", "ttft_p50_ms", "ttft_p95_ms", "duration_p50_ms", "duration_p95_ms"),
]


class Clock(datetime):
    """Stands still: these tests are about hours and minutes, which may turn while they run."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return NOW.astimezone(tz)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccproxy.web.usage.datetime", Clock)


@pytest.fixture
def used(site: Site) -> Site:
    usual = {"provider": "groq", "upstream_model": "llama", "route": "r", "client": "curl", "input_tokens": 10}
    write(
        site,
        [
            RequestRow(request_id="1", started_at=NOW, status=200, caller="ann", cost_usd=0.5, **usual),
            RequestRow(request_id="2", started_at=NOW, status=200, caller="bob", duration_ms=99.0, **usual),
            RequestRow(request_id="3", started_at=NOW - timedelta(days=3), status=200, caller="=bob", **usual),
            RequestRow(request_id="4", started_at=NOW - timedelta(days=40), status=200, caller="ann", **usual),
        ],
    )
    return site


def test_everything_of_a_month(used: Site) -> None:
    response = used.get("/usage")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert set(body) == {"from", "to", "group_by", "data", "totals"}
    assert list(body["totals"]) == SUMS
    assert body["data"] == [body["totals"]]
    assert (body["totals"]["requests"], body["totals"]["unpriced"], body["totals"]["cost_usd"]) == (3, 2, 0.5)
    assert body["from"] == moment(THIS_HOUR - timedelta(days=30))


def test_groups(used: Site) -> None:
    body = used.get("/usage?group_by=key,day").get_json()
    days = [THIS_HOUR.replace(hour=0), (THIS_HOUR - timedelta(days=3)).replace(hour=0)]
    found = [(row["key"], row["day"], row["requests"]) for row in body["data"]]
    assert found == [("=bob", moment(days[1]), 1), ("ann", moment(days[0]), 1), ("bob", moment(days[0]), 1)]
    assert body["group_by"] == ["key", "day"]
    assert used.get("/usage?group_by=hour").get_json()["from"] == moment(THIS_HOUR - timedelta(days=7))
    [hour] = used.get("/usage?group_by=hour&last=1h").get_json()["data"]
    assert (hour["hour"], hour["requests"]) == (moment(THIS_HOUR), 2)


@pytest.mark.parametrize(
    ("query", "requests"),
    [
        ("last=1h", 2),
        ("last=7d", 3),
        ("from=2020-01-01", 4),
        ("key=ann", 1),
        ("key=ann&from=2020-01-01", 2),
        ("key=", 3),
        ("provider=groq&model=llama&route=r&client=curl", 3),
        ("model=other", 0),
        pytest.param(f"to={moment(NOW - timedelta(days=20))}", 1, id="to-20-days-ago"),
    ],
)
def test_what_is_chosen(used: Site, query: str, requests: int) -> None:
    body = used.get(f"/usage?{query}").get_json()
    assert body["totals"]["requests"] == requests
    assert len(body["data"]) == (1 if requests else 0)


def test_minutes(used: Site) -> None:
    minute = NOW.replace(second=0, microsecond=0)
    body = used.get("/usage?group_by=minute,key").get_json()
    begins, ends = datetime.fromisoformat(body["from"]), datetime.fromisoformat(body["to"])
    assert ends - begins == timedelta(minutes=61), "the hour up to now, in whole minutes"
    assert [(row["minute"], row["key"], row["requests"]) for row in body["data"]] == [
        (moment(minute), "ann", 1),
        (moment(minute), "bob", 1),
    ]
    exact = used.get("/usage?precision=minute&group_by=key").get_json()
    assert (exact["from"], [(row["key"], row["requests"]) for row in exact["data"]]) == (
        body["from"],
        [("ann", 1), ("bob", 1)],
    )
    heading, row, *_ = csv.reader(io.StringIO(used.get("/usage?group_by=minute&format=csv").get_data(as_text=True)))
    assert (heading, row[:2]) == (["minute", *SUMS], [moment(minute), "2"])
    as_member(used, "ann")
    assert used.get("/usage?group_by=minute").get_json()["totals"]["requests"] == 1


def test_csv(used: Site) -> None:
    response = used.get("/usage?group_by=key&format=csv")
    assert response.mimetype == "text/csv"
    assert response.headers["Content-Disposition"] == "attachment; filename=usage.csv"
    heading, *rows = csv.reader(io.StringIO(response.get_data(as_text=True)))
    assert heading == ["key", *SUMS]
    assert [(row[0], row[1]) for row in rows] == [("'=bob", "1"), ("ann", "1"), ("bob", "1")]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("group_by=week", "group_by: must be a comma list of key, provider, model, route, client, minute, hour, day"),
        ("to=9999-12-31T23:59:59Z", "to: must lie in the years 1970 to 9000"),
        ("to=0001-01-05", "to: must lie in the years 1970 to 9000"),
        ("group_by=hour,day", "group_by: must have one of minute, hour, day at most"),
        ("group_by=hour&last=32d", "group_by: hour by hour at most 31 days"),
        ("group_by=hour&precision=minute", "precision: must be hour where hours or days are told"),
        ("precision=minute&last=4h", "group_by: minute by minute at most 3 hours"),
        ("group_by=minute&last=4h", "group_by: minute by minute at most 3 hours"),
        (
            "group_by=minute&from=2020-01-01T00:00:00Z&to=2020-01-01T01:00:00Z",
            "group_by: minutes are told from the log",
        ),
        ("from=2030-01-01", "from: must be before now"),
        ("from=x", "from: must be a time"),
        ("format=xml", "format: must be json or csv"),
        ("sessions=1", "sessions: is not a parameter here"),
    ],
)
def test_what_cannot_be_asked(used: Site, query: str, words: str) -> None:
    refused(used.get(f"/usage?{query}"), 400, "invalid_request_error", words)


@pytest.mark.parametrize("query", ["", "key=ann", "group_by=key"])
def test_a_member_sees_its_own_only(used: Site, query: str) -> None:
    as_member(used, "ann")
    body = used.get(f"/usage?{query}").get_json()
    assert body["totals"]["requests"] == 1
    assert {row.get("key", "ann") for row in body["data"]} == {"ann"}
    assert used.get("/usage?from=2020-01-01&format=csv").get_data(as_text=True).splitlines()[1].startswith("2,")


def test_a_member_is_told_that_it_may_not_see_another(used: Site) -> None:
    as_member(used, "ann")
    refused(used.get("/usage?key=bob"), 403, "permission_error", "only an administrator")


def test_a_key_is_needed(locked_site: Site) -> None:
    refused(locked_site.get("/usage"), 401, "authentication_error")
    assert locked_site.get("/usage", headers={"x-api-key": KEY}).status_code == 200
