"""What an answer says: its blocks in their order, and what closes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate import signature
from ccproxy.translate.wire.bedrock_converse.reasoning import packed
from tests.translate.grammar import Said
from tests.translate.wire.bedrock_converse.streams import (
    KEY,
    begun,
    call,
    context,
    delta,
    ended,
    said,
    stop,
    text,
    told,
    whole,
)

NOVA = "us.amazon.nova-2-lite-v1:0"


def cited(number: int = 0, words: str = "source", **location: Any) -> bytes:
    location = location or {"documentChar": {"documentIndex": 0, "start": 1, "end": 2}}
    return delta(number, citation={"title": "t", "sourceContent": [{"text": words}], "location": location})


def thought(words: str = "", number: int = 0, **more: str) -> bytes:
    return delta(number, reasoningContent={**({"text": words} if words else {}), **more})


def texts(found: Said) -> list[tuple[str, int]]:
    """Each text block and how many citations it has."""
    return [(block["text"], len(block["citations"])) for block in found.blocks if block["type"] == "text"]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([text("a"), text("b"), stop(0)], [("ab", 0)]),
        ([text("a"), stop(0), text("b", 1), stop(1)], [("a", 0), ("b", 0)]),
        ([cited(), text("a"), text("b"), stop(0), text("c", 1)], [("ab", 1), ("c", 0)]),
        ([text("a"), cited(), stop(0), cited(1), text("b", 1), stop(1)], [("a", 1), ("b", 1)]),
        ([text("a"), stop(0), cited(1), stop(1), text("b", 2)], [("a", 1), ("b", 0)]),
        ([text("a"), cited(1), text("b", 1)], [("a", 0), ("b", 1)]),
        ([text("a"), cited(1)], [("a", 1)]),
        ([cited(), stop(0), text("a", 1)], [("a", 0)]),
    ],
)
def test_texts_and_their_citations(pieces: list[bytes], expected: list[tuple[str, int]]) -> None:
    assert texts(said(whole(*pieces))) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], {}),
        (["{}"], {}),
        (['{"a"', ": 1}"], {"a": 1}),
        (["", '{"a": {"b": "}"}', "}"], {"a": {"b": "}"}}),
    ],
)
def test_calls(parts: list[str], expected: dict[str, Any]) -> None:
    found = said(whole(text("so"), stop(0), call(1, *parts), call(2, id="tooluse_2"), reason="tool_use"))
    assert found.kinds == ["text", "tool_use", "tool_use"]
    assert found.tools == [("look", expected), ("look", {})]
    assert found.stop_reason == "tool_use"


def test_text_after_a_call_follows_it() -> None:
    assert said(whole(call(0), text("so", 1))).kinds == ["tool_use", "text"]


def test_an_input_that_is_cut() -> None:
    cut = begun(0, toolUse={"toolUseId": "t", "name": "look"}) + delta(0, toolUse={"input": '{"a": "b'})
    found = said(whole(cut, reason="max_tokens"))
    assert (found.stop_reason, found.blocks[0]["partial_json"]) == ("max_tokens", '{"a": "b')
    assert said(whole(cut, reason="tool_use")).stop_reason == "max_tokens"


def test_names_and_ids_are_the_clients() -> None:
    about = context(names={"t_a_b": "a.b"}, used_ids=frozenset({"tooluse_1"}))
    block = said(whole(call(name="t_a_b")), about).blocks[0]
    assert (block["name"], block["id"]) == ("a.b", "tooluse_1_2")


def test_input_without_its_call() -> None:
    assert said(whole(delta(5, toolUse={"input": "{}"}), delta(5, toolUse={}), text("a"))).kinds == ["text"]


def test_reasoning_is_signed_for_its_maker() -> None:
    found = said(whole(thought("h"), thought("m"), thought(signature="sig"), stop(0), text("so", 1)))
    assert found.kinds == ["thinking", "text"]
    block = found.blocks[0]
    assert block["thinking"] == "hm"
    assert signature.unseal(block["signature"], "bedrock", "hm", (KEY,)) == packed("anthropic", ("sig",))


def test_each_block_of_reasoning_is_one() -> None:
    found = said(whole(thought("a"), thought(signature="s1"), stop(0), thought("b", 1), stop(1)), context(NOVA))
    unsealed = [signature.unseal(one["signature"], "bedrock", one["thinking"], (KEY,)) for one in found.blocks]
    assert unsealed == [packed("amazon", ("s1",)), packed("amazon", ())]


def test_a_signature_without_a_thought() -> None:
    found = said(whole(thought(signature="sig"), thought(), stop(0), text("so", 1)))
    assert found.blocks[0]["thinking"] == ""
    assert signature.unseal(found.blocks[0]["signature"], "bedrock", "", (KEY,)) == packed("anthropic", ("sig",))


@pytest.mark.parametrize(
    ("parts", "content"),
    [(["b3BhcXVl"], "b3BhcXVl"), (["b3A=", "YXF1ZQ=="], "b3BhcXVl"), (["b3A", "!"], "b3A!")],
)
def test_what_only_its_maker_reads(parts: list[str], content: str) -> None:
    pieces = [thought(redactedContent=part) for part in parts]
    for data in (whole(*pieces, stop(0), text("so", 1)), whole(*pieces)):
        block = said(data).blocks[0]
        assert block["type"] == "redacted_thinking"
        assert signature.unseal(block["data"], "bedrock", "", (KEY,)) == packed("anthropic", (content,))


def test_without_keys_nothing_is_sealed() -> None:
    pieces = [thought("hm", signature="s"), stop(0), thought(redactedContent="b3A=", number=1), stop(1), text("so", 2)]
    assert said(whole(*pieces), context(keys=())).kinds == ["thinking", "text"]


@pytest.mark.parametrize(
    ("pieces", "expected", "met"),
    [
        ([text("one STOP two")], "one ", "STOP"),
        ([text("one ST"), text("OP two"), text("more", 1), call(2), thought("x", 3)], "one ", "STOP"),
        ([text("one ST"), stop(0)], "one ST", None),
        ([text("one ST"), call(1)], "one ST", None),
        ([thought("STOP"), stop(0), text("a", 1)], "a", None),
        ([cited(), text("STOP")], "", "STOP"),
    ],
)
def test_stop_sequences_are_enforced(pieces: list[bytes], expected: str, met: str | None) -> None:
    found = said(whole(*pieces), context(local_stops=("STOP",)))
    assert (found.text, found.stop_sequence) == (expected, met)


@pytest.mark.parametrize(
    ("fields", "reason", "sequence"),
    [
        ({"additionalModelResponseFields": {"delta": {"stop_sequence": "X"}}}, "stop_sequence", "X"),
        ({"additionalModelResponseFields": {"stop_sequence": "X"}}, "stop_sequence", "X"),
        ({"additionalModelResponseFields": {}}, "end_turn", None),
        ({"additionalModelResponseFields": "odd"}, "end_turn", None),
        ({}, "end_turn", None),
    ],
)
def test_the_stop_sequence_that_was_met(fields: dict[str, Any], reason: str, sequence: str | None) -> None:
    found = said(text("a") + ended("stop_sequence", **fields) + told())
    assert (found.stop_reason, found.stop_sequence) == (reason, sequence)
    other = said(text("a") + ended("max_tokens", **fields) + told())
    assert (other.stop_reason, other.stop_sequence) == ("max_tokens", None)


def test_an_empty_answer() -> None:
    found = said(whole())
    assert (found.blocks, found.stop_reason) == ([], "end_turn")


def search(number: int, query: str, id: str) -> bytes:
    served = call(number, json.dumps({"query": query}), id=id, name="nova_grounding", type="server_tool_use")
    return served + begun(number + 1, toolResult={"toolUseId": id, "type": "nova_grounding_result"}) + stop(number + 1)


def test_novas_searches_are_shown_with_their_sources() -> None:
    page: Any = {"web": {"url": "https://example.com/a", "domain": "example.com"}}
    pieces = [search(0, "x", "s1"), text("It is", 2), stop(2), cited(3, **page), stop(3), text(" so.", 4), stop(4)]
    found = said(whole(*pieces), context(NOVA))
    assert found.kinds == ["server_tool_use", "text", "text", "web_search_tool_result"]
    asked, first, _, results = found.blocks
    assert (asked["name"], json.loads(asked["partial_json"])) == ("web_search", {"query": "x"})
    assert [one["url"] for one in first["citations"]] == ["https://example.com/a"]
    assert results["tool_use_id"] == asked["id"]
    assert [one["url"] for one in results["content"]] == ["https://example.com/a"]
    assert found.usage["server_tool_use"] == {"web_search_requests": 1, "web_fetch_requests": 0}
    assert found.stop_reason == "end_turn"


def test_each_search_has_its_result() -> None:
    found = said(whole(search(0, "x", "s1"), search(2, "y", "s2"), text("so", 4)), context(NOVA))
    pairs = ["server_tool_use", "web_search_tool_result"]
    assert found.kinds == [*pairs, "server_tool_use", "text", "web_search_tool_result"]
    ids = [block.get("id") or block["tool_use_id"] for block in found.blocks if block["type"] in pairs]
    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_novas_runs_of_code_are_shown() -> None:
    used = call(0, '{"snippet": "6*7"}', id="c1", name="nova_code_interpreter", type="server_tool_use")
    result = begun(1, toolResult={"toolUseId": "c1", "status": "success"})
    result += delta(1, toolResult=[{"json": {"stdOut": "42", "stdErr": ""}}])
    result += delta(1, toolResult=[{"json": {"exitCode": 0, "isError": False}}, "odd"])
    found = said(whole(used, result, stop(1), text("42", 2)), context(NOVA))
    assert found.kinds == ["server_tool_use", "code_execution_tool_result", "text"]
    run, ran, _ = found.blocks
    assert (run["name"], json.loads(run["partial_json"])) == ("code_execution", {"code": "6*7"})
    assert ran["tool_use_id"] == run["id"]
    assert ran["content"] == {
        "type": "code_execution_result",
        "stdout": "42",
        "stderr": "",
        "return_code": 0,
        "content": [],
    }
