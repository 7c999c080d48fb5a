"""What other providers left in a conversation never goes out, and nothing else is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate import searches, signature
from ccproxy.translate.searches import Page
from ccproxy.translate.wire.anthropic import ours, relay
from ccproxy.translate.wire.anthropic.members import edited, members
from tests.translate.contexts import target
from tests.translate.wire.anthropic.requests import parsed

SEALED = signature.seal("openai", "hm", b"payload", b"k" * 32)
ANTHROPICS = "E" + "q" * 300
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": SEALED}
REDACTED = {"type": "redacted_thinking", "data": SEALED}
TRUE_THOUGHT = {"type": "thinking", "thinking": "", "signature": ANTHROPICS}
TEXT = {"type": "text", "text": "Hello"}
CALL = {"type": "tool_use", "id": "ccpid_1", "name": "f", "input": {"model": "x", "signature": "s"}}
NOTHING = [{"type": "text", "text": "(no content)"}]
RESULT = json.loads(bytes(searches.found("srvtoolu_ccp11", [Page("https://a", "A"), Page("https://b")]).content))
ASKED = {"type": "server_tool_use", "id": "srvtoolu_ccp11", "name": "web_search", "input": {"query": "q"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_ccp11", "content": RESULT}
OURS_CITED = json.loads(bytes(searches.citation(Page("https://a", "A"), "text")))
TRUE_CITED = {**OURS_CITED, "encrypted_index": "Eo8B"}
TRUE_FOUND = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_2",
    "content": [{"type": "web_search_result", "encrypted_content": "EqgB", "url": "https://c", "title": "C"}],
}
ASKED_TEXT = {"type": "text", "text": '[web_search {"query":"q"}]'}
FOUND_TEXT = {"type": "text", "text": "[found:\n- A https://a\n- https://b https://b\n]"}
MARKED = {"cache_control": {"type": "ephemeral"}}


def sent(content: Any, *, signed: bool = False, indent: int | None = None) -> bytes:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": content}]}
    data = json.dumps(body, indent=indent).encode()
    return edited(data, ours.edits(data, members(data), signed=signed))


@pytest.mark.parametrize(
    ("content", "left"),
    [
        ([THOUGHT, TEXT], [TEXT]),
        ([TEXT, THOUGHT, CALL, REDACTED], [TEXT, CALL]),
        ([THOUGHT, TRUE_THOUGHT, TEXT], [TRUE_THOUGHT, TEXT]),
        ([THOUGHT], NOTHING),
        ([REDACTED, THOUGHT], NOTHING),
        ([ASKED, FOUND, TEXT], [ASKED_TEXT, FOUND_TEXT, TEXT]),
        ([ASKED, {**FOUND, **MARKED}], [ASKED_TEXT, {**FOUND_TEXT, **MARKED}]),
        ([ASKED, FOUND, {**ASKED, "id": "srvtoolu_2"}, TRUE_FOUND],
         [ASKED_TEXT, FOUND_TEXT, {**ASKED, "id": "srvtoolu_2"}, TRUE_FOUND]),
        ([{**TEXT, "citations": [OURS_CITED]}], [{**TEXT, "citations": None}]),
        ([{**TEXT, "citations": [OURS_CITED, TRUE_CITED]}, THOUGHT], [{**TEXT, "citations": [TRUE_CITED]}]),
    ],
)  # fmt: skip
def test_what_is_ours_goes(content: Any, left: Any) -> None:
    for indent in (None, 2):
        out = json.loads(sent(content, indent=indent))
        assert out["messages"][1] == {"role": "assistant", "content": left}
        assert out["messages"][0] == {"role": "user", "content": "hi"}
        assert "ccp1." not in json.dumps(out)


@pytest.mark.parametrize(
    "content",
    [
        "ccp1.",
        [TEXT, CALL, TRUE_THOUGHT],
        [{"type": "text", "text": 'he said "ccp1.x" and "signature":"ccp1.y"'}],
        [{"type": "tool_result", "tool_use_id": "t", "content": 'a "ccp1.'}, {"type": "new", "signature": "ccp1.x"}],
        [{"type": "thinking", "thinking": "hm", "signature": ""}, TEXT],
        [{**ASKED, "id": "srvtoolu_2"}, TRUE_FOUND, {**TEXT, "citations": [TRUE_CITED]}, {**TEXT, "citations": None}],
        [{"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": {"error_code": "ccp1."}}],
        ["ccp1.", 1, {"type": "text", "citations": ["ccp1."]}],
        {"odd": "ccp1."},
    ],
)
def test_all_else_stays_as_it_came(content: Any) -> None:
    for indent in (None, 2):
        body = {
            "model": "m",
            "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": content}],
        }
        assert sent(content, indent=indent) == json.dumps(body, indent=indent).encode()


@pytest.mark.parametrize("short", ["", "5f0f7a6e-7b1e-4b8c-9a50-0d8e3c1a9c11", "a1" * 32])
def test_thinking_of_other_makers_goes_where_signatures_are_checked(short: str) -> None:
    other = {"type": "thinking", "thinking": "hm", "signature": short}
    out = json.loads(sent([other, TRUE_THOUGHT, CALL], signed=True))
    assert out["messages"][1]["content"] == [TRUE_THOUGHT, CALL]
    assert json.loads(sent([other, TEXT]))["messages"][1]["content"] == [other, TEXT]


def test_only_the_messages_concerned_are_touched() -> None:
    data = b'{"messages":[ {"content" : [ %s ] , "role":"assistant"} , {"role":"user","content":[{"type" : "text"}]}]}'
    thought = json.dumps(THOUGHT).encode()
    spaced = b'{ "type":"text" , "text":"a" }'
    body = data % (spaced + b" , " + thought + b" ,  " + spaced)
    assert edited(body, ours.edits(body, members(body), signed=True)) == data % (spaced + b" ,  " + spaced)


@pytest.mark.parametrize(
    "body", [b'{"model":"ccp1."}', b'{"messages":"ccp1."}', b'{"messages":[{"role":"user","x":"ccp1."}]}']
)
def test_a_body_without_blocks(body: bytes) -> None:
    assert ours.edits(body, members(body), signed=True) == []


FAILED = {"type": "web_search_tool_result_error", "error_code": "unavailable"}
RAN = {"type": "code_execution_result", "stdout": "4", "stderr": "", "return_code": 0, "content": []}


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_ccp1x", "content": FAILED}, "unavailable"),
        ({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_ccp1x", "content": []}, "[found:"),
        (
            {"type": "server_tool_use", "id": "srvtoolu_ccp1x", "name": "code_execution", "input": {"code": "2+2"}},
            "2+2",
        ),
        ({"type": "code_execution_tool_result", "tool_use_id": "srvtoolu_ccp1x", "content": RAN}, '"stdout":"4"'),
        (
            {"type": "mcp_tool_use", "id": "mcptoolu_ccp1x", "name": "find", "server_name": "shop", "input": {"a": 1}},
            '[shop: find {"a":1}]',
        ),
        (
            {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_ccp1x", "is_error": True, "content": []},
            "[error: []]",
        ),
        ({"type": "of_another_kind", "tool_use_id": "srvtoolu_ccp1x", "content": "so"}, "of_another_kind"),
    ],
)
def test_what_another_provider_s_server_did_becomes_text(block: dict[str, Any], words: str) -> None:
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "assistant", "content": [block, TEXT]}]}
    sent = json.loads(relay(parsed(json.dumps(body).encode()), {}, target()).body)
    told, text = sent["messages"][0]["content"]
    assert told["type"] == "text"
    assert words in told["text"]
    assert text == TEXT
