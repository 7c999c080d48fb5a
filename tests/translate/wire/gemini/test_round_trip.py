"""What Gemini answered goes to the client and comes back to Gemini on the next turn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from msgspec import structs

from ccproxy.translate import render
from ccproxy.translate.parse import parse
from ccproxy.translate.replay import message_of
from ccproxy.translate.target import DecodeContext, Target
from ccproxy.translate.wire.gemini import StreamDecoder, decode, encode
from tests.translate.replaying import each, fed, streamed, whole
from tests.translate.wire.gemini.drawer import Drawer
from tests.translate.wire.gemini.requests import NEW, target

SKIP = "skip_thought_signature_validator"


def context(to: Target) -> DecodeContext:
    return DecodeContext(message_id="msg_01test", target=to, input_tokens=10)


def answered(record: dict[str, Any], to: Target) -> list[dict[str, Any]]:
    """The content that a client has of a recorded answer."""
    if "response_stream" in record:
        events = fed(StreamDecoder(context(to)), record["response_stream"].encode())
        message = message_of(events)
    else:
        message = decode(json.dumps(record["response_body"]).encode(), context(to))
    return json.loads(render.message(message))["content"]


def next_turn(content: list[dict[str, Any]], to: Target) -> list[dict[str, Any]]:
    """The parts of the model's content, once the client has answered all calls."""
    calls = [block for block in content if block["type"] == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "found"} for call in calls]
    messages = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": results},
    ]
    body = {"model": "m", "max_tokens": 100, "messages": messages}
    sent = json.loads(encode(parse(json.dumps(body).encode()).request, to).body)["contents"]
    assert len(sent) == 3
    responses = [part["functionResponse"] for part in sent[2]["parts"]]
    asked = [part["functionCall"] for part in sent[1]["parts"] if "functionCall" in part]
    assert [(one["name"], one.get("id")) for one in responses] == [(one["name"], one.get("id")) for one in asked]
    return sent[1]["parts"]


def recorded_calls(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts with calls in a recorded answer, as the provider sent them."""
    if "response_stream" in record:
        text = record["response_stream"]
        if text.lstrip().startswith("["):
            chunks = json.loads(text)
        else:
            chunks = [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:")]
    else:
        body = record["response_body"]
        chunks = body if isinstance(body, list) else [body]
    parts = []
    for chunk in chunks:
        for candidate in (chunk.get("candidates") or [])[:1]:
            parts += (candidate.get("content") or {}).get("parts") or []
    return [part for part in parts if "functionCall" in part]


def wanted(record: dict[str, Any]) -> bool:
    """Answers with calls whose arguments came whole."""
    if not (streamed(record) or whole(record)):
        return False
    calls = recorded_calls(record)
    return bool(calls) and all("args" in part["functionCall"] for part in calls)


def replay(record: dict[str, Any], keeps: bool) -> None:
    drawer = Drawer()
    to = structs.replace(target(NEW), keepsakes=drawer)
    calls = recorded_calls(record)
    content = answered(record, to)
    if keeps:
        content = [block for block in content if block["type"] not in ("thinking", "redacted_thinking")]
    else:
        drawer.held.clear()
    sent = [part for part in next_turn(content, to) if "functionCall" in part]
    assert [part["functionCall"]["name"] for part in sent] == [part["functionCall"]["name"] for part in calls]
    assert [part["functionCall"]["args"] for part in sent] == [part["functionCall"]["args"] for part in calls]
    for at, (back, came) in enumerate(zip(sent, calls, strict=True)):
        signature = came.get("thoughtSignature")
        assert back.get("thoughtSignature") == (signature or (SKIP if at == 0 else None))
        id = came["functionCall"].get("id")
        assert not id or back["functionCall"]["id"] == id


def test_calls_come_back_signed_through_the_thinking_that_the_client_keeps(shared: Path) -> None:
    folder = shared / "wire" / "recorded"
    assert each(folder, ("gemini",), wanted, lambda record: replay(record, keeps=False)) > 70


def test_calls_come_back_signed_where_the_client_leaves_thinking_out(shared: Path) -> None:
    folder = shared / "wire" / "recorded"
    assert each(folder, ("gemini",), wanted, lambda record: replay(record, keeps=True)) > 70
