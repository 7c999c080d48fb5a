"""An answer that the client sends back reaches Gemini with its signatures on the parts that they came with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from ccproxy.translate import render
from ccproxy.translate.events import Event
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.parse import parse
from ccproxy.translate.replay import message_of
from ccproxy.translate.target import DecodeContext, Target
from ccproxy.translate.wire import openai_chat
from ccproxy.translate.wire.gemini import StreamDecoder, decode, encode
from tests.translate import contexts
from tests.translate.wire.gemini.answers import array, call, chunk, ended, piece, sse
from tests.translate.wire.gemini.drawer import Drawer
from tests.translate.wire.gemini.requests import NEW, OLD, target

SKIP = "skip_thought_signature_validator"
TOOLS = [{"name": name, "input_schema": {"type": "object"}} for name in ("f", "g", "mcp.long" + "x" * 100)]
ASKED = {"role": "user", "content": "hello"}


def request(history: list[dict[str, Any]]) -> MessagesRequest:
    body = {"model": "m", "max_tokens": 100, "messages": history, "tools": TOOLS, "stream": True}
    return parse(json.dumps(body).encode()).request


def drawered(to: Target, drawer: Drawer | None) -> Target:
    return structs.replace(to, keepsakes=drawer)


def answered(
    to: Target, chunks: list[dict[str, Any]], form: Any, history: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The content of an answer as the client holds it."""
    first = encode(request(history), to)
    context = DecodeContext(
        message_id=f"msg_0{len(history)}", target=to, input_tokens=1, names=first.names, used_ids=first.used_ids
    )
    if form is None:
        parts = [part for one in chunks for part in one["candidates"][0].get("content", {}).get("parts", [])]
        message = decode(json.dumps(chunk(*parts, finish="STOP")).encode(), context)
    else:
        decoder = StreamDecoder(context)
        events: list[Event] = decoder.feed(form(*chunks)) + decoder.close()
        message = message_of(events)
    return json.loads(render.message(message))["content"]  # type: ignore[no-any-return]


def went_on(history: list[dict[str, Any]], content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The history with this answer and what the client says to it."""
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "done"}
        for block in content
        if block["type"] == "tool_use"
    ]
    return [*history, {"role": "assistant", "content": content}, {"role": "user", "content": results or "go on"}]


def replayed(to: Target, history: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The parts of each of the model's contents that goes to the provider."""
    body = json.loads(encode(request(history), to).body)
    return [content["parts"] for content in body["contents"] if content["role"] == "model"]


def told(parts: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """What stands in each part, and its signature."""
    out = []
    for part in parts:
        if "functionCall" in part:
            said = part["functionCall"]["name"]
        else:
            said = ("(%s)" if part.get("thought") else "%s") % part["text"]
        out.append((said, part.get("thoughtSignature")))
    return out


FORMS = pytest.mark.parametrize("form", [None, sse, array], ids=["body", "sse", "array"])
KEPT = pytest.mark.parametrize("kept", [True, False], ids=["kept", "sealed only"])


@FORMS
@KEPT
@pytest.mark.parametrize(
    ("parts", "sent"),
    [
        (
            [{"text": "hm", "thought": True}, call("f", "F", x=1), call("g", y=2)],
            [("(hm)", None), ("f", "F"), ("g", None)],
        ),
        ([{"text": "Look:"}, call("f", "F")], [("Look:", None), ("f", "F")]),
        ([call("f", "F"), call("g"), call("f", "H")], [("f", "F"), ("g", None), ("f", "H")]),
        (
            [{"text": "hm", "thought": True, "thoughtSignature": "T"}, {"text": "a", "thoughtSignature": "X"}],
            [("(hm)", "T"), ("a", "X")],
        ),
        (
            [{"text": "hm", "thought": True}, {"text": "a"}, {"text": "so", "thought": True}, call("f", "F")],
            [("(hm)", None), ("a", None), ("(so)", None), ("f", "F")],
        ),
        ([call("f")], [("f", SKIP)]),
    ],
)
def test_signatures_return_to_their_parts(
    parts: list[dict[str, Any]], sent: list[tuple[str, str | None]], form: Any, kept: bool
) -> None:
    drawer = Drawer()
    content = answered(drawered(target(NEW), drawer), [*(chunk(part) for part in parts), ended()], form, [ASKED])
    found = replayed(drawered(target(NEW), drawer if kept else None), went_on([ASKED], content))
    assert [told(one) for one in found] == [sent]


def test_streamed_input_returns_whole_and_signed() -> None:
    path = {"jsonPath": "$.a[0].b"}
    chunks = [
        chunk(piece("f", more=True) | {"thoughtSignature": "F"}),
        chunk(piece("", path | {"stringValue": "x", "willContinue": True}, more=True)),
        chunk(piece("", path | {"stringValue": "y"})),
        ended(),
    ]
    content = answered(target(NEW), chunks, sse, [ASKED])
    [parts] = replayed(target(NEW), went_on([ASKED], content))
    assert told(parts) == [("f", "F")]
    assert parts[0]["functionCall"]["args"] == {"a": [{"b": "xy"}]}


@KEPT
def test_each_step_of_a_turn_keeps_its_own(kept: bool) -> None:
    drawer = Drawer()
    maker = drawered(target(NEW), drawer)
    history = [ASKED]
    for signature in "FGH":
        content = answered(maker, [chunk(call("f", signature), call("g")), ended()], sse, history)
        history = went_on(history, content)
    found = replayed(drawered(maker, drawer if kept else None), history)
    assert [told(parts) for parts in found] == [[("f", one), ("g", None)] for one in "FGH"]


def test_a_client_that_leaves_thinking_out_is_helped_by_what_was_kept() -> None:
    drawer = Drawer()
    maker = drawered(target(NEW), drawer)
    content = answered(maker, [chunk(call("f", "F"), call("g")), ended()], sse, [ASKED])
    bare = [block for block in content if block["type"] != "thinking"]
    assert [told(parts) for parts in replayed(maker, went_on([ASKED], bare))] == [[("f", "F"), ("g", None)]]
    assert [told(parts) for parts in replayed(target(NEW), went_on([ASKED], bare))] == [[("f", SKIP), ("g", None)]]


@pytest.mark.parametrize("spoiled", ["signature", "thinking", "both"])
def test_broken_envelopes_open_to_nothing_and_hurt_nobody(spoiled: str) -> None:
    content = answered(target(NEW), [chunk({"text": "hm", "thought": True}, call("f", "F")), ended()], sse, [ASKED])
    if spoiled != "thinking":
        content[0]["signature"] = content[0]["signature"][:-3]
    if spoiled != "signature":
        content[0]["thinking"] += "!"
    assert [told(parts) for parts in replayed(target(NEW), went_on([ASKED], content))] == [[("f", SKIP)]]


@pytest.mark.parametrize(
    ("to", "thought"), [(target(NEW, kind="vertex"), []), (target("gemini-3-flash-preview"), [("(hm)", None)])]
)
def test_another_provider_or_model_gets_no_signature_of_this_one(to: Target, thought: list[Any]) -> None:
    drawer = Drawer()
    chunks = [chunk({"text": "hm", "thought": True}, call("f", "F")), ended()]
    content = answered(drawered(target(NEW), drawer), chunks, sse, [ASKED])
    found = replayed(drawered(to, drawer), went_on([ASKED], content))
    assert [told(parts) for parts in found] == [[*thought, ("f", SKIP)]]


def test_older_models_get_no_signature_that_they_do_not_ask_for() -> None:
    content = answered(target(OLD), [chunk(call("f")), ended()], sse, [ASKED])
    assert [told(parts) for parts in replayed(target(OLD), went_on([ASKED], content))] == [[("f", None)]]


def test_thinking_of_other_providers_is_left_out_without_a_word() -> None:
    maker = contexts.context(kind="deepseek")
    said = {"choices": [{"message": {"reasoning_content": "hm", "content": "a"}, "finish_reason": "stop"}]}
    theirs = json.loads(render.message(openai_chat.decode(json.dumps(said).encode(), maker)))["content"]
    anthropic = {"type": "thinking", "thinking": "hm", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"}
    redacted = {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix"}
    for foreign in ([theirs[0]], [anthropic], [redacted]):
        history = went_on([ASKED], [*foreign, {"type": "text", "text": "a"}])
        upstream = encode(request(history), target(NEW))
        assert not [loss for loss in upstream.losses if loss.startswith("messages")]
        assert [told(parts) for parts in replayed(target(NEW), history)] == [[("a", None)]]


def test_our_thinking_means_nothing_to_other_wires() -> None:
    content = answered(target(NEW), [chunk({"text": "hm", "thought": True}, call("f", "F")), ended()], sse, [ASKED])
    other = structs.replace(contexts.target(kind="deepseek", replay="reasoning_content"), model="m")
    upstream = openai_chat.encode(request(went_on([ASKED], content)), other)
    assert b"ccp1" not in upstream.body
    assert b"hm" not in upstream.body
    assert b'"F"' not in upstream.body


def test_ids_and_names_return_as_gemini_knows_them() -> None:
    named = call("f")
    named["functionCall"]["id"] = "wxvlv0tv"
    long = next(iter(encode(request([ASKED]), target(NEW)).names), "f")
    content = answered(target(NEW), [chunk(named, call(long)), ended()], sse, [ASKED])
    assert content[-1]["name"] in {tool["name"] for tool in TOOLS}
    [parts] = replayed(target(NEW), went_on([ASKED], content))
    calls = [part["functionCall"] for part in parts]
    assert [one["name"] for one in calls] == ["f", long]
    assert calls[0]["id"] == "wxvlv0tv"
