"""The JavaScript SDK against the running proxy: javascript/drive.mjs plays the client, the asserting is done here."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.fake_upstream import Answer, Cut, FakeUpstream, Hang, Received, Refusal, Reply, Stream, Until, chunk
from tests.live.sdk import provider_of
from tests.live.server import LIMIT, Server

FOLDER = Path(__file__).parent / "javascript"


@pytest.fixture(scope="module")
def node() -> str:
    """Node with the SDK beside it."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        pytest.skip("there is no node and npm here")
    if not (FOLDER / "node_modules" / "@anthropic-ai" / "sdk").is_dir():
        pytest.skip("the JavaScript SDK is not installed: `make test` does it, or `npm ci` in tests/live/javascript")
    return found


def drive(node: str, server: Server, scenario: str) -> Any:
    """What the scenario came to."""
    done = subprocess.run(
        [node, "drive.mjs", server.url, scenario],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def text_of(message: dict[str, Any]) -> str:
    return "".join(block["text"] for block in message["content"] if block["type"] == "text")


def test_the_sdk_is_the_one_that_was_measured(node: str) -> None:
    asked = json.loads((FOLDER / "package.json").read_text())["dependencies"]["@anthropic-ai/sdk"]
    installed = json.loads((FOLDER / "node_modules" / "@anthropic-ai" / "sdk" / "package.json").read_text())
    assert installed["version"] == asked


def test_a_message(node: str, server: Server, provider: FakeUpstream) -> None:
    provider.enqueue(Reply("Good day.", prompt_tokens=11, completion_tokens=4))
    came = drive(node, server, "create")
    message = came["message"]
    assert (text_of(message), message["stop_reason"]) == ("Good day.", "end_turn")
    assert (message["usage"]["input_tokens"], message["usage"]["output_tokens"]) == (11, 4)
    assert came["provider"] == "fake"
    assert server.row(came["requestID"])["user_agent"].startswith("Anthropic/JS ")
    assert [turn["role"] for turn in provider.requests[0].json["messages"]] == ["system", "user"]


def test_streams(node: str, server: Server, provider: FakeUpstream) -> None:
    provider.script("model-x", Reply("One two three.", reasoning="Counting."))
    came = drive(node, server, "stream")
    assert "".join(came["texts"]) == text_of(came["message"]) == "One two three."
    assert [block["type"] for block in came["message"]["content"]] == ["thinking", "text"]
    assert came["events"][0] == "message_start"
    assert came["events"][-2:] == ["message_delta", "message_stop"]


def sums() -> list[Reply]:
    return [
        Reply("Adding.", calls=(("call_1", "add", {"a": 2, "b": 3}), ("call_2", "add", {"a": 4, "b": 0}))),
        Reply("", calls=(("call_3", "add", {"a": 5, "b": 4}),)),
        Reply("It is 9."),
    ]


def results_sent(provider: FakeUpstream) -> list[str]:
    return [turn["content"] for turn in provider.requests[-1].json["messages"] if turn["role"] == "tool"]


def test_tools_over_several_turns(node: str, server: Server, provider: FakeUpstream) -> None:
    provider.enqueue(*sums())
    came = drive(node, server, "tools")
    assert text_of(came["message"]) == "It is 9."
    assert "".join(came["pieces"]) == '{"a": 2, "b": 3}{"a": 4, "b": 0}{"a": 5, "b": 4}'
    assert results_sent(provider) == ["5", "Error: nothing to add", "9"]


def test_the_tool_runner_goes_on_without_threads(node: str, server: Server, provider: FakeUpstream) -> None:
    provider.enqueue(*sums())
    came = drive(node, server, "runner")
    assert text_of(came["message"]) == "It is 9."
    assert len(provider.requests) == 3
    assert not any("thread" in received.json for received in provider.requests)
    assert results_sent(provider) == ["5", "4", "9"]


def test_parse(node: str, server: Server, provider: FakeUpstream) -> None:
    provider.enqueue(Reply('{"name": "Ulm"}'))
    assert drive(node, server, "parse") == {"parsed": {"name": "Ulm"}}
    assert provider.requests[0].json["response_format"]["json_schema"]["schema"]["required"] == ["name"]


def test_tokens_are_counted(node: str, server: Server, provider: FakeUpstream) -> None:
    assert 0 < drive(node, server, "count")["input_tokens"] < 50
    assert provider.requests == []


def test_models_are_listed_page_by_page(node: str, server: Server, provider: FakeUpstream) -> None:
    with provider_of(server, "many", provider.base_url, models=list("abcde")):
        came = drive(node, server, "models")
    assert came["ids"][-5:] == [f"many/{name}" for name in "abcde"]
    assert (came["one"]["id"], came["one"]["type"]) == ("many/e", "model")


def test_errors_are_of_their_classes(node: str, server: Server, provider: FakeUpstream) -> None:
    provider.enqueue(
        Refusal(400, "bad", "invalid_request_error"),
        Refusal(401, "bad key"),
        Refusal(404, "no such model"),
        Refusal(429, "slow down"),
        Refusal(529, "too much"),
        Stream([chunk(role="assistant", content=""), {"error": {"message": "broke", "code": 500}}]),
    )
    came = drive(node, server, "errors")
    assert [(error["class"], error["status"], error["type"]) for error in came] == [
        ("BadRequestError", 400, "invalid_request_error"),
        ("AuthenticationError", 401, "authentication_error"),
        ("NotFoundError", 404, "not_found_error"),
        ("RateLimitError", 429, "rate_limit_error"),
        ("OverloadedError", 529, "overloaded_error"),
        ("InternalServerError", 500, "api_error"),
    ]
    assert all(server.row(error["requestID"])["error_type"] == error["type"] for error in came)


@pytest.mark.parametrize(
    ("pieces", "words"),
    [([{"error": {"message": "out of memory", "type": "server_error", "code": 500}}], "out of memory"), ([Cut()], "")],
    ids=["error", "cut"],
)
def test_an_error_in_the_middle_of_a_stream(
    node: str, server: Server, provider: FakeUpstream, pieces: list[Any], words: str
) -> None:
    seen = threading.Event()

    def second(received: Received) -> Answer:
        seen.set()
        return Reply()

    provider.enqueue(Stream([chunk(content="Hello"), Until(seen), *pieces]), second)
    came = drive(node, server, "middle")
    assert came["text"] == "Hello"
    assert came["error"]["type"] == "api_error"
    assert words in came["error"]["message"]


def test_leaving_lets_go_of_the_provider(node: str, server: Server, provider: FakeUpstream) -> None:
    provider.enqueue(Stream([chunk(content="Hello"), Hang()]))
    assert drive(node, server, "abort") == {"error": "APIUserAbortError"}
    assert provider.requests[0].wait() == "left"
