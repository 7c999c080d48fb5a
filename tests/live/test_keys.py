"""Client keys over two workers: who gets in, limits that hold between them, budgets, and what is told of them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import pytest

from tests.fake_upstream import DONE, Exact, FakeUpstream, Reply, Stream, Until, chunk, finish, usage
from tests.live.server import Server, until

ADMIN = "ccproxy-first-key-0123456789"
FIRST = {"x-api-key": ADMIN}


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, provider: FakeUpstream) -> Iterator[Server]:
    """Two workers, a first key, and a provider whose model costs a dollar a token, in or out."""
    with Server(tmp_path_factory.mktemp("team"), settings={"apikey": ADMIN}) as running:
        prices = {"dear": {"input": 1e6, "output": 1e6}}
        running.add_provider("fake", provider.base_url, models=["m", "dear"], options={"prices": prices})
        yield running


def make_key(team: Server, name: str, **fields: Any) -> dict[str, str]:
    status, made, _ = team.request("POST", "/keys", {"name": name, **fields}, FIRST)
    assert status == 201, made
    return {"x-api-key": made["secret"]}


def ask(team: Server, headers: dict[str, str], model: str = "m", **more: Any) -> tuple[int, Any, dict[str, str]]:
    body = {"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": "hello"}], **more}
    return team.request("POST", "/v1/messages", body, headers)


def test_a_key_works_from_its_creation_to_its_end_in_both_workers(team: Server) -> None:
    headers = make_key(team, "whole-life")
    assert {ask(team, headers)[0] for _ in range(8)} == {200}
    until(lambda: len(team.rows(caller="whole-life")) == 8, "the rows name the key")
    _, rotated, _ = team.request("POST", "/keys/whole-life/rotate", {"grace_seconds": 600}, FIRST)
    fresh = {"x-api-key": rotated["secret"]}
    assert {ask(team, one)[0] for one in (headers, fresh) for _ in range(4)} == {200}
    team.request("POST", "/keys/whole-life/rotate", {"grace_seconds": 0}, FIRST)
    for one in (headers, fresh):
        answers = {(status, said["error"]["type"]) for status, said, _ in (ask(team, one) for _ in range(4))}
        assert answers == {(401, "authentication_error")}


def test_the_python_sdk_and_a_mistyped_key(team: Server) -> None:
    secret = make_key(team, "sdk")["x-api-key"]
    asked: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    with anthropic.Anthropic(base_url=team.url, auth_token=secret, max_retries=0) as client:
        assert client.messages.create(**asked).model == "fake/m"
    refused = pytest.raises(anthropic.AuthenticationError, match="mistyped or cut off")
    with anthropic.Anthropic(base_url=team.url, auth_token=secret[:-1], max_retries=0) as client, refused:
        client.messages.create(**asked)
    assert secret[12:] not in team.log.read_text()


MEMBER_S = [
    ("GET", "/v1/models", 200),
    ("GET", "/health", 200),
    ("GET", "/status", 403),
    ("GET", "/providers", 403),
    ("POST", "/providers", 403),
    ("GET", "/routes", 403),
    ("GET", "/keys", 403),
    ("DELETE", "/keys/member", 403),
    ("GET", "/prices", 403),
    ("POST", "/prices", 403),
    ("GET", "/usage", 200),
    ("GET", "/usage?key=key", 403),
    ("GET", "/logs", 403),
    ("GET", "/audit", 403),
    ("GET", "/metrics", 403),
]


def test_a_member_reaches_messages_and_nothing_of_the_administrators(team: Server) -> None:
    headers = make_key(team, "member")
    found = [(method, path, team.request(method, path, None, headers)[0]) for method, path, _ in MEMBER_S]
    assert found == MEMBER_S
    assert set(team.request("GET", "/health", None, headers)[1]) == {"status", "timestamp"}


def test_a_member_sees_its_own_usage_and_what_it_cost(team: Server) -> None:
    mine, other = make_key(team, "mine"), make_key(team, "other")
    assert [ask(team, headers, "dear")[0] for headers in (mine, other, mine)] == [200] * 3
    asked = "/usage?group_by=key,model&last=24h"
    until(lambda: (team.request("GET", asked, None, mine)[1]["data"] or [{}])[0].get("requests") == 2, "both count")
    [seen] = team.request("GET", asked, None, mine)[1]["data"]
    assert (seen["key"], seen["model"], seen["unpriced"]) == ("mine", "dear", 0)
    assert seen["cost_usd"] == pytest.approx(seen["input_tokens"] + seen["output_tokens"])
    everybody = "/usage?group_by=key&last=24h"
    until(
        lambda: {"mine", "other"} <= {row["key"] for row in team.request("GET", everybody, None, FIRST)[1]["data"]},
        "an administrator sees both",
    )
    [key] = [key for key in team.request("GET", "/keys", None, FIRST)[1] if key["name"] == "mine"]
    assert key["spend"]["day"]["cost_usd"] == pytest.approx(seen["cost_usd"])
    assert key["last_used_at"] is not None


def test_a_key_that_only_looks_is_in_use(team: Server) -> None:
    headers = make_key(team, "looker")
    assert team.request("GET", "/keys/looker", None, FIRST)[1]["last_used_at"] is None
    assert team.request("GET", "/v1/models", None, headers)[0] == 200
    until(lambda: team.request("GET", "/keys/looker", None, FIRST)[1]["last_used_at"], "it says when")


def test_models_that_a_key_may_not_use(team: Server) -> None:
    headers = make_key(team, "only-m", models=["fake/m"])
    assert ask(team, headers, "m")[0] == 200
    status, said, _ = ask(team, headers, "dear")
    assert (status, said["error"]["type"]) == (403, "permission_error")
    assert said["error"]["message"] == "model: the key 'only-m' may not use 'dear'; it may use fake/m"
    counted = {"model": "dear", "messages": [{"role": "user", "content": "hello"}]}
    assert team.request("POST", "/v1/messages/count_tokens", counted, headers)[0] == 200
    assert [model["id"] for model in team.request("GET", "/v1/models", None, headers)[1]["data"]] == ["fake/m"]
    assert team.request("POST", "/v1/messages/explain", {**counted, "max_tokens": 1}, headers)[0] == 403


def test_requests_a_minute_hold_exactly_between_workers(team: Server) -> None:
    """Sixty at once of which forty may pass: forty do, and the others hear when to come back."""
    headers = make_key(team, "forty", requests_per_minute=40)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: ask(team, headers), range(60)))
    assert sorted(status for status, _, _ in answers) == [200] * 40 + [429] * 20
    for status, said, told in answers:
        assert told["anthropic-ratelimit-requests-limit"] == "40"
        if status == 429:
            assert said["error"]["type"] == "rate_limit_error"
            assert "has used its 40 requests a minute" in said["error"]["message"]
            assert 1 <= int(told["retry-after"]) <= 120
    assert {row["status"] for row in team.rows(caller="forty")} <= {200, 429}


def test_what_is_no_request_counts_as_one(team: Server) -> None:
    headers = make_key(team, "noisy", requests_per_minute=5)
    found = [team.request("POST", "/v1/messages", {"model": str(n)}, headers)[0] for n in range(8)]
    assert found == [400] * 5 + [429] * 3


def test_requests_at_once_and_streams_in_flight_end_normally(team: Server, provider: FakeUpstream) -> None:
    headers = make_key(team, "two-at-once", concurrent_requests=2)
    go_on = threading.Event()
    provider.forget()
    held = Stream(
        [chunk(content="one "), Until(go_on), chunk(content="two"), finish(), usage(5, 2), b"data: [DONE]\n\n"]
    )
    provider.script("m", held, held, Reply("later"))
    with ThreadPoolExecutor(2) as pool:
        streams = [pool.submit(ask, team, headers, stream=True) for _ in range(2)]
        provider.wait_for(2)
        refused = {ask(team, headers)[0] for _ in range(6)}
        go_on.set()
        ended = [stream.result()[1] for stream in streams]
    assert refused == {429}
    assert all("message_stop" in text and "two" in text for text in ended)
    until(lambda: ask(team, headers)[0] == 200, "there is room again")


def test_what_killed_workers_had_under_way_is_given_back(team: Server, provider: FakeUpstream) -> None:
    amounts = {"tokens_per_minute": 100, "daily_token_budget": 100, "monthly_budget_usd": 100.0}
    headers = make_key(team, "bereft", concurrent_requests=1, **amounts)
    go_on, long = threading.Event(), [{"role": "user", "content": "word " * 60}]
    provider.forget()
    provider.script("dear", Stream([chunk(content="one "), Until(go_on), DONE]), Reply("later"))
    with ThreadPoolExecutor(1) as pool:
        stream = pool.submit(ask, team, headers, "dear", stream=True, messages=long)
        provider.wait_for(1)
        assert {ask(team, headers, "dear", messages=long)[0] for _ in range(4)} == {402}
        former = set(team.worker_pids())
        for pid in former:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not former & set(team.worker_pids()) and team.healthy(), "others are in their place")
        status, said, _ = ask(team, headers, "dear", messages=long)
        go_on.set()
        assert stream.exception() is not None or "message_stop" not in str(stream.result()[1])
    assert status == 200, said


def test_a_reload_forgets_no_limit_and_settles_what_is_under_way(team: Server, provider: FakeUpstream) -> None:
    headers = make_key(team, "reloaded", daily_token_budget=1200, concurrent_requests=1)
    go_on, long = threading.Event(), [{"role": "user", "content": "word " * 600}]
    provider.forget()
    provider.script("m", Stream([chunk(content="one "), Until(go_on), finish(), usage(300, 2), DONE]), Reply("later"))
    with ThreadPoolExecutor(1) as pool:
        stream = pool.submit(ask, team, headers, stream=True, messages=long)
        provider.wait_for(1)
        former = set(team.worker_pids())
        team.signal(signal.SIGHUP)
        until(lambda: len(set(team.worker_pids()) - former) == 2, "the new workers are there")
        assert {ask(team, headers, messages=long)[0] for _ in range(4)} == {402}
        assert {ask(team, headers)[0] for _ in range(4)} == {429}
        go_on.set()
        assert "message_stop" in stream.result()[1]
    _, said, _ = until(lambda: (found := ask(team, headers, messages=long))[0] != 429 and found, "there is room again")
    assert "usage" in said, "the estimate has given way to the three hundred"


def test_a_budget_goes_by_the_target_that_is_asked_first(team: Server) -> None:
    """Of a route that takes the cheapest one, that is not the first."""
    assert team.request("POST", "/prices", {"model": "m", "input": 1, "output": 1}, FIRST)[0] == 201
    route = {"name": "thrifty", "targets": ["fake/dear", "fake/m"], "strategy": "cheapest"}
    assert team.request("POST", "/routes", route, FIRST)[0] == 201
    headers = make_key(team, "thrifty", daily_budget_usd=0.5)
    status, said, told = ask(team, headers, "thrifty")
    assert (status, told.get("x-model")) == (200, "m"), said
    assert ask(team, headers, "dear")[0] == 402


def test_an_answer_that_nobody_waits_for_is_paid_all_the_same(team: Server, provider: FakeUpstream) -> None:
    go_on = threading.Event()
    provider.forget()
    provider.script("dear", Exact([Until(go_on)]), Reply("an answer"))
    headers = make_key(team, "impatient", daily_budget_usd=1000.0)
    body = {"model": "dear", "max_tokens": 5, "messages": [{"role": "user", "content": "hello"}]}
    connection = http.client.HTTPConnection("127.0.0.1", team.port, timeout=30)
    connection.request("POST", "/v1/messages", json.dumps(body), {"content-type": "application/json", **headers})
    provider.wait_for(1)
    connection.close()
    [row] = until(lambda: team.rows(caller="impatient"), "the row is written")
    go_on.set()
    assert (row["status"], row["usage_estimated"], row["output_tokens"]) == (499, 1, 0)
    assert row["input_tokens"] > 0
    assert row["cost_usd"] == pytest.approx(row["input_tokens"])


def test_a_budget_says_which_and_when_it_renews(team: Server, provider: FakeUpstream) -> None:
    provider.script("dear", Reply("an answer"))
    headers = make_key(team, "spender", daily_budget_usd=50.0)
    spent = 0.0
    for _ in range(20):
        status, said, told = ask(team, headers, "dear")
        if status != 200:
            break
        spent += said["usage"]["input_tokens"] + said["usage"]["output_tokens"]
    assert (status, said["error"]["type"]) == (402, "billing_error")
    assert "the daily budget of $50.0000 of the key 'spender' does not suffice" in said["error"]["message"]
    assert said["error"]["details"]["renews_at"] in said["error"]["message"]
    assert told["x-should-retry"] == "false"
    assert said["error"]["details"]["used"] == pytest.approx(spent)
    rows = until(lambda: (found := team.rows(caller="spender")) and len(found) > 1 and found, "the rows are written")
    assert rows[0]["cost_usd"] == pytest.approx(rows[0]["input_tokens"] + rows[0]["output_tokens"])
    # Who is made anew under its name goes on with its numbers
    assert team.request("DELETE", "/keys/spender", None, FIRST)[0] == 200
    again = make_key(team, "spender", daily_budget_usd=50.0)
    assert ask(team, again, "dear")[0] == 402
    paid = lambda: team.request("GET", "/usage", None, again)[1]["totals"]["cost_usd"]  # noqa: E731
    until(lambda: paid() == pytest.approx(spent), "the rows of both workers are added up")
