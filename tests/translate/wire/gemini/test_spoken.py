"""What the assistant said, as a model's content."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from ccproxy.translate import signature
from ccproxy.translate.target import Target
from ccproxy.translate.wire.gemini.request import encode
from ccproxy.translate.wire.gemini.signatures import Mark, keep, packer
from tests.translate.wire.gemini.drawer import Drawer
from tests.translate.wire.gemini.requests import KEY, NEW, OLD, contents, losses, target
from tests.translate.wire.openai_chat.requests import assistant, request, result, text, use, user

SKIP = "skip_thought_signature_validator"


def thought(words: str, *marks: Mark, by: Target | None = None) -> dict[str, Any]:
    """A thinking block as the answer side seals it."""
    maker = by or target()
    payload = packer(maker)(marks) if marks else b""
    return {"type": "thinking", "thinking": words, "signature": signature.seal(maker.kind, words, payload, KEY)}


def said(*blocks: dict[str, Any], model: str = NEW, kind: str = "gemini") -> list[dict[str, Any]]:
    """The parts of the model's content."""
    found = contents(request([user("hi"), assistant(*blocks), user("so")]), model, kind)
    return found[1]["parts"] if found[1:] else []


def test_a_call_has_its_arguments_as_they_came() -> None:
    (part,) = said(use("t1", "look", at="here", n=12345678901234567890), model=OLD)
    assert part == {"functionCall": {"name": "look", "id": "t1", "args": {"at": "here", "n": 12345678901234567890}}}


def test_texts_and_calls_keep_their_order() -> None:
    found = said(text("a"), use("t1"), text("b"), use("t2"), model=OLD)
    assert [next(iter(part)) for part in found] == ["text", "functionCall", "text", "functionCall"]


def test_cited_neighbours_are_one_text() -> None:
    cited = {"citations": [{"type": "char_location"}]}
    found = said(text("a"), text("b", **cited), text("c"), use(), text("d", **cited), model=OLD)
    assert [part["text"] for part in found if "text" in part] == ["abc", "d"]


@pytest.mark.parametrize(
    ("id", "model", "kind", "sent"),
    [
        ("toolu_01", NEW, "gemini", True),
        ("toolu_01", OLD, "gemini", True),
        ("toolu_01", NEW, "vertex", False),
        ("g98os1Jf", NEW, "vertex", True),
    ],
)
def test_vertex_gets_only_ids_that_gemini_made(id: str, model: str, kind: str, sent: bool) -> None:
    found = contents(request([user("hi"), assistant(use(id)), user(result(id))]), model, kind)
    assert ("id" in found[1]["parts"][0]["functionCall"]) is sent
    assert ("id" in found[2]["parts"][0]["functionResponse"]) is sent


def test_unsigned_calls_have_the_stand_in_once_in_a_step() -> None:
    found = said(text("a"), use("t1"), use("t2"))
    assert [part.get("thoughtSignature") for part in found] == [None, SKIP, None]


@pytest.mark.parametrize("model", [OLD, "gemini-2.0-flash"])
def test_earlier_models_need_none(model: str) -> None:
    assert "thoughtSignature" not in said(use("t1"), model=model)[0]


def test_signatures_come_back_on_their_parts() -> None:
    marks = (Mark("thought", "A"), Mark("text", "B"), Mark("call", "C"))
    found = said(thought("hm", *marks), text("x"), text("y"), use("t1"), use("t2"))
    assert [part.get("thoughtSignature") for part in found] == ["A", "B", None, "C", None]
    assert found[0]["thought"] is True


def test_signed_text_is_joined_with_no_other() -> None:
    cited = {"citations": [{"type": "char_location"}]}
    found = said(thought("", Mark("text", "B")), text("x", **cited), text("y"))
    assert [part["text"] for part in found] == ["x", "y"]


def test_a_signed_call_needs_no_thought_before_it() -> None:
    found = said(thought("", Mark("call", "C")), use("t1"))
    assert found == [{"functionCall": {"name": "look", "id": "t1", "args": {}}, "thoughtSignature": "C"}]


def test_redacted_thinking_carries_signatures_too() -> None:
    block = thought("", Mark("call", "C"))
    found = said({"type": "redacted_thinking", "data": block["signature"]}, use("t1"))
    assert [part["thoughtSignature"] for part in found] == ["C"]


def test_other_models_signatures_are_not_sent() -> None:
    found = said(thought("hm", Mark("call", "C"), by=target(OLD)), use("t1"))
    assert found[0] == {"text": "hm", "thought": True}
    assert found[1]["thoughtSignature"] == SKIP


@pytest.mark.parametrize("by", ["anthropic", "vertex"])
def test_other_providers_thoughts_are_left_out_silently(by: str) -> None:
    foreign = structs.replace(target(), kind=by)
    talk = [user("hi"), assistant(thought("hm", Mark("call", "C"), by=foreign), text("x")), user("so")]
    assert contents(request(talk))[1]["parts"] == [{"text": "x"}]
    assert losses(request(talk)) == []


def test_thoughts_alone_are_nothing_said() -> None:
    found = contents(request([user("hi"), assistant(thought("hm", Mark("thought", "A"))), user("so")]))
    assert found == [{"role": "user", "parts": [{"text": "hi"}, {"text": "so"}]}]


def test_keepsakes_stand_in_for_thinking_that_the_client_left_out() -> None:
    drawer = Drawer()
    to = structs.replace(target(), keepsakes=drawer)
    keep(to, "t1", "K")
    sent = encode(request([user("hi"), assistant(use("t1")), user(result("t1"))]), to).body
    assert b'"thoughtSignature":"K"' in sent


def test_searches_are_told_in_words() -> None:
    search = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}}
    page = {"type": "web_search_result", "url": "https://example.com", "title": "T", "encrypted_content": ""}
    found = said(search, {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [page]})
    assert found == [{"text": '[web_search {"query": "q"}]'}, {"text": "[found:\n- T https://example.com\n]"}]


def test_bytes_that_were_fetched_are_reported() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
    content = {
        "type": "web_fetch_result",
        "url": "https://example.com",
        "content": {"type": "document", "source": source},
    }
    block = {"type": "web_fetch_tool_result", "tool_use_id": "s1", "content": content}
    assert losses(request([user("hi"), assistant(block), user("so")])) == ["messages[1].content[0].content"]


def test_what_a_block_holds_besides_is_reported() -> None:
    mark = {"type": "ephemeral"}
    blocks = [
        text("a", cache_control=mark),
        {**use(), "cache_control": mark, "toolset_name": "browser", "caller": {"type": "code_execution_20260120"}},
        {"type": "container_upload", "file_id": "f"},
    ]
    assert losses(request([user("hi"), assistant(*blocks), user(result())])) == [
        "messages[1].content[0].cache_control",
        "messages[1].content[1].cache_control",
        "messages[1].content[1].toolset_name",
        "messages[1].content[1].caller",
        "messages[1].content[2]",
    ]
