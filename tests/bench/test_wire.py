"""What the benchmark sends and answers is what the two APIs say, and the same every time."""

from __future__ import annotations

import json

import pytest

from bench import wire

PROFILES = [wire.Profile(20), wire.Profile(300), wire.Profile(100, gap=20)]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("spaced", [False, True])
def test_the_upstream_reads_what_the_client_asks_for(profile: wire.Profile, streamed: bool, spaced: bool) -> None:
    body = wire.small_request(profile.model, streamed=streamed)
    if spaced:
        body = json.dumps(json.loads(body)).encode()
    assert wire.asked_for(body) == (profile, streamed)


def test_a_request_for_something_else() -> None:
    with pytest.raises(ValueError, match="words-N"):
        wire.asked_for(b'{"model":"gpt-x"}')


def test_stream_false_is_no_stream() -> None:
    assert wire.asked_for(b'{"model": "words-5", "stream": false}') == (wire.Profile(5), False)


def test_a_completion_is_a_whole_response() -> None:
    head, _, body = wire.completion(wire.Profile(3)).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    answer = json.loads(body)
    assert answer["choices"][0]["message"]["content"] == "w0000 w0001 w0002 "
    assert answer["usage"]["completion_tokens"] == 3


def test_a_stream_is_one_write_a_word_and_one_for_the_end() -> None:
    writes = wire.stream(wire.Profile(4))
    assert len(writes) == 5
    head, _, first = writes[0].partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    framed = first + b"".join(writes[1:])
    payloads = []
    while framed:
        size, _, framed = framed.partition(b"\r\n")
        payloads.append(framed[: int(size, 16)])
        framed = framed[int(size, 16) + 2 :]
    assert payloads.pop() == b""
    assert payloads.pop() == b"data: [DONE]\n\n"
    chunks = [json.loads(payload.removeprefix(b"data: ")) for payload in payloads]
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])
    assert text == "w0000 w0001 w0002 w0003 "
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["completion_tokens"] == 4


def test_the_coding_request() -> None:
    body = wire.coding_request("bench/words-20")
    assert body == wire.coding_request("bench/words-20")
    assert 95_000 < len(body) < 105_000
    asked = json.loads(body)
    assert (len(asked["tools"]), len(asked["messages"])) == (20, 41)
    assert [message["role"] for message in asked["messages"]] == (["user", "assistant"] * 21)[:41]
    blocks = [block for message in asked["messages"] for block in message["content"]]
    called = [block["id"] for block in blocks if block["type"] == "tool_use"]
    answered = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    assert called == answered
    assert {f"tool_{number}" for number in range(20)} == {tool["name"] for tool in asked["tools"]}
    assert wire.asked_for(body) == (wire.Profile(20), False)


def test_an_http_request_names_its_length() -> None:
    sent = wire.http_request("/v1/messages", "127.0.0.1:1", b"{}")
    assert sent.startswith(b"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:1\r\n")
    assert sent.endswith(b"Content-Length: 2\r\n\r\n{}")
