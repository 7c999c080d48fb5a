from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from ccproxy.errors import InvalidRequest
from ccproxy.translate import parse as parsing
from ccproxy.translate.messages import MessagesRequest, TextBlock, ToolResultBlock, ToolUseBlock, UnknownBlock
from ccproxy.translate.parse import parse

HELLO = {"role": "user", "content": "Hello"}


def body(**fields: Any) -> bytes:
    return msgspec.json.encode({"model": "a/b", "max_tokens": 10, "messages": [HELLO], **fields})


def block_body(*blocks: Any, role: str = "user") -> bytes:
    return body(messages=[{"role": role, "content": list(blocks)}])


def test_a_plain_request_holds_what_was_sent() -> None:
    parsed = parse(body(system="Be brief.", temperature=0.5, stop_sequences=["x"], stream=True))
    assert parsed.unknown == ()
    request = parsed.request
    assert (request.model, request.max_tokens, request.system, request.stream) == ("a/b", 10, "Be brief.", True)
    assert request.messages[0].content == "Hello"
    assert request.metadata is None
    assert request.thread is UNSET


def test_every_recorded_client_body_takes_the_fast_road(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_slow_road(body: bytes) -> parsing.Parsed:
        raise AssertionError("the slow road was taken")

    monkeypatch.setattr(parsing, "_slowly", no_slow_road)
    files = sorted((shared / "clients").glob("*.json"))
    assert len(files) >= 9
    for file in files:
        assert parse(file.read_bytes()).unknown == (), file.name


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"", "body: expected a JSON object, got nothing"),
        (b" \n", "body: expected a JSON object, got nothing"),
        (b"[]", "body: expected an object, got a list"),
        (b"null", "body: expected an object, got null"),
        (b'"x"', "body: expected an object, got a string"),
        (b"{", "body: not valid JSON: input data was truncated"),
        (b'{"model": }', "body: not valid JSON: invalid character at byte 10"),
        (b'{"a":1} x', "body: not valid JSON: trailing characters at byte 9"),
        (b'{"model":"a","messages":[NaN]}', "body: not valid JSON: invalid character at byte 25"),
        (b'{"model":"a","top_p":Infinity}', "body: not valid JSON: invalid character at byte 21"),
        (b'{"a":' * 100_000, "body: the JSON is nested too deeply"),
        (b'{"model":"a","messages":' + b"[" * 100_000, "body: the JSON is nested too deeply"),
        (b'{"max_tokens":' + b"1" * 5000 + b"}", "body: Integer value out of range"),
        (b"{}", "model: Field required"),
        (b'{"model":"a"}', "messages: Field required"),
        (body(messages=[]), "messages: at least one message is required"),
        (body(messages=None), "messages: at least one message is required"),
        (body(messages={}), "messages: expected a list, got an object"),
        (body(messages=["Hello"]), "messages.0: expected an object, got a string"),
        (body(messages=[{"role": "user"}]), "messages.0.content: Field required"),
        (body(messages=[{"content": "x"}]), "messages.0.role: Field required"),
        (
            body(messages=[HELLO, {"role": "tool", "content": "x"}]),
            "messages.1.role: expected 'assistant' or 'system' or 'user', got 'tool'",
        ),
        (
            body(messages=[{"role": 5, "content": "x"}]),
            "messages.0.role: expected 'assistant' or 'system' or 'user', got an integer",
        ),
        (
            body(messages=[{"role": "user", "content": 5}]),
            "messages.0.content: expected a string or a list, got an integer",
        ),
        (
            body(messages=[{"role": "user", "content": {"type": "text", "text": "x"}}]),
            "messages.0.content: expected a string or a list, got an object",
        ),
        (
            block_body({"type": "text", "text": "a"}, {"type": "text", "text": 5}),
            "messages.0.content.1.text: expected a string, got an integer",
        ),
        (block_body({"type": "text"}), "messages.0.content.0.text: Field required"),
        (block_body({"text": "x"}), "messages.0.content.0.type: Field required"),
        (block_body({"type": 5}), "messages.0.content.0.type: expected a string, got an integer"),
        (block_body("x"), "messages.0.content.0: expected an object, got a string"),
        (
            block_body({"type": "image", "source": {"type": "base64", "data": "x"}}),
            "messages.0.content.0.source.media_type: Field required",
        ),
        (
            block_body({"type": "image", "source": "x"}),
            "messages.0.content.0.source: expected an object, got a string",
        ),
        (
            block_body({"type": "tool_use", "id": "a", "name": "b", "input": "x"}, role="assistant"),
            "messages.0.content.0.input: expected an object",
        ),
        (block_body({"type": "tool_use", "id": "a", "name": "b"}), "messages.0.content.0.input: Field required"),
        (
            block_body({"type": "tool_result", "tool_use_id": "a", "content": True}),
            "messages.0.content.0.content: expected a string or a list, got a boolean",
        ),
        (body(system=5), "system: expected a string or a list, got an integer"),
        (body(stream="yes"), "stream: expected true or false, got a string"),
        (body(stop_sequences="x"), "stop_sequences: expected a list, got a string"),
        (body(stop_sequences=[1]), "stop_sequences.0: expected a string, got an integer"),
        (body(tools={}), "tools: expected a list, got an object"),
        (body(tools=[5]), "tools.0: expected an object, got an integer"),
        (body(tools=[{"name": "a"}, {"input_schema": {}}]), "tools.1.name: Field required"),
        (body(tools=[{"name": "a", "input_schema": 5}]), "tools.0.input_schema: expected an object"),
        (body(tool_choice="auto"), "tool_choice: expected an object, got a string"),
        (
            body(tool_choice={"type": "x" * 100}),
            f"tool_choice.type: expected 'any' or 'auto' or 'none' or 'tool', got '{'x' * 64}'",
        ),
        (body(output_config={"format": {"schema": {}}}), "output_config.format.type: Field required"),
        (body(max_tokens="10"), "max_tokens: expected an integer, got a string"),
        (body(max_tokens=10.5), "max_tokens: expected an integer, got a number"),
        (body(max_tokens=True), "max_tokens: expected an integer, got a boolean"),
        (body(max_tokens=-1), "max_tokens: expected an integer of at least 0, got -1"),
        (b'{"model":"a","messages":[{"role":"user","content":"x"}]}', "max_tokens: Field required"),
        (body(max_tokens=None), "max_tokens: Field required"),
    ],
)
def test_what_is_refused_names_the_path_the_fault_and_what_is_allowed(sent: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(sent)
    assert refused.value.message.startswith(words)


@pytest.mark.parametrize(
    ("fields", "unknown"),
    [
        ({"foo": 1}, ("foo",)),
        ({"foo": {"deep": []}, "bar": None}, ("foo", "bar")),
        ({"messages": [{**HELLO, "name": "Bob"}]}, ("messages[0].name",)),
        (
            {"messages": [HELLO, {"role": "user", "content": [{"type": "text", "text": "x", "foo": 1}]}]},
            ("messages[1].content[0].foo",),
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image", "source": {"type": "url", "url": "http://x", "size": 1}}],
                    }
                ]
            },
            ("messages[0].content[0].source.size",),
        ),
        ({"tools": [{"name": "a"}, {"name": "b", "new": True}]}, ("tools[1].new",)),
        ({"tools": [{"name": "a", "strict": "yes"}]}, ("tools[0].strict",)),
        ({"temperature": "hot"}, ("temperature",)),
        ({"top_k": 1.5}, ("top_k",)),
        ({"thinking": {"budget_tokens": 5}}, ("thinking",)),
        ({"thinking": {"type": "enabled", "budget_tokens": "x"}}, ("thinking.budget_tokens",)),
        # what was noted inside of a field that is then left out as a whole is not listed again
        ({"thinking": {"foo": 1, "type": 5}}, ("thinking",)),
        ({"metadata": {"user_id": 5, "team": "x"}}, ("metadata.user_id", "metadata.team")),
        ({"system": [{"type": "text", "text": "x", "citations": None, "lang": "en"}]}, ("system[0].lang",)),
        ({"a b\r\n": 1}, (r"'a b\r\n'",)),
        ({"ä" * 100: 1}, (ascii("ä" * 64),)),
    ],
)
def test_what_can_be_ignored_is_left_out_and_named(fields: dict[str, Any], unknown: tuple[str, ...]) -> None:
    parsed = parse(body(**fields))
    assert parsed.unknown == unknown
    assert parsed.request.max_tokens == 10


@pytest.mark.parametrize(
    "block",
    [
        {"type": "code_execution_tool_result", "tool_use_id": "srv_1", "content": {"type": "code_execution_result"}},
        {"type": "mcp_tool_use", "id": "a", "name": "b", "input": {}, "server_name": "c"},
        {"type": "container_upload", "file_id": "f"},
        {"type": "hologram", "big": 12345678901234567890123456789, "foo": 1.5},
        {"type": "image", "source": {"type": "hologram", "data": "x"}, "foo": 1},
        {"type": "document", "source": {"type": "content", "content": [{"type": "hologram"}]}},
        {"type": "search_result", "source": "a", "title": "b", "content": [{"type": "hologram"}]},
        {"type": "__unknown__", "block_type": "text", "raw": {"type": "text"}, "more": 1},
        {"type": "__unknown__", "block_type": "x", "raw": 5},
    ],
)
def test_a_block_of_a_new_type_is_kept_whole(block: dict[str, Any]) -> None:
    parsed = parse(block_body({"type": "text", "text": "x"}, block))
    kept = parsed.request.messages[0].content[1]
    assert isinstance(kept, UnknownBlock)
    assert kept.block_type == block["type"]
    assert msgspec.json.decode(kept.raw) == block
    assert parsed.unknown == ()


def test_an_unknown_block_inside_a_tool_result_leaves_the_result_as_it_is() -> None:
    block = {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "browser_state", "x": 1}]}
    result = parse(block_body(block)).request.messages[0].content[0]
    assert isinstance(result, ToolResultBlock)
    assert isinstance(result.content, list)
    assert isinstance(result.content[0], UnknownBlock)


def test_a_client_that_writes_our_own_tag_gets_an_unknown_block() -> None:
    block = {"type": "__unknown__", "block_type": "x", "raw": {"a": 1}}
    kept = parse(block_body(block)).request.messages[0].content[0]
    assert isinstance(kept, UnknownBlock)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (rb"\ud83d", "�"),
        (rb"a\ude00b", "a�b"),
        (rb"\ud83d\ud83d\ude00", "�😀"),
        (rb"\uD83D\uDE00 \ud83d", "😀 �"),
        (rb"\\ud83d \ud83d", r"\ud83d �"),
        (b"\xff", "�"),
        (b"\xed\xa0\x80", "���"),
        ("ä😀".encode() + rb"\ud800", "ä😀�"),
    ],
)
def test_broken_unicode_becomes_the_replacement_character(text: bytes, read: str) -> None:
    sent = b'{"model":"a","max_tokens":1,"messages":[{"role":"user","content":"' + text + b'"}]}'
    assert parse(sent).request.messages[0].content == read


def test_broken_utf_8_in_what_is_only_handed_on_is_repaired_too() -> None:
    call = b'{"type":"tool_use","id":"a","name":"b","input":{"x":"\xff"}}'
    sent = b'{"model":"a","max_tokens":1,"messages":[{"role":"assistant","content":[' + call + b"]}]}"
    block = parse(sent).request.messages[0].content[0]
    assert isinstance(block, ToolUseBlock)
    assert msgspec.json.decode(block.input) == {"x": "�"}


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse(b"\xef\xbb\xbf" + body()).request.model == "a/b"


def test_numbers_survive_the_slow_road() -> None:
    sent = (
        b'{"model":"a","max_tokens":1024.0,"top_k":3.0,"temperature":1,"foo":1,"messages":[{"role":"assistant","content":'
        b'[{"type":"tool_use","id":"a","name":"b","input":{"n":12345678901234567890123456789,"x":1e999,"y":0.1}}]}]}'
    )
    parsed = parse(sent)
    assert parsed.unknown == ("foo",)
    assert (parsed.request.max_tokens, parsed.request.top_k, parsed.request.temperature) == (1024, 3, 1.0)
    block = parsed.request.messages[0].content[0]
    assert isinstance(block, ToolUseBlock)
    assert bytes(block.input) == b'{"n":12345678901234567890123456789,"x":1e999,"y":0.1}'


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"messages": [{"role": "assistant", "content": None}]}, []),
        ({"messages": [{"role": "user", "content": []}]}, []),
    ],
)
def test_null_content_is_no_content(fields: dict[str, Any], expected: list[Any]) -> None:
    parsed = parse(body(**fields))
    assert parsed.request.messages[0].content == expected
    assert parsed.unknown == ()


def test_null_where_a_field_may_be_left_out_is_not_sent() -> None:
    blocks = [
        {"type": "thinking", "thinking": "x", "signature": None},
        {"type": "tool_use", "id": "a", "name": "b", "input": None},
    ]
    parsed = parse(body(messages=[{"role": "assistant", "content": blocks}], tools=None, system=None, stream=None))
    thinking, call = parsed.request.messages[0].content
    assert thinking.signature == ""  # type: ignore[union-attr]
    assert bytes(call.input) == b"{}"  # type: ignore[union-attr]
    assert parsed.unknown == ()


def test_a_tool_without_a_name_of_its_own_is_fine_where_its_type_says_what_it_is() -> None:
    tools = parse(body(tools=[{"type": "mcp_toolset", "mcp_server_name": "x"}])).request.tools
    assert tools is not None
    assert tools[0].name == ""


def test_counting_needs_no_max_tokens() -> None:
    sent = b'{"model":"a","messages":[{"role":"user","content":"x"}]}'
    assert parse(sent, counting=True).request.max_tokens is None


def test_zero_max_tokens_only_warms_the_cache() -> None:
    assert parse(body(max_tokens=0)).request.max_tokens == 0


# -- properties

keys = st.sampled_from(
    (
        *("model", "messages", "role", "content", "type", "text", "source", "tools", "name", "input", "id", "system"),
        *("max_tokens", "tool_use_id", "thinking", "data", "media_type", "block_type", "raw", "input_schema", "é\n"),
    )
)
words = st.sampled_from(
    (
        *("user", "assistant", "system", "text", "image", "document", "tool_use", "tool_result", "thinking", "base64"),
        *("url", "content", "search_result", "__unknown__", "auto", "ephemeral", ""),
    )
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | words | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)
messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system"]) | values, "content": values | st.lists(values)},
        optional={"foo": values},
    ),
    max_size=3,
)
bodies = st.fixed_dictionaries(
    {"model": st.just("a"), "messages": messages | values},
    optional={"max_tokens": values, "system": values, "tools": values, "foo": values, "thinking": values},
)


@settings(max_examples=300, deadline=None)
@given(bodies | values)
def test_no_json_does_anything_but_parse_or_be_refused(value: Any) -> None:
    sent = msgspec.json.encode(value)
    try:
        parsed = parse(sent, counting=True)
    except InvalidRequest:
        return
    assert isinstance(parsed.request, MessagesRequest)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_do_anything_but_parse_or_be_refused(sent: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse(sent)


@settings(max_examples=300, deadline=None)
@given(bodies)
def test_both_roads_lead_to_the_same_request(value: Any) -> None:
    sent = msgspec.json.encode(value)
    try:
        fast = parsing._checked(parsing._typed.decode(sent))
    except (msgspec.DecodeError, InvalidRequest):
        return
    slow = parsing._slowly(sent)
    assert slow.unknown == ()
    assert msgspec.json.encode(slow.request) == msgspec.json.encode(fast)


def test_both_roads_lead_to_the_same_request_on_recorded_client_bodies(shared: Path) -> None:
    for file in sorted((shared / "clients").glob("*.json")):
        sent = msgspec.json.encode(msgspec.json.decode(file.read_bytes()))
        slow = parsing._slowly(sent)
        assert slow.unknown == ()
        assert msgspec.json.encode(slow.request) == msgspec.json.encode(parse(sent).request)


def test_a_request_comes_back_as_it_was_sent() -> None:
    block = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
    sent = block_body(block)
    request = parse(sent).request
    assert request.messages[0].content == [TextBlock("x", cache_control=request.messages[0].content[0].cache_control)]  # type: ignore[union-attr]
    assert isinstance(request.messages[0].content[0].cache_control, Raw)  # type: ignore[union-attr]
    again = msgspec.json.decode(msgspec.json.encode(request))
    assert again["messages"][0]["content"] == [block]


def test_a_models_name_has_an_end() -> None:
    body = '{"model": "%s", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}'
    assert len(parse((body % ("é" * 512)).encode()).request.model) == 512
    with pytest.raises(InvalidRequest, match=r"^model: expected at most 512 characters, got 513$"):
        parse((body % ("é" * 513)).encode())
