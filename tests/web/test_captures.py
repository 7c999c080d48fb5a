"""/logs/{id}/capture and /replay in a whole application, against a scripted provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from ccproxy.store.client_keys import ClientKey
from ccproxy.store.routes import Match, RouteTarget
from ccproxy.store.vault import Undecryptable
from tests.fake_upstream import DONE, Cut, FakeUpstream, Refusal, Reply, Stream, chunk, finish
from tests.web.test_messages import KEY, Proxy, ask


class Site(Proxy):
    """A proxy whose requests are made with a key, and whose captures are written when they are asked for."""

    def make_key(self, **fields: Any) -> tuple[ClientKey, dict[str, str]]:
        key, secret = self.parts.client_keys.create({"name": f"k{len(self.rows)}", **fields})
        return key, {"x-api-key": secret}

    def sent(self, headers: dict[str, str], **more: Any) -> Any:
        answer = self.post(ask(**more), **headers)
        assert answer.data, "read to its end"
        return answer

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        self.parts.captures.stop()
        with capture_logs():
            return self.client.open(path, method=method, json=body, headers=headers, base_url="http://localhost:3456")

    def captured(self, answer: Any) -> Any:
        return self.ask("GET", f"/logs/{answer.headers['request-id']}/capture")

    def replay(self, answer: Any, target: Any = "fake/other", **headers: str) -> Any:
        return self.ask("POST", f"/logs/{answer.headers['request-id']}/replay", {"target": target}, **headers)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with FakeUpstream() as provider:
        made = Site(tmp_path, provider)
        yield made
        made.parts.providers.close()
        made.parts.client_keys.close()
        made.parts.routes.close()
        made.parts.captures.close()


def test_nothing_is_kept_by_default(site: Site) -> None:
    _, headers = site.make_key()
    for one in (headers, {}):
        answer = site.captured(site.sent(one))
        assert (answer.status_code, answer.json["error"]["type"]) == (404, "not_found_error")
        assert '"capture": "errors" or "all" under /keys/NAME or /routes/NAME' in answer.json["error"]["message"]
    assert site.parts.captures.queued == 0


def test_a_whole_answer(site: Site) -> None:
    _, headers = site.make_key(capture="all")
    answer = site.sent({**headers, "anthropic-beta": "x", "anthropic-auth-token": "y"}, temperature=0.5)
    shown = site.captured(answer)
    assert shown.headers["Cache-Control"] == "no-store"
    found = shown.json
    assert found["request"] == ask(temperature=0.5)
    assert found["answer"] == answer.json
    assert (found["events"], found["truncated"], found["headers"]) == (None, False, {"anthropic-beta": "x"})
    assert found["request_id"] == answer.headers["request-id"]
    assert found["captured_at"].endswith("Z")


def test_a_stream_and_the_message_that_it_comes_to(site: Site) -> None:
    _, headers = site.make_key(capture="all")
    site.provider.enqueue(Reply("hello you"))
    answer = site.sent(headers, stream=True)
    sent = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    found = site.captured(answer).json
    assert [event["data"] for event in found["events"]] == sent
    assert [event["event"] for event in found["events"]] == [one["type"] for one in sent]
    assert found["answer"]["content"] == [{"type": "text", "text": "hello you"}]
    assert found["answer"]["stop_reason"] == "end_turn"


@pytest.mark.parametrize(
    ("scripted", "more", "status"),
    [
        (Refusal(500, "broken"), {}, 500),
        (Refusal(429, "slow down"), {"stream": True}, 429),
        (Reply("unused"), {"max_tokens": None}, 400),
        (Reply("unused"), {"messages": "no"}, 400),
    ],
)
def test_errors_only(site: Site, scripted: Any, more: dict[str, Any], status: int) -> None:
    _, headers = site.make_key(capture="errors")
    assert site.captured(site.sent(headers)).status_code == 404
    site.provider.script("*", scripted)
    answer = site.sent(headers, **more)
    assert answer.status_code == status
    found = site.captured(answer).json
    assert (found["request"], found["answer"], found["events"]) == (ask(**more), answer.json, None)


def test_a_stream_that_broke_off(site: Site) -> None:
    _, headers = site.make_key(capture="errors")
    site.provider.script("m", Stream([chunk(content="hel"), Cut()]))
    answer = site.sent(headers, stream=True)
    found = site.captured(answer).json
    assert found["events"][-1]["data"]["type"] == "error"
    assert found["answer"]["content"] == [{"type": "text", "text": "hel"}]
    compared = site.replay(answer).json
    assert compared["original"]["error"]["type"] == "api_error"
    assert compared["original"]["message"]["content"] == [{"type": "text", "text": "hel"}]


@pytest.mark.parametrize(
    ("of_key", "of_route", "kept"),
    [("off", "all", True), ("errors", "all", True), ("all", "off", True), ("off", "errors", False)],
)
def test_the_stronger_of_key_and_route_holds(site: Site, of_key: str, of_route: str, kept: bool) -> None:
    target = RouteTarget(provider="fake", model="m")
    site.parts.routes.save({"name": "r", "match": Match(models=("mine",)), "targets": (target,), "capture": of_route})
    _, headers = site.make_key(capture=of_key)
    assert (site.captured(site.sent(headers, model="mine")).status_code == 200) == kept
    by_route = site.captured(site.sent({}, model="mine"))
    assert (by_route.status_code == 200) == (of_route == "all"), "whoever has no key of its own has the route's"
    assert site.captured(site.sent({}, model="m")).status_code == 404


def test_keys_are_taken_out_of_what_is_kept(site: Site) -> None:
    _, headers = site.make_key(capture="all")
    secret = headers["x-api-key"]
    reply = f"you said {KEY} {secret}"
    parts = [chunk(content=reply[start : start + 5]) for start in range(0, len(reply), 5)]
    site.provider.script("m", Reply(reply), Stream([*parts, finish(), DONE]))
    said = [{"role": "user", "content": f"these:\n{KEY}\n{secret}"}]
    for stream in (False, True):
        answer = site.sent(headers, messages=said, stream=stream)
        assert (secret in answer.text) != stream, "what the client gets stays; a stream has it in parts"
        shown = site.captured(answer)
        assert (KEY in shown.text, secret in shown.text) == (False, False)
        assert shown.json["request"]["messages"][0]["content"] == "these:\n[redacted]\n[redacted]"
        assert shown.json["answer"]["content"][0]["text"] == "you said [redacted] [redacted]"


def test_what_is_no_json_is_shown_as_text(site: Site) -> None:
    _, headers = site.make_key(capture="errors")
    answer = site.post(b'{"model": "m", \xff', **headers)
    assert answer.status_code == 400
    assert site.captured(answer).json["request"] == '{"model": "m", \ufffd'
    replayed = site.replay(answer)
    assert (replayed.status_code, replayed.json["replay"]["status"]) == (200, 400)
    assert "JSON" in replayed.json["replay"]["error"]["message"]


def test_both_answers_side_by_side(site: Site) -> None:
    _, headers = site.make_key(capture="all")
    site.provider.script("m", Reply("one"))
    site.provider.script("other", Reply("two"))
    answer = site.sent(headers, stream=True, temperature=0.25, system="be brief")
    replayed = site.replay(answer, **{"user-agent": "tests/1"})
    assert replayed.headers["Cache-Control"] == "no-store"
    found = replayed.json
    assert (found["target"], found["request_id"]) == ("fake/other", replayed.headers["request-id"])
    first, second = found["original"], found["replay"]
    assert first.keys() == second.keys()
    assert first["message"]["content"] == [{"type": "text", "text": "one"}]
    assert second["message"]["content"] == [{"type": "text", "text": "two"}]
    assert (second["provider"], second["model"], second["status"], second["error"]) == ("fake", "other", 200, None)
    assert second["usage"]["input_tokens"] == second["message"]["usage"]["input_tokens"]
    assert second["duration_ms"] > 0
    row = site.rows[-1]
    assert (row.request_id, row.replay_of, row.caller) == (found["request_id"], answer.headers["request-id"], "local")
    assert (row.stream, row.model, row.session_id, row.client) == (False, "fake/other", None, "tests")
    sent = site.provider.requests[-1].json
    assert (sent["model"], sent["temperature"], sent.get("stream", False)) == ("other", 0.25, False)
    assert sent["messages"][0]["content"] == "be brief"
    assert site.parts.lifecycle.live == 0


def test_a_target_that_fails_is_a_result(site: Site) -> None:
    _, headers = site.make_key(capture="all")
    site.provider.script("other", Refusal(500, "broken"))
    answer = site.sent(headers)
    found = site.replay(answer)
    assert found.status_code == 200
    side = found.json["replay"]
    assert (side["status"], side["message"], side["error"]["type"]) == (500, None, "api_error")
    assert side["attempts"][0]["status"] == 500
    assert site.rows[-1].replay_of == answer.headers["request-id"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"target": "nobody/m"},
            "target: 'nobody/m' is not allowed; must be provider/model; there is: fake/m, fake/other",
        ),
        ({"target": "m"}, "must be provider/model"),
        ({"target": ""}, "must be provider/model"),
        ({"target": "fake/" + "x" * 600}, "must be provider/model"),
        ({"target": "off/m"}, "target: provider 'off' is not enabled"),
        ({"target": 1}, "body: must be an object with a target"),
        ({"target": "fake/m", "more": 1}, "body: must be an object with a target"),
        (["fake/m"], "body: must be an object with a target"),
    ],
)
def test_a_bad_target_sends_nothing(site: Site, body: Any, words: str) -> None:
    site.parts.providers.save(
        {"name": "off", "type": "openai-chat", "api_base_url": "http://127.0.0.1:9", "enabled": False}
    )
    _, headers = site.make_key(capture="all")
    answer = site.sent(headers)
    site.provider.forget()
    refused = site.ask("POST", f"/logs/{answer.headers['request-id']}/replay", body)
    assert (refused.status_code, refused.json["error"]["type"]) == (400, "invalid_request_error")
    assert words in refused.json["error"]["message"]
    assert (site.provider.requests, len(site.rows)) == ([], 1)


def test_what_was_not_captured_cannot_be_replayed(site: Site) -> None:
    refused = site.ask("POST", "/logs/nothing/replay", {"target": "fake/m"})
    assert refused.status_code == 404
    assert "nothing was captured of the request 'nothing'" in refused.json["error"]["message"]
    assert site.rows == []


def test_members_reach_neither(site: Site) -> None:
    _, headers = site.make_key(capture="all")
    answer = site.sent(headers)
    path = f"/logs/{answer.headers['request-id']}"
    assert site.ask("GET", f"{path}/capture", **headers).status_code == 403
    assert site.ask("POST", f"{path}/replay", {"target": "fake/m"}, **headers).status_code == 403
    assert len(site.rows) == 1


def test_an_administrators_key_is_held_to_what_it_may_use_and_the_members_is_not_charged(site: Site) -> None:
    _, member = site.make_key(capture="all", requests_per_minute=1)
    answer = site.sent(member)
    _, limited = site.make_key(role="admin", models=("fake/m",), requests_per_minute=1)
    assert site.replay(answer, "fake/other", **limited).status_code == 403
    first, second = (site.replay(answer, "fake/m", **limited).json["replay"] for _ in range(2))
    assert (first["status"], second["status"], second["error"]["type"]) == (200, 429, "rate_limit_error")
    assert [row.caller for row in site.rows[1:]] == ["k1", "k1"]
    assert site.replay(answer, "fake/m").json["replay"]["status"] == 200


def test_the_audit_knows_who_has_read_whose_words(site: Site) -> None:
    _, member = site.make_key(capture="all")
    answer = site.sent(member)
    _, root = site.make_key(role="admin")
    request_id = answer.headers["request-id"]
    before = len(site.ask("GET", "/audit").json["data"])
    site.ask("GET", f"/logs/{request_id}/capture", **member)
    site.ask("POST", f"/logs/{request_id}/replay", {"target": "fake/nothing at all", "more": 1}, **root)
    site.ask("GET", f"/logs/{request_id}/capture", **root)
    site.replay(answer, "fake/other", **root)
    events = site.ask("GET", "/audit").json["data"]
    again, first = events[: len(events) - before]
    for event in (first, again):
        assert (event["actor"], event["address"], event["subject"]) == ("k1", "127.0.0.1", request_id)
    assert (first["action"], again["action"]) == ("capture.read", "capture.replay")
    assert again["detail"] == "to fake/other", "there is no row of it in the log"


@pytest.mark.parametrize(
    ("capture", "target", "kept"), [("all", "other", True), ("errors", "m", True), ("off", "m", False)]
)
def test_a_replay_is_kept_where_the_key_of_whoever_asks_for_it_says_so(
    site: Site, capture: str, target: str, kept: bool
) -> None:
    _, member = site.make_key(capture="all")
    first = site.sent({**member, "anthropic-beta": "x"})
    site.provider.script("m", Refusal(500, "broken"))
    _, root = site.make_key(role="admin", capture=capture)
    second = site.replay(first, f"fake/{target}", **root)
    found = site.captured(second)
    assert (found.status_code == 200) == kept
    if kept:
        assert found.json["request"] == {**ask(), "model": f"fake/{target}", "stream": False}
        side = second.json["replay"]
        assert (found.json["headers"], found.json["answer"].get("content")) == (
            {"anthropic-beta": "x"},
            (side["message"] or {}).get("content"),
        )


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Undecryptable(), 404, "is damaged, or encrypted with a secret key that is not here"),
        (OperationalError("x", {}, Exception("locked")), 503, "the database cannot be read now"),
        (ZeroDivisionError(), 500, "internal error"),
    ],
)
def test_what_cannot_be_read(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, words: str
) -> None:
    def find(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(site.parts.captures, "find", find)
    answer = site.ask("GET", "/logs/x/capture")
    assert answer.status_code == status
    assert words in answer.json["error"]["message"]
