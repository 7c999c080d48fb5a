"""What items become: nothing of them is lost, and nothing told twice."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.translate import render, signature
from ccproxy.translate.wire.openai_responses.reasoning import unpacked
from tests.translate.contexts import SEAL_KEY, context
from tests.translate.grammar import Said, check, frames
from tests.translate.wire.openai_responses.streams import (
    added,
    call,
    done,
    ended,
    event,
    events,
    message,
    said,
    text,
)

NOTE = {"type": "url_citation", "url": "https://a.example/", "title": "A", "start_index": 0, "end_index": 1}


def thought(*parts: str, at: int = 0, channel: str = "summary") -> bytes:
    """Deltas of reasoning, each of them a part of its own."""
    kind = "reasoning_summary_text" if channel == "summary" else "reasoning_text"
    found = b""
    for number, part in enumerate(parts):
        fields: dict[str, Any] = {"delta": part, "output_index": at, f"{channel}_index": number}
        found += event(f"{kind}.delta", **fields)
    return found


def reasoning(*texts: str, encrypted: str | None = None, channel: str = "summary", **fields: Any) -> dict[str, Any]:
    parts = [{"type": f"{channel}_text", "text": text} for text in texts]
    item: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": [], channel: parts} | fields
    return item | ({"encrypted_content": encrypted} if encrypted else {})


def payload(block: dict[str, Any]) -> list[dict[str, Any]]:
    """What the next turn gets of a thinking block."""
    found = signature.unseal(block["signature"], "openai-chat", block["thinking"], (SEAL_KEY,))
    assert found is not None
    items = unpacked(found) if found else []
    sent: list[dict[str, Any]] = json.loads(msgspec.json.encode(items))
    return sent


@pytest.mark.parametrize(
    "data",
    [
        text("one ", "two") + ended(),
        text("one ", "two") + event("output_text.done", text="one two", output_index=0, content_index=0) + ended(),
        event("output_text.done", text="one two", output_index=0, content_index=0) + done(message("one two")) + ended(),
        text("one") + done(message("one two")) + ended(),
        done(message("one two")) + ended(message("one two")),
        ended(message("one two")),
        text("one") + ended(message("one two")),
        event("content_part.done", part={"type": "output_text", "text": "one two"}, output_index=0) + ended(),
        # nobody says of what the deltas are
        event("output_text.delta", delta="one ")
        + event("output_text.delta", delta="two")
        + done(message("one two"))
        + ended(message("one two")),
        # the number of a part counts other things too (Bedrock)
        text("one two", within=1) + done(message("one two")) + ended(message("one two")),
        # the whole output leaves out the reasoning, so the message has another place
        added(reasoning()) + text("one two", at=1) + done(message("one two"), 1) + ended(message("one two")),
    ],
)
def test_text_is_told_once_whoever_repeats_it_and_whoever_leaves_it_out(data: bytes) -> None:
    found = said(data)
    assert (found.text, found.kinds) == ("one two", ["text"])


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=4),
    st.integers(0, 24),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_any_server_that_leaves_something_out(texts: list[str], streamed: int, tells: list[bool]) -> None:
    """Deltas up to some place, then any of the four repetitions: as long as one is there, all is told."""
    whole = "".join(texts)
    cut = streamed if any(tells) else len(whole)
    data, at = b"", 0
    for part in texts:
        piece = part[: max(cut - at, 0)]
        data += text(piece) if piece else b""
        at += len(part)
    repetitions = [
        event("output_text.done", text=whole, output_index=0, content_index=0),
        event("content_part.done", part={"type": "output_text", "text": whole}, output_index=0, content_index=0),
        done(message(whole)),
        b"",
    ]
    data += b"".join(one for one, tell in zip(repetitions, tells, strict=True) if tell)
    output = [message(whole)] if tells[3] else []
    found = check(frames(render.events(events([data + ended(*output)]))))
    assert found.text == whole.encode("utf-8", "replace").decode()
    assert found.kinds == ["text"]


def test_what_comes_between_does_not_make_the_text_come_twice() -> None:
    image = ran("image_generation_call", result="aGk=")
    whole = event("output_text.done", text="one two", output_index=0, content_index=0)
    found = said(text("one ") + done(image, 1) + text("two") + whole + ended())
    assert [block["text"] for block in found.blocks] == ["one ", "[an image that cannot be shown here]", "two"]


def test_a_message_whose_content_comes_with_the_whole_output() -> None:
    assert said(added(message()) + done(message()) + ended(message("one"))).text == "one"


def test_parts_and_messages_are_blocks_of_their_own() -> None:
    data = text("Got it.") + text("One", at=1) + text(" two", at=1) + text("three", at=1, within=1)
    found = said(data + ended(message("Got it."), message("One two", "three")))
    assert [block["text"] for block in found.blocks] == ["Got it.", "One two", "three"]
    whole = said(ended(message("Got it."), message("One two", "three", "")))
    assert [block["text"] for block in whole.blocks] == ["Got it.", "One two", "three"]


def test_a_server_that_gives_every_item_the_same_place() -> None:
    data = added(message()) + text("one") + done(message("one")) + added(message()) + text("other")
    assert said(data + done(message("other")) + ended(message("one"), message("other"))).text == "oneother"


def test_what_the_user_said_is_no_answer() -> None:
    assert said(ended(message("theirs") | {"role": "user"}, message("ours"))).text == "ours"


@pytest.mark.parametrize("channel", ["summary", "content"])
def test_reasoning_becomes_thinking_with_its_parts_apart(channel: str) -> None:
    item = reasoning("one", "two", encrypted="enc", channel=channel)
    deltas = thought("one", "two", channel=channel)
    for data in (deltas + done(item), done(item), thought("o", channel=channel) + done(item)):
        found = said(data + text("so", at=1) + ended(item, message("so")))
        assert (found.kinds, found.thinking) == (["thinking", "text"], "one\n\ntwo")
        [sent] = payload(found.blocks[0])
        assert (sent["encrypted_content"], sent[channel]) == ("enc", item[channel])


def test_the_rest_of_reasoning_may_come_with_the_end() -> None:
    found = said(thought("o") + text("so", at=1) + ended(reasoning("one", encrypted="enc"), message("so")))
    assert (found.kinds, found.thinking) == (["thinking", "text", "thinking"], "one")
    assert payload(found.blocks[2])[0]["encrypted_content"] == "enc"


def test_the_ends_of_parts_bring_what_their_deltas_did_not() -> None:
    part = {"type": "summary_text", "text": "two"}
    data = (
        thought("on")
        + event("reasoning_summary_text.done", text="one", output_index=0, summary_index=0)
        + event("reasoning_summary_part.done", part=part, output_index=0, summary_index=1)
    )
    assert said(data + done(reasoning("one", "two")) + ended()).thinking == "one\n\ntwo"
    part = {"type": "reasoning_text", "text": "open"}
    data = event("content_part.done", part=part, output_index=0, content_index=0)
    assert said(data + done(reasoning("open", channel="content")) + ended()).kinds == ["thinking"]


def test_reasoning_is_told_once_where_summary_and_content_say_it_both() -> None:
    item = reasoning("in full", channel="content", summary=[{"type": "summary_text", "text": "in short"}])
    assert said(ended(item)).thinking == "in short"
    data = thought("in full", channel="content") + thought("in short") + done(item)
    assert said(data + ended()).thinking == "in full"


def test_encrypted_reasoning_without_a_text_is_a_block_without_a_text() -> None:
    found = said(done(reasoning(encrypted="enc")) + done(call(), 1) + ended(reasoning(encrypted="enc"), call()))
    assert found.kinds == ["thinking", "tool_use"]
    assert payload(found.blocks[0])[0]["encrypted_content"] == "enc"
    assert found.blocks[0]["deltas"] == ["signature_delta"]


def test_reasoning_that_says_and_brings_nothing_is_nothing() -> None:
    assert said(done(reasoning()) + text("a", at=1) + ended()).kinds == ["text"]
    assert said(done(reasoning(encrypted="enc")) + text("a", at=1) + ended(), context(keys=())).kinds == ["text"]


def test_each_reasoning_item_is_a_block_with_a_signature_of_its_own() -> None:
    data = thought("one") + done(reasoning("one", encrypted="1")) + thought("two", at=1)
    found = said(data + done(reasoning("two", encrypted="2"), 1) + text("so", at=2) + ended())
    assert found.kinds == ["thinking", "thinking", "text"]
    assert [payload(block)[0]["encrypted_content"] for block in found.blocks[:2]] == ["1", "2"]


def test_reasoning_that_ends_after_the_text_brings_its_payload_still() -> None:
    data = added(reasoning()) + thought("hm") + text("so", at=1) + done(message("so"), 1)
    found = said(data + done(reasoning("hm", encrypted="enc")) + ended())
    assert (found.kinds, found.thinking) == (["thinking", "text", "thinking"], "hm")
    assert payload(found.blocks[2])[0]["encrypted_content"] == "enc"


def arguments(*parts: str, at: int = 0) -> bytes:
    return b"".join(event("function_call_arguments.delta", delta=part, output_index=at) for part in parts)


@pytest.mark.parametrize(
    "data",
    [
        added(call("")) + arguments('{"a"', ":1}") + done(call('{"a":1}')) + ended(call('{"a":1}')),
        added(call("")) + event("function_call_arguments.done", arguments='{"a":1}', output_index=0) + ended(),
        added(call("")) + arguments('{"a"') + done(call('{"a":1}')) + ended(),
        added(call("")) + arguments('{"a":1}') + done(call({"a": 1})) + ended(),
        added(call("")) + done(call('{"a":1}')) + ended(call('{"a":1}')),
        done(call('{"a":1}')) + ended(),
        ended(call('{"a":1}')),
        ended(call({"a": 1})),
        # the deltas come before anybody says whose they are
        arguments('{"a"', ":1}") + added(call("")) + done(call('{"a":1}')) + ended(),
        arguments('{"a"', ":1}") + event("function_call_arguments.done", name="f", output_index=0) + ended(call()),
    ],
)
def test_calls_are_told_once(data: bytes) -> None:
    found = said(data)
    assert found.tools == [("f", {"a": 1})]
    assert found.stop_reason == "tool_use"


@pytest.mark.parametrize("nothing", ["", None, "null", "{}"])
def test_a_call_without_input(nothing: Any) -> None:
    data = added(call("")) + done(call(nothing)) + text("next", at=1) + ended()
    found = said(data)
    assert (found.tools, found.kinds) == ([("f", {})], ["tool_use", "text"])


def test_calls_that_are_mixed_become_blocks_one_after_the_other() -> None:
    first, second = call("", id="1", name="f"), call("", id="2", name="g")
    data = added(first) + added(second, 1) + arguments('{"b"', at=1) + arguments('{"a":1}') + arguments(":2}", at=1)
    assert said(data + ended()).tools == [("f", {"a": 1}), ("g", {"b": 2})]


def test_two_inputs_in_one_are_two_calls() -> None:
    found = said(added(call("")) + arguments('{"a":1}{"a"', ":2}") + ended())
    assert found.tools == [("f", {"a": 1}), ("f", {"a": 2})]


def test_an_input_that_comes_twice_is_one_call() -> None:
    assert said(added(call("")) + arguments('{"a"', ":1}", '{"a":1}') + ended()).tools == [("f", {"a": 1})]


def test_a_call_whose_id_never_comes_has_one_made_for_it() -> None:
    found = said(arguments('{"a":1}') + event("function_call_arguments.done", name="f", output_index=0) + ended())
    assert (found.tools, found.blocks[0]["id"]) == ([("f", {"a": 1})], "toolu_01test0")


def test_a_note_that_comes_before_its_text() -> None:
    note = event("output_text.annotation.added", annotation=NOTE, output_index=0)
    found = said(note + done(message("one", annotations=[NOTE])) + ended())
    assert [one["url"] for one in found.blocks[0]["citations"]] == ["https://a.example/"]


def test_names_and_ids_are_the_clients() -> None:
    where = context(names={"short": "a.long.name"}, used_ids=frozenset({"call_1"}))
    found = said(added(call(name="short")) + ended(), where)
    assert (found.blocks[0]["name"], found.blocks[0]["id"]) == ("a.long.name", "call_1_2")
    assert said(ended(call(id="a:1"))).blocks[0]["id"].startswith("ccpid_")
    assert said(ended(call(id=""))).blocks[0]["id"] == "fc_1"


def test_a_custom_tools_text_is_its_input() -> None:
    item = {"type": "custom_tool_call", "id": "ct_1", "call_id": "call_1", "name": "sql", "input": "SELECT 1"}
    assert said(added(item) + done(item) + ended(item)).tools == [("sql", {"input": "SELECT 1"})]


@pytest.mark.parametrize(
    ("output", "fields", "reason"),
    [
        ([message("a")], {"incomplete_details": {"reason": "max_output_tokens"}}, "max_tokens"),
        ([message("a")], {"incomplete_details": {"reason": "content_filter"}}, "refusal"),
        ([call('{"a')], {"incomplete_details": {"reason": "max_output_tokens"}}, "max_tokens"),
        ([], {}, "max_tokens"),
    ],
)
def test_incomplete_answers(output: list[dict[str, Any]], fields: dict[str, Any], reason: str) -> None:
    found = said(ended(*output, kind="incomplete", **fields))
    assert found.stop_reason == reason
    assert [block.get("partial_json") for block in found.blocks if block["type"] == "tool_use"] == ['{"a'] * (
        output[:1] == [call('{"a')]
    )


def test_an_input_that_just_stops_was_cut() -> None:
    assert said(added(call("")) + arguments('{"a"') + ended()).stop_reason == "max_tokens"


def test_refusals_are_text_and_a_stop_reason() -> None:
    part = {"type": "refusal", "refusal": "I will not."}
    item = message() | {"content": [part]}
    deltas = event("refusal.delta", delta="I will", output_index=0, content_index=0)
    whole = event("refusal.done", refusal="I will not.", output_index=0, content_index=0)
    part_done = event("content_part.done", part=part, output_index=0, content_index=0)
    for data in (deltas + whole, deltas + part_done, deltas + done(item), whole, deltas):
        found = said(data + ended(item))
        assert (found.text, found.stop_reason) == ("I will not.", "refusal")
    assert said(deltas + done(call(), 1) + ended(item, call())).stop_reason == "tool_use"


def test_citations_are_told_once_and_belong_to_their_text() -> None:
    item = message("one", annotations=[NOTE])
    added_note = event("output_text.annotation.added", annotation=NOTE, output_index=0)
    for data in (text("one") + added_note + done(item), text("one") + done(item), text("one") + added_note):
        found = said(data + text("two", at=1) + ended(item, message("two")))
        assert [[one["url"] for one in block["citations"]] for block in found.blocks] == [["https://a.example/"], []]


def test_notes_on_files_are_not_told() -> None:
    notes = [{"type": "file_citation", "file_id": "f", "filename": "a.pdf", "index": 3}]
    assert said(ended(message("one", annotations=notes))).blocks[0]["citations"] == []


def ran(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "id": "x_1", "status": "completed"} | fields


def test_searches_with_their_pages() -> None:
    sources = [{"type": "url", "url": "https://b.example/"}, {"type": "api", "name": "oai-weather"}]
    item = ran("web_search_call", action={"type": "search", "query": "what", "sources": sources})
    data = added(ran("web_search_call")) + done(item) + text("so", at=1) + ended(item, message("so"))
    found = said(data)
    assert found.kinds == ["server_tool_use", "web_search_tool_result", "text"]
    assert found.blocks[0]["id"] == found.blocks[1]["tool_use_id"] == "srvtoolu_ccp101test1"
    assert [page["url"] for page in found.blocks[1]["content"]] == ["https://b.example/"]
    assert found.usage["server_tool_use"] == {"web_search_requests": 1, "web_fetch_requests": 0}
    assert found.stop_reason == "end_turn"


def test_searches_whose_pages_are_what_the_text_cites() -> None:
    item = ran("web_search_call", action={"type": "search", "query": "what"})
    cited = message("so", annotations=[NOTE, NOTE])
    found = said(done(item) + done(item | {"id": "x_2"}, 1) + text("so", at=2) + done(cited, 2) + ended())
    assert found.kinds == ["server_tool_use"] * 2 + ["text"] + ["web_search_tool_result"] * 2
    assert [[page["title"] for page in block["content"]] for block in found.blocks[3:]] == [[], ["A"]]
    assert found.usage["server_tool_use"]["web_search_requests"] == 2


def test_a_stop_sequence_still_tells_what_the_search_found() -> None:
    item = ran("web_search_call", action={"type": "search", "query": "what"})
    found = said(done(item) + text("a STOP b", at=1) + ended(), context(local_stops=("STOP",)))
    assert found.kinds == ["server_tool_use", "text", "web_search_tool_result"]
    assert found.stop_sequence == "STOP"


def test_text_that_might_be_a_stop_sequence_is_told_where_it_ends() -> None:
    where = context(local_stops=("STOP",))
    image = ran("image_generation_call", result="aGk=", revised_prompt="a cat")
    found = said(text("ST") + done(image, 1) + text("ST", at=2) + done(call(), 3) + text("ST", at=4) + ended(), where)
    assert [block.get("text") for block in found.blocks] == [
        "ST",
        "[an image that cannot be shown here: a cat]",
        "ST",
        None,
        "ST",
    ]
    parts = text("ST") + text("OP", within=1)
    assert said(parts + ended(), where).stop_reason == "end_turn"
    assert said(thought("STOP") + text("a", at=1) + ended(), where).thinking == "STOP"


@pytest.mark.parametrize("data", [ended(message("a STOP b", "c"), call()), text("a STOP", " b") + done(call(), 1)])
def test_nothing_comes_after_a_stop_sequence(data: bytes) -> None:
    found: Said = said(data + ended(), context(local_stops=("STOP",)))
    assert (found.kinds, found.text, found.stop_sequence) == (["text"], "a ", "STOP")


def test_counts_of_nothing_are_none() -> None:
    found = said(text("eight ch") + ended(usage={"input_tokens": 0, "output_tokens": 0}))
    assert (found.usage["input_tokens"], found.usage["output_tokens"]) == (11, 2)
