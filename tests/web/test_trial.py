"""`POST /providers/{name}/test`: who may, what it takes, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from ccproxy.errors import GENERIC, InvalidRequest
from ccproxy.gateway.trial import Fault, Models, Outcome, Step, Streaming
from ccproxy.store.providers import Provider
from ccproxy.web.services import EXTENSION
from ccproxy.web.trial import Wanted, read_trial
from tests.web.conftest import KEY, Site
from tests.web.test_errors import assert_error


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        ({}, Wanted()),
        ({"model": None, "key": None}, Wanted()),
        ({"model": "org/m:free"}, Wanted("org/m:free")),
        ({"key": 0}, Wanted(None, 0)),
        ({"model": "m", "key": 99}, Wanted("m", 99)),
    ],
)
def test_what_is_wanted(document: Any, wanted: Wanted) -> None:
    assert read_trial(document) == wanted


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ([], "body: must be an object"),
        ("m", "body: must be an object"),
        ({"modell": "m"}, "modell: is not a field"),
        ({"model": ""}, "model: must not be empty"),
        ({"model": 1}, "model: must be"),
        ({"model": "m" * 513}, "model: must not be longer"),
        ({"key": -1}, "key: must be"),
        ({"key": True}, "key: must be"),
        ({"key": "0"}, "key: must be"),
    ],
)
def test_what_cannot_be_asked(document: Any, fault: str) -> None:
    with pytest.raises(InvalidRequest, match=fault):
        read_trial(document)


FAILED = Outcome(
    ok=False,
    provider="groq",
    model="m",
    key=0,
    latency_ms=1.5,
    models=Models(error=Fault("not_found_error", "no list", 404)),
    streaming=None,
    tools=None,
    error=Fault("authentication_error", "wrong key", 401),
)
WELL = Outcome(
    ok=True,
    provider="groq",
    model="m",
    key=None,
    latency_ms=1.5,
    models=Models(2, ("m", "n")),
    streaming=Streaming(True, 9.0, None, 3.0),
    tools=Step(False, 2.0, Fault("no_tool_call", "none")),
    error=None,
)


class Trial:
    """Notes what it was asked."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.asked: list[tuple[str, str | None, int | None]] = []

    def run(self, provider: Provider, model: str | None, key: int | None, request_id: str, tell: Any = None) -> Outcome:
        assert request_id
        self.asked.append((provider.name, model, key))
        if key == 9:
            raise InvalidRequest("key: there are fewer")
        if key == 6:
            raise ValueError("a bug")
        if tell is not None:
            tell("models", self.outcome.models)
        if key == 8:
            raise InvalidRequest("key: it broke")
        if key == 7:
            raise ValueError("a bug")
        return self.outcome


def with_trial(site: Site, outcome: Outcome = WELL) -> Trial:
    trial: Any = Trial(outcome)
    site.app.extensions[EXTENSION] = replace(site.services, trial=trial)
    return trial  # type: ignore[no-any-return]


def test_it_answers_200_also_where_the_test_failed(site: Site) -> None:
    site.add(name="groq")
    trial = with_trial(site, FAILED)
    response = site.client.post("/providers/groq/test")
    assert response.status_code == 200
    assert response.get_json() == {
        "ok": False,
        "provider": "groq",
        "model": "m",
        "key": 0,
        "latency_ms": 1.5,
        "models": {"count": 0, "first": [], "error": {"type": "not_found_error", "message": "no list", "status": 404}},
        "streaming": None,
        "tools": None,
        "error": {"type": "authentication_error", "message": "wrong key", "status": 401},
    }
    assert trial.asked == [("groq", None, None)]


def test_it_tells_what_works(site: Site) -> None:
    site.add(name="groq")
    trial = with_trial(site)
    body = site.client.post("/providers/groq/test", json={"model": "m", "key": 1}).get_json()
    assert body["ok"] is True
    assert body["models"] == {"count": 2, "first": ["m", "n"], "error": None}
    assert body["streaming"] == {"ok": True, "latency_ms": 9.0, "error": None, "first_byte_ms": 3.0}
    assert body["tools"]["error"]["type"] == "no_tool_call"
    assert trial.asked == [("groq", "m", 1)]
    assert site.services.lifecycle.live == 0


LINES = {"Accept": "application/x-ndjson"}


def test_findings_come_one_by_one_to_who_wants_lines(site: Site) -> None:
    site.add(name="groq")
    with_trial(site)
    response = site.client.post("/providers/groq/test", headers=LINES)
    assert response.mimetype == "application/x-ndjson"
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert [line["finding"] for line in lines] == ["models", "outcome"]
    assert lines[0] == {"finding": "models", "count": 2, "first": ["m", "n"], "error": None}
    assert lines[1]["ok"] is True
    response.close()
    assert site.services.lifecycle.live == 0


def test_what_stops_it_has_its_status_as_long_as_nothing_was_found(site: Site) -> None:
    site.add(name="groq")
    with_trial(site)
    assert_error(site.client.post("/providers/groq/test", json={"key": 9}, headers=LINES), 400, "invalid_request_error")
    response = site.client.post("/providers/groq/test", json={"key": 8}, headers=LINES)
    last = json.loads(response.text.splitlines()[-1])
    assert last == {"finding": "error", "type": "invalid_request_error", "message": "key: it broke"}
    response.close()
    assert site.services.lifecycle.live == 0


def test_a_bug_ends_it_as_well(site: Site) -> None:
    site.add(name="groq")
    with_trial(site)
    with capture_logs() as lines:
        assert_error(site.client.post("/providers/groq/test", json={"key": 6}, headers=LINES), 500, "api_error")
        response = site.client.post("/providers/groq/test", json={"key": 7}, headers=LINES)
        last = json.loads(response.text.splitlines()[-1])
    assert last == {"finding": "error", "type": "api_error", "message": GENERIC}
    response.close()
    assert site.services.lifecycle.live == 0
    assert [str(line["exc_info"]) for line in lines if "exc_info" in line] == ["a bug", "a bug"]


def test_an_unknown_provider_is_a_404_and_a_bad_body_a_400(site: Site) -> None:
    site.add(name="groq")
    trial = with_trial(site)
    assert_error(site.client.post("/providers/nobody/test"), 404, "not_found_error")
    assert_error(site.client.post("/providers/groq/test", json={"key": -1}), 400, "invalid_request_error")
    for data, kind, status in (("{", "application/json", 400), ("{}", "text/plain", 415)):
        response = site.client.post("/providers/groq/test", data=data, content_type=kind)
        assert_error(response, status, "invalid_request_error")
    assert_error(site.get("/providers/groq/test"), 405, "invalid_request_error")
    assert trial.asked == []


def test_only_administrators_may(make_site: Callable[..., Site]) -> None:
    site = make_site(apikey=KEY)
    trial = with_trial(site)
    assert_error(site.client.post("/providers/groq/test"), 401, "authentication_error")
    assert trial.asked == []
