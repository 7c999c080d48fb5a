"""An answer that the client sends back reaches the provider as the provider said it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from ccproxy.translate import render
from ccproxy.translate.replay import message_of
from ccproxy.translate.signature import is_ours
from ccproxy.translate.target import DecodeContext, Target
from ccproxy.translate.wire.openai_responses import StreamDecoder, decode, encode
from tests.translate.replaying import each, fed
from tests.translate.wire.openai_chat.requests import request
from tests.translate.wire.openai_responses.requests import target

TARGETS = {"openai": "gpt-5.6", "azure": "gpt-5.6", "xai": "grok-4.3", "deepseek": "deepseek-v4-flash"}
KINDS = ("reasoning", "message", "function_call")


def context(to: Target) -> DecodeContext:
    return DecodeContext(message_id="msg_01test", target=to, input_tokens=1)


def echoed(answer: list[dict[str, Any]]) -> Any:
    """The next request, with the answer in it and a result for each call."""
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "done"}
        for block in answer
        if block["type"] == "tool_use"
    ]
    user = results or [{"type": "text", "text": "go on"}]
    return request(
        [
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": answer},
            {"role": "user", "content": user},
        ]
    )


def sent_back(answer: list[dict[str, Any]], to: Target) -> list[dict[str, Any]]:
    """The items between the first message of the user's and what came after the answer."""
    items: list[dict[str, Any]] = json.loads(encode(echoed(answer), to).body)["input"]
    return [_bare(item) for item in items[1:] if item["type"] in KINDS and item.get("role") != "user"]


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    """What an item says, in one form."""
    match item["type"]:
        case "reasoning":
            bare = {name: item[name] for name in ("encrypted_content", "content", "summary") if item.get(name)}
        case "message":
            bare = {"text": "".join(part.get("text") or part.get("refusal") or "" for part in item["content"])}
        case _:
            # A client parses the input and writes it anew.
            bare = {
                "call_id": item["call_id"],
                "name": item["name"],
                "arguments": json.loads(item["arguments"] or "{}"),
            }
    return {"type": item["type"], **bare}


def expected(output: list[dict[str, Any]], to: Target) -> list[dict[str, Any]]:
    """The items as they were said: reasoning with what followed it, and messages that say something."""
    items = [_bare(item) for item in output if item["type"] in KINDS]
    items = [item for item in items if item.get("text") or item["type"] != "message"]
    kept = [one for one in items if one["type"] != "reasoning" or {"encrypted_content", "content"} & set(one)]
    if to.dialect.replay != "items":
        kept = [one for one in kept if one["type"] != "reasoning"]
    while kept and kept[-1]["type"] == "reasoning":
        kept.pop()
    return kept


def plain(record: dict[str, Any]) -> bool:
    """A whole answer that holds nothing but what goes back as it came, to one who reasons."""
    body = record.get("response_body")
    if record["status"] != 200 or record["provider"] not in TARGETS or not isinstance(body, dict):
        return False
    output = body.get("output") or []
    kinds = [item["type"] for item in output]
    return body.get("status") == "completed" and "reasoning" in kinds and set(kinds) <= set(KINDS)


def replay(record: dict[str, Any]) -> None:
    to = target(record["provider"], TARGETS[record["provider"]])
    output = record["response_body"]["output"]
    message = decode(json.dumps(record["response_body"]).encode(), context(to))
    answer = json.loads(render.message(message))["content"]
    assert sent_back(answer, to) == expected(output, to)
    for block in answer:
        if block["type"] == "thinking":
            assert is_ours(block["signature"])


def test_recorded_answers_come_back_as_they_were(shared: Path) -> None:
    assert each(shared / "wire" / "recorded", ["openai-responses"], plain, replay) > 100


STREAM = [
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "gA",
    },
    {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "One."}]},
    {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "gB"},
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": '{"a":1}'},
    {"type": "function_call", "id": "fc_2", "call_id": "call_2", "name": "look", "arguments": "{}"},
]


@pytest.mark.parametrize("streamed", [True, False])
def test_several_thoughts_keep_their_places(streamed: bool) -> None:
    to = target("openai", "gpt-5.6")
    response = {"id": "resp_1", "status": "completed", "output": STREAM, "usage": None}
    if streamed:
        events = [
            {"type": "response.output_item.done", "output_index": index, "item": copy.deepcopy(item)}
            for index, item in enumerate(STREAM)
        ]
        events.append({"type": "response.completed", "response": response})
        data = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
        message = message_of(fed(StreamDecoder(context(to)), data))
    else:
        message = decode(json.dumps(response).encode(), context(to))
    answer = json.loads(render.message(message))["content"]
    assert sent_back(answer, to) == [_bare(item) for item in STREAM]


@pytest.mark.parametrize("kind", ["azure", "xai", "openai-responses"])
def test_another_kind_of_provider_gets_no_thoughts(kind: str) -> None:
    message = decode(
        json.dumps({"status": "completed", "output": STREAM}).encode(), context(target("openai", "gpt-5.6"))
    )
    answer = json.loads(render.message(message))["content"]
    sent = sent_back(answer, target(kind, TARGETS.get(kind, "m")))
    assert [item["type"] for item in sent] == ["message", "function_call", "function_call"]


def test_what_was_changed_is_not_sent() -> None:
    to = target("openai", "gpt-5.6")
    message = decode(json.dumps({"status": "completed", "output": STREAM}).encode(), context(to))
    answer = json.loads(render.message(message))["content"]
    answer[0]["thinking"] += " changed"
    assert [item["type"] for item in sent_back(answer, to)] == [
        "message",
        "reasoning",
        "function_call",
        "function_call",
    ]
