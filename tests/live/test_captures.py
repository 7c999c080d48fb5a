"""Bodies that are captured by two workers, read from either, and sent again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_upstream import DONE, Cut, FakeUpstream, Refusal, Reply, Stream, chunk, finish
from tests.live.server import ROOT, Server, until

ADMIN = "ccproxy-first-key-0123456789"
FIRST = {"x-api-key": ADMIN}
UPSTREAM_KEY = "upstream-key-that-looks-like-none"
PROMPT = "an unmistakable prompt"
ANSWER = "an unmistakable answer"


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, provider: FakeUpstream) -> Iterator[Server]:
    """Two workers, two providers, a route that captures failures, and keys that capture all and failures."""
    with Server(tmp_path_factory.mktemp("team"), settings={"apikey": ADMIN}) as running:
        prices = {"second": {"input": 1e6, "output": 1e6}}
        running.add_provider("one", provider.base_url, api_key=UPSTREAM_KEY, models=["first"])
        running.add_provider("two", provider.base_url, models=["second"], options={"prices": prices})
        route = {"name": "watched", "match": {"model": "watched"}, "targets": ["one/failing"], "capture": "errors"}
        assert running.request("POST", "/routes", route, FIRST)[0] == 201
        yield running


@pytest.fixture
def keys(team: Server) -> Iterator[dict[str, dict[str, str]]]:
    """A key that captures all, one that captures failures, and one that captures nothing."""
    made = {}
    for capture in ("all", "errors", "off"):
        status, key, _ = team.request("POST", "/keys", {"name": capture, "capture": capture}, FIRST)
        assert status == 201, key
        made[capture] = {"x-api-key": key["secret"], "anthropic-version": "2023-06-01"}
    yield made
    for name in made:
        assert team.request("DELETE", f"/keys/{name}", None, FIRST)[0] == 200


def ask(team: Server, headers: dict[str, str], text: str = PROMPT, **more: Any) -> tuple[int, Any, str]:
    body = {"model": "one/first", "max_tokens": 50, "messages": [{"role": "user", "content": text}], **more}
    status, answer, told = team.request("POST", "/v1/messages", body, headers)
    return status, answer, told["request-id"]


def captured(team: Server, request_id: str) -> Any:
    def there() -> Any:
        status, found, _ = team.request("GET", f"/logs/{request_id}/capture", None, FIRST)
        return found if status == 200 else None

    return until(there, f"the capture of {request_id}")


def written(team: Server) -> bytes:
    """All that is in the database's files."""
    return b"".join(path.read_bytes() for path in team.folder.glob("ccproxy.db*") if path.suffix != ".key")


def test_by_key_whole_and_as_a_stream(team: Server, provider: FakeUpstream, keys: dict[str, dict[str, str]]) -> None:
    headers = keys["all"]
    said = f"{PROMPT}:\n{headers['x-api-key']}\n{UPSTREAM_KEY}\n{ADMIN}"
    reply = f"{ANSWER} {headers['x-api-key']}"
    parts = [chunk(content=reply[start : start + 4]) for start in range(0, len(reply), 4)]
    provider.script("first", Reply(reply), Stream([*parts, finish(), DONE]), Reply("more"))
    _, whole, first = ask(team, headers, said)
    _, stream, second = ask(team, headers, said, stream=True)
    silent = ask(team, keys["off"])[2]
    assert headers["x-api-key"] in whole["content"][0]["text"], "the client gets what the provider said"
    for request_id in (first, second):
        found = captured(team, request_id)
        assert found["request"]["messages"][0]["content"] == f"{PROMPT}:\n[redacted]\n[redacted]\n[redacted]"
        assert found["answer"]["content"][0]["text"] == f"{ANSWER} [redacted]"
        assert (found["headers"], found["truncated"]) == ({"anthropic-version": "2023-06-01"}, False)
    assert [event["event"] for event in captured(team, second)["events"]] == [
        line.removeprefix("event: ") for line in stream.splitlines() if line.startswith("event: ")
    ]
    team.row(silent)
    assert team.request("GET", f"/logs/{silent}/capture", None, FIRST)[0] == 404
    everything = written(team)
    assert first.encode() in everything, "it is looked for where it would be"
    for text in (PROMPT, ANSWER, headers["x-api-key"], UPSTREAM_KEY, ADMIN):
        assert text.encode() not in everything
        assert text not in team.log.read_text()


def test_failures_by_key_and_by_route(team: Server, provider: FakeUpstream, keys: dict[str, dict[str, str]]) -> None:
    provider.script("first", Reply("fine"))
    provider.script("failing", Refusal(400, "never"), Stream([chunk(content="hel"), Cut()]), Reply("fine"))
    fine = ask(team, keys["errors"])[2]
    status, said, refused = ask(team, FIRST, model="watched")
    assert status == 400
    found = captured(team, refused)
    assert (found["answer"], found["request"]["model"]) == (said, "watched")
    broken = ask(team, keys["off"], model="watched", stream=True)[2]
    assert captured(team, broken)["events"][-1]["event"] == "error"
    fine_too = ask(team, FIRST, model="watched")[2]
    invalid = ask(team, keys["errors"], max_tokens="many")[2]
    assert captured(team, invalid)["answer"]["error"]["type"] == "invalid_request_error"
    for request_id in (fine, fine_too):
        team.row(request_id)
        assert team.request("GET", f"/logs/{request_id}/capture", None, FIRST)[0] == 404


def test_once_more_at_another_target(team: Server, provider: FakeUpstream, keys: dict[str, dict[str, str]]) -> None:
    provider.script("first", Reply("the first answer"))
    provider.script("second", Reply("the second answer"))
    request_id = ask(team, keys["all"], stream=True)[2]
    captured(team, request_id)
    body = {"target": "two/second"}
    assert team.request("POST", f"/logs/{request_id}/replay", body, keys["all"])[0] == 403
    status, found, told = team.request("POST", f"/logs/{request_id}/replay", body, FIRST)
    assert status == 200, found
    first, second = found["original"], found["replay"]
    assert (first["request_id"], second["request_id"]) == (request_id, told["request-id"])
    assert [side["message"]["content"][0]["text"] for side in (first, second)] == [
        "the first answer",
        "the second answer",
    ]
    assert (first["provider"], first["status"], second["provider"], second["status"]) == ("one", 200, "two", 200)
    assert first["duration_ms"] > 0
    assert (first["cost_usd"], second["cost_usd"]) == (None, pytest.approx(10.0))
    row = team.row(second["request_id"])
    assert (row["replay_of"], row["caller"], row["cost_usd"]) == (request_id, "key", second["cost_usd"])

    shown = subprocess.run(
        [sys.executable, "-m", "ccproxy", "replay", request_id, "two/second"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CCPROXY_URL": team.url, "CCPROXY_APIKEY": ADMIN},
        capture_output=True,
        text=True,
        cwd=team.folder,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert "the first answer" in shown.stdout
    assert "the second answer" in shown.stdout


def test_captures_outlive_a_rotation_of_the_secret_keys(
    team: Server, provider: FakeUpstream, keys: dict[str, dict[str, str]]
) -> None:
    provider.script("first", Reply("fine"))
    request_id = ask(team, keys["all"])[2]
    captured(team, request_id)
    rotated = subprocess.run(
        [sys.executable, "-m", "ccproxy", "rotate-secrets"],
        env=team.environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "captured requests encrypted anew too" in rotated.stdout, rotated.stderr
    key_file = team.folder / "ccproxy.db.key"
    fresh, *old = key_file.read_text().splitlines()
    assert old
    key_file.write_text(fresh + "\n")
    for _ in range(6):  # both workers
        assert captured(team, request_id)["request"]["messages"][0]["content"] == PROMPT
    later = ask(team, keys["all"])[2]
    assert captured(team, later)
