"""What chunks mean, whatever form they come in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from ccproxy.errors import UpstreamRefused
from ccproxy.translate import render
from ccproxy.translate.messages import RedactedThinkingBlock, ThinkingBlock
from ccproxy.translate.wire.gemini import decode
from ccproxy.translate.wire.gemini.signatures import Signatures
from tests.translate.grammar import Said
from tests.translate.wire.gemini.answers import USAGE, call, chunk, ended, events, here, piece, said, sse, text
from tests.translate.wire.gemini.drawer import Drawer


def thought(words: str, signature: str = "") -> dict[str, Any]:
    part: dict[str, Any] = {"text": words, "thought": True}
    return part | {"thoughtSignature": signature} if signature else part


def signed(said: Said, drawer: Drawer | None = None) -> list[tuple[str, str]]:
    """Each block's kind and the signature that the next turn finds for it."""
    found = Signatures(here(drawer).target)
    out = []
    for block in said.blocks:
        match block["type"]:
            case "thinking":
                signature = found.thinking(ThinkingBlock(block["thinking"], block["signature"]))
                assert signature is not None
                out.append(("thinking", signature))
            case "text":
                out.append(("text", found.text()))
            case "tool_use":
                out.append(("tool_use", found.call(block["id"])))
    return out


def test_text_thoughts_and_calls_in_their_order() -> None:
    found = said(
        chunk(thought("let me ")), chunk(thought("see")), *text("I'll ", "look."), chunk(call("f", x=1)), ended()
    )
    assert [block["type"] for block in found.blocks] == ["thinking", "text", "tool_use"]
    assert (found.thinking, found.text, found.tools) == ("let me see", "I'll look.", [("f", {"x": 1})])
    assert found.stop_reason == "tool_use"


def test_several_parts_of_one_chunk() -> None:
    found = said(chunk(thought("hm"), {"text": "a"}, {"text": "b"}, call("f"), call("g"), {"text": "c"}), ended())
    assert found.kinds == ["thinking", "text", "tool_use", "tool_use", "text"]
    assert found.tools == [("f", {}), ("g", {})]


def test_nothing_opens_no_block() -> None:
    found = said(
        chunk({"text": ""}), chunk(), chunk({"text": "", "thought": True}), chunk({"foo": {}}), chunk(piece()), ended()
    )
    assert (found.blocks, found.stop_reason) == ([], "end_turn")
    assert said({"candidates": [{"finishReason": "MAX_TOKENS"}]}).stop_reason == "max_tokens"


def test_the_answer_begins_with_the_inputs_count_and_ends_with_the_last() -> None:
    first = chunk({"text": "a"}) | {"usageMetadata": {"promptTokenCount": 20, "cachedContentTokenCount": 6}}
    found = said(first, ended())
    begun = found.message["usage"]
    assert (begun["input_tokens"], begun["cache_read_input_tokens"], begun["output_tokens"]) == (14, 6, 0)
    assert (found.usage["input_tokens"], found.usage["output_tokens"]) == (14, 8)


def test_without_counts_the_answer_is_estimated() -> None:
    message = decode(json.dumps(chunk({"text": "12345678"}, finish="STOP")).encode(), here())
    assert message.usage.estimated is True
    assert (message.usage.input_tokens, message.usage.output_tokens) == (11, 2)


def test_of_several_answers_the_first_counts() -> None:
    other = {"index": 1, "content": {"parts": [{"text": "b"}]}, "finishReason": "SAFETY"}
    both = chunk({"text": "a"}, finish="STOP")
    both["candidates"].append(other)
    found = said(both)
    assert (found.text, found.stop_reason) == ("a", "end_turn")


def test_ids_are_kept_or_made_and_unique_in_the_conversation() -> None:
    kept = call("f")
    kept["functionCall"]["id"] = "wxvlv0tv"
    odd = call("f")
    odd["functionCall"]["id"] = "a b"
    where = here(used_ids=frozenset({"wxvlv0tv"}))
    found = said(chunk(kept, odd, call("g"), call("g")), ended(), where=where)
    assert [block["id"] for block in found.blocks] == ["wxvlv0tv_2", "ccpid_YSBi", "toolu_01test2", "toolu_01test3"]


def test_names_are_the_clients_again() -> None:
    found = said(chunk(call("t_x"), call("y")), ended(), where=here(names={"t_x": "mcp.x"}))
    assert [name for name, _ in found.tools] == ["mcp.x", "y"]


def test_an_input_that_is_no_object_and_a_call_without_a_name() -> None:
    odd: dict[str, Any] = {"functionCall": {"name": "f", "args": [1]}}
    nameless: dict[str, Any] = {"functionCall": {"args": {"a": 1}}}
    found = said(chunk(odd), chunk(nameless), ended())
    assert found.tools == [("f", [1]), ("unknown", {"a": 1})]


# --- streamed input


def test_pieces_of_calls_come_together() -> None:
    path = {"jsonPath": "$.city"}
    found = said(
        chunk(piece("f", more=True) | {"thoughtSignature": "S"}),
        chunk(piece("", path | {"stringValue": "Par", "willContinue": True}, more=True)),
        chunk({"text": ""}),
        chunk(piece("", path | {"stringValue": "is"}, more=True)),
        chunk(piece()),
        chunk(piece("g", {"jsonPath": "$.n", "numberValue": 2})),
        chunk(piece("h", {"jsonPath": "$.n", "numberValue": 3}, more=True)),
        chunk(piece("i")),
        ended(),
    )
    assert found.tools == [("f", {"city": "Paris"}), ("g", {"n": 2}), ("h", {"n": 3}), ("i", {})]
    assert found.stop_reason == "tool_use"
    assert signed(found)[:3] == [("thinking", ""), ("tool_use", "S"), ("tool_use", "")]


def test_a_call_whose_input_is_cut_is_not_taken_for_complete() -> None:
    found = said(
        chunk(piece("f", {"jsonPath": "$.a", "stringValue": "half", "willContinue": True}, more=True)),
        ended("MAX_TOKENS"),
    )
    assert found.blocks[0]["partial_json"] == '{"a":"half"'
    assert found.stop_reason == "max_tokens"
    assert said(chunk(piece("f", more=True)), ended()).stop_reason == "max_tokens"


# --- signatures


def test_signatures_come_back_on_their_parts() -> None:
    drawer = Drawer()
    found = said(chunk(thought("hm", "T")), chunk({"text": "a", "thoughtSignature": "X"}), ended(), where=here(drawer))
    assert signed(found) == [("thinking", "T"), ("text", "X")]
    assert drawer.held == {}


@pytest.mark.parametrize("kept", [True, False])
def test_a_calls_signature_goes_into_the_thinking_before_it(kept: bool) -> None:
    drawer = Drawer()
    found = said(chunk(thought("hm")), chunk(call("f", "C"), call("g")), ended(), where=here(drawer))
    assert signed(found, drawer if kept else None) == [("thinking", ""), ("tool_use", "C"), ("tool_use", "")]
    assert len(drawer.held) == 1


@pytest.mark.parametrize("kept", [True, False])
def test_without_thoughts_it_goes_into_an_empty_thinking_block(kept: bool) -> None:
    drawer = Drawer()
    found = said(*text("I'll look."), chunk(call("f", "C")), chunk(call("g", "D")), ended(), where=here(drawer))
    assert found.thinking == ""
    assert signed(found, drawer if kept else None) == [
        ("text", ""),
        ("thinking", ""),
        ("tool_use", "C"),
        ("thinking", ""),
        ("tool_use", "D"),
    ]


def test_a_texts_signature_alone_is_worth_no_block() -> None:
    found = said(*text("a"), chunk({"text": "", "thoughtSignature": "X"}), ended())
    assert found.kinds == ["text"]
    assert said(chunk({"text": "a", "thoughtSignature": "X"}), ended()).kinds == ["text"]


def test_a_texts_signature_behind_a_call_is_worth_no_block() -> None:
    found = said(chunk(call("f", "C"), {"text": "a", "thoughtSignature": "X"}), ended())
    assert found.kinds == ["thinking", "tool_use", "text"]


def test_a_thought_that_is_only_signed_is_kept() -> None:
    found = said(chunk({"thought": True, "thoughtSignature": "T"}), *text("a"), ended())
    assert signed(found) == [("thinking", "T"), ("text", "")]


def test_where_nothing_can_be_sealed_calls_are_kept_only() -> None:
    drawer = Drawer()
    where = here(drawer, keys=())
    parts = [chunk({"thought": True, "thoughtSignature": "T"}), chunk(call("f", "C")), ended()]
    found = said(*parts, where=where)
    assert found.kinds == ["tool_use"]
    assert Signatures(where.target).call("toolu_01test0") == "C"


def test_what_was_sealed_opens_as_redacted_thinking_too() -> None:
    block = said(chunk(call("f", "C")), ended()).blocks[0]
    found = Signatures(here().target)
    assert found.thinking(RedactedThinkingBlock(block["signature"])) == ""
    assert found.call("any") == "C"


# --- what providers' own tools do, and what cannot be shown


def test_code_that_was_run() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "print(1)", "id": "x"}}
    result = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n", "id": "x"}}
    found = said(
        *text("So: "), chunk(code), chunk({"text": ""}), chunk(result), *text("One."), chunk(code, result), ended()
    )
    assert found.kinds == [
        "text",
        "server_tool_use",
        "code_execution_tool_result",
        "text",
        "server_tool_use",
        "code_execution_tool_result",
    ]
    one, two = (block for block in found.blocks if block["type"] == "server_tool_use")
    assert (one["id"], two["id"]) == ("srvtoolu_ccp101testc1", "srvtoolu_ccp101testc2")
    assert found.blocks[2]["content"]["stdout"] == "1\n"
    assert found.stop_reason == "end_turn"


@pytest.mark.parametrize("after", [{"text": "a"}, thought("hm"), call("f"), None])
def test_a_run_without_its_result_has_failed(after: dict[str, Any] | None) -> None:
    code = {"executableCode": {"code": "x"}}
    found = said(chunk(code), *([chunk(after)] if after else []), ended())
    assert found.kinds[:2] == ["server_tool_use", "code_execution_tool_result"]
    assert found.blocks[1]["content"]["error_code"] == "unavailable"
    assert len(found.blocks) == (3 if after else 2)


def test_a_result_without_its_run_is_told_in_words() -> None:
    assert said(chunk({"codeExecutionResult": {"outcome": "OUTCOME_OK"}}), ended()).blocks == []
    late = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "7"}}
    assert said(chunk({"executableCode": {"code": "x"}}, thought("hm"), late), ended()).text == "\n```\n7\n```\n"


def test_a_call_and_an_image_among_the_thoughts() -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": "aGk="}, "thought": True}
    found = said(chunk(thought("hm "), image), chunk(call("f") | {"thought": True}), ended())
    assert (found.thinking, found.tools) == ("hm [an image that cannot be shown here]", [("f", {})])


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"inlineData": {"mimeType": "image/png", "data": "aGk="}}, "[an image that cannot be shown here]"),
        ({"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "aGk="}}, "[a sound that cannot be played here]"),
        ({"inlineData": {"data": "aGk="}}, "[a file that cannot be shown here]"),
        (
            {"fileData": {"mimeType": "image/png", "fileUri": "https://a.example/b.png"}},
            "![image](https://a.example/b.png)",
        ),
        ({"fileData": {"mimeType": "video/mp4", "fileUri": "https://a.example/b"}}, "[file](https://a.example/b)"),
        ({"fileData": {"mimeType": "video/mp4", "fileUri": "gs://a/b"}}, "[a file that cannot be shown here]"),
    ],
)
def test_what_cannot_be_shown_is_told_in_words(part: dict[str, Any], words: str) -> None:
    assert said(*text("Look: "), chunk(part), ended()).text == "Look: " + words


GROUNDING = {
    "webSearchQueries": ["who won"],
    "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}],
    "groundingSupports": [{"segment": {"text": "Them."}, "groundingChunkIndices": [0]}],
}


def test_a_streams_sources_come_behind_the_text_that_cites_them() -> None:
    found = said(
        chunk({"text": "Them."}, groundingMetadata={}),
        chunk({"text": ""}, finish="STOP", groundingMetadata=GROUNDING) | {"usageMetadata": USAGE},
    )
    assert found.kinds == ["text", "server_tool_use", "web_search_tool_result"]
    assert [one["url"] for one in found.blocks[0]["citations"]] == ["https://a.example"]
    assert found.usage["server_tool_use"]["web_search_requests"] == 1
    assert found.stop_reason == "end_turn"


def test_a_bodys_sources_come_before_the_text_or_the_call() -> None:
    for part in ({"text": "Them."}, call("f")):
        body = chunk(thought("hm"), part, finish="STOP", groundingMetadata=GROUNDING)
        content = decode(json.dumps(body).encode(), here()).content
        assert [type(block).__name__ for block in content][:3] == [
            "ThinkingBlock",
            "ServerToolUseBlock",
            "WebSearchToolResultBlock",
        ]
        assert len(content) == 4


def test_a_bodys_citations_stay_with_their_text() -> None:
    supports = [{"segment": {"text": text}, "groundingChunkIndices": [0]} for text in ("one", "two", "unheard of")]
    grounding = GROUNDING | {"groundingSupports": supports}
    body = chunk({"text": "one."}, thought("hm"), {"text": "two."}, finish="STOP", groundingMetadata=grounding)
    message = json.loads(render.message(decode(json.dumps(body).encode(), here())))
    cited = [[one["cited_text"] for one in block["citations"]] for block in message["content"] if "citations" in block]
    assert cited == [["one"], ["two", "unheard of"]]
    held = json.loads(render.message(decode(json.dumps(body).encode(), here(local_stops=("END",)))))
    assert [len(block["citations"]) for block in held["content"] if "citations" in block] == [3]


def test_queries_of_the_providers_own_calls_are_told() -> None:
    asked = {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["who won"]}, "id": "x"}}
    other = {"toolCall": {"toolType": "FILE_SEARCH", "id": "y"}}
    answer = {"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB", "response": {}, "id": "x"}}
    found = said(chunk(other, asked, answer, {"text": "Them."}), ended())
    assert found.kinds == ["text", "server_tool_use", "web_search_tool_result"]


# --- stop sequences


def test_a_stop_sequence_that_is_enforced_here_ends_the_answer() -> None:
    where = here(local_stops=("END",))
    found = said(*text("a E", "ND b"), chunk(call("f")), ended(), where=where)
    assert (found.text, found.stop_reason, found.stop_sequence) == ("a ", "stop_sequence", "END")
    assert found.kinds == ["text"]


def test_what_was_held_back_is_written_where_the_text_ends() -> None:
    where = here(local_stops=("END",))
    assert said(*text("a EN"), ended(), where=where).text == "a EN"
    found = said(*text("a E"), chunk(call("f")), *text("b EN"), chunk(thought("hm")), ended(), where=where)
    assert found.kinds == ["text", "tool_use", "text", "thinking"]
    assert found.text == "a Eb EN"


def test_whatever_follows_a_stop_sequence_is_not_heard() -> None:
    decoded = decode(
        json.dumps(
            chunk(
                {"text": "a END"},
                {"text": "b"},
                thought("hm"),
                call("f", "S"),
                {"executableCode": {"code": "x"}},
                {"codeExecutionResult": {"output": "y"}},
                finish="MALFORMED_FUNCTION_CALL",
            )
        ).encode(),
        here(local_stops=("END",)),
    )
    assert [type(block).__name__ for block in decoded.content] == ["TextBlock"]
    assert decoded.stop_reason == "stop_sequence"


# --- endings


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "MISSING_THOUGHT_SIGNATURE"])
@pytest.mark.parametrize("before", [[], [chunk(thought("hm"))]])
def test_a_failure_before_anything_was_said_is_an_error(reason: str, before: list[Any]) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        events([sse(*before, chunk(finish=reason, finishMessage="print(x"))])
    assert (caught.value.status, caught.value.type, caught.value.code) == (500, "api_error", reason.lower())
    assert caught.value.message.endswith(": print(x")


def test_a_failure_after_something_was_said_is_told_in_words() -> None:
    found = said(*text("I'll look."), chunk(finish="MALFORMED_FUNCTION_CALL", finishMessage="print(x"))
    assert found.stop_reason == "end_turn"
    assert found.text == "I'll look.\n\n[the model made a tool call that the provider could not read: print(x]"


def test_a_call_of_a_tool_that_is_unknown_is_the_clients_to_answer() -> None:
    found = said(chunk(call("f"), finish="UNEXPECTED_TOOL_CALL", finishMessage="undeclared"))
    assert (found.tools, found.text, found.stop_reason) == ([("f", {})], "", "tool_use")


@pytest.mark.parametrize(
    ("before", "words"), [([], "The provider blocked this answer (SAFETY)."), (text("Well"), "Well")]
)
def test_a_blocked_answer_is_a_refusal(before: list[Any], words: str) -> None:
    found = said(*before, chunk(finish="SAFETY", safetyRatings=[{"blocked": True}]))
    assert (found.text, found.stop_reason) == (words, "refusal")


def test_a_blocked_prompt_is_a_refusal() -> None:
    blocked = {"promptFeedback": {"blockReason": "OTHER", "blockReasonMessage": "No."}, "usageMetadata": USAGE}
    found = said(blocked)
    assert (found.text, found.stop_reason) == ("The provider blocked this prompt (OTHER): No.", "refusal")
    assert found.usage["input_tokens"] == 20
    assert decode(json.dumps(blocked).encode(), here()).stop_reason == "refusal"
    late = said(*text("Well"), {"promptFeedback": {"blockReason": 1}})
    assert (late.text, late.stop_reason) == ("Well", "refusal")
    assert said({"promptFeedback": {"safetyRatings": []}}, *text("a"), ended()).stop_reason == "end_turn"


def test_what_is_said_behind_a_finish_reason_counts() -> None:
    found = said(chunk({"text": "a"}, finish="STOP"), chunk({"text": "b"}), chunk({"text": "c"}, finish="MAX_TOKENS"))
    assert (found.text, found.stop_reason) == ("abc", "max_tokens")


def test_a_finish_reason_that_is_none_takes_no_ones_place() -> None:
    late = chunk({"text": "b"}, finish="FINISH_REASON_UNSPECIFIED")
    assert said(chunk({"text": "a"}, finish="MAX_TOKENS"), late).stop_reason == "max_tokens"


def test_another_targets_seal_does_not_open() -> None:
    block = said(chunk(call("f", "C")), ended()).blocks[0]
    foreign = structs.replace(here().target, kind="vertex")
    assert Signatures(foreign).thinking(ThinkingBlock("", block["signature"])) is None
