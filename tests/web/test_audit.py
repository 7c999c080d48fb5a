"""`GET /audit`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.web.conftest import KEY, Site


def fill(site: Site, count: int) -> None:
    for number in range(count):
        answer = site.client.post("/routes", json={"name": f"r{number}", "targets": ["a/m"]})
        assert answer.status_code == 201


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json
    return [event["subject"] for event in answer.json["data"]]


def test_an_event_in_full(site: Site) -> None:
    fill(site, 1)
    site.client.put("/routes/r0", json={"priority": 4})
    body = site.get("/audit").json
    assert body["next"] is None
    event = body["data"][0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("at"))
    assert event == {
        "id": 2,
        "actor": "local",
        "address": "127.0.0.1",
        "action": "route.change",
        "subject": "r0",
        "before": {"priority": 0},
        "after": {"priority": 4},
        "detail": None,
    }


def test_pages_follow_each_other_to_the_end(site: Site) -> None:
    fill(site, 7)
    found = []
    path: str | None = "/audit?limit=3"
    sizes = []
    while path:
        body = site.get(path).json
        sizes.append(len(body["data"]))
        found += [event["subject"] for event in body["data"]]
        path = f"/audit?limit=3&cursor={quote(body['next'])}" if body["next"] else None
    assert found == [f"r{number}" for number in range(6, -1, -1)]
    assert sizes == [3, 3, 1]
    assert site.get("/audit?limit=7").json["next"] is None


def test_filters(site: Site) -> None:
    fill(site, 3)
    site.client.delete("/routes/r1")
    assert names(site.get("/audit?subject=r1")) == ["r1", "r1"]
    assert names(site.get("/audit?action=route.delete")) == ["r1"]
    assert names(site.get("/audit?action=route.create&subject=r1&actor=local&limit=")) == ["r1"]
    assert names(site.get("/audit?actor=somebody")) == []
    at = site.get("/audit?subject=r2").json["data"][0]["at"]
    assert "r2" not in names(site.get(f"/audit?to={at}"))
    assert set(names(site.get(f"/audit?from={at}"))) >= {"r2"}
    assert len(names(site.get("/audit?from=2026-01-01&to=2999-12-31T00:00:00%2B05:30"))) == 4
    assert names(site.get("/audit?from=2999-01-01")) == []
    assert len(names(site.get("/audit?last=1h"))) == 4


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("limit=-1", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=1", "cursor"),
        ("cursor=99999999999999999999-1", "cursor"),
        ("from=yesterday", "from"),
        ("from=2026-13-01", "from"),
        ("to=2026-01-01T00:00:00", "to"),
        ("to=0001-01-01T00:00:00%2B23:00", "to"),
        ("actor=" + "x" * 201, "actor"),
        ("since=2026-01-01", "since"),
        ("last=1w", "last"),
        ("last=1h&from=2026-01-01", "last"),
        ("from=2026-01-02&to=2026-01-01", "from"),
    ],
)
def test_what_is_not_understood_is_named(site: Site, query: str, path: str) -> None:
    answer = site.get(f"/audit?{query}")
    assert answer.status_code == 400
    assert answer.json["error"]["message"].startswith(f"{path}: ")


@pytest.mark.parametrize("cursor", ["99999999999999999-1", "1-999999999999999999", "0-0"])
def test_a_cursor_that_nobody_was_given_is_a_place_all_the_same(site: Site, cursor: str) -> None:
    assert site.get(f"/audit?cursor={cursor}").status_code == 200


def test_administrators_only_and_nothing_but_reading(locked_site: Site) -> None:
    assert locked_site.get("/audit").status_code == 401
    assert locked_site.get("/audit", headers={"x-api-key": KEY}).status_code == 200
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert locked_site.client.open("/audit", method=method, headers={"x-api-key": KEY}).status_code == 405
