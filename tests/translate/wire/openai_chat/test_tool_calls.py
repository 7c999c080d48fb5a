"""Which call a delta belongs to: the servers' many ways, and what the client gets of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.calls import Call
from ccproxy.translate.events import MessageStop
from ccproxy.translate.wire.openai_chat import StreamDecoder
from ccproxy.translate.wire.openai_chat.tool_calls import text_of
from tests.translate.contexts import context
from tests.translate.wire.openai_chat.streams import call, chunk, ended, said

A, B = {"a": 1}, {"b": "}{"}


def calls(*deltas: dict[str, Any], finish: str = "tool_calls") -> list[tuple[str, Any]]:
    found = said(b"".join(map(chunk, deltas)) + ended(finish))
    assert found.stop_reason == "tool_use"
    return found.tools


@pytest.mark.parametrize(
    ("deltas", "tools"),
    [
        # the usual way
        ([call("", id="1", name="f"), call('{"a"'), call(": 1}")], [("f", A)]),
        (
            [
                call("", id="1", name="f"),
                call('{"a": 1}'),
                call("", index=1, id="2", name="g"),
                call('{"b": "}{"}', index=1),
            ],
            [("f", A), ("g", B)],
        ),
        # whole calls in one delta
        ([call('{"a": 1}', id="1", name="f"), call('{"b": "}{"}', index=1, id="2", name="g")], [("f", A), ("g", B)]),
        (
            [
                {
                    "tool_calls": [
                        *call('{"a": 1}', id="1", name="f")["tool_calls"],
                        *call('{"a": 1}', index=1, id="2", name="f")["tool_calls"],
                    ]
                }
            ],
            [("f", A), ("f", A)],
        ),
        # no index
        (
            [call('{"a": 1}', index=None, id="1", name="f"), call('{"a": 1}', index=None, id="2", name="f")],
            [("f", A), ("f", A)],
        ),
        ([call('{"a"', index=None, id="1", name="f"), call(": 1}", index=None)], [("f", A)]),
        ([call('{"a"', index=None, id="1", name="f"), call(": 1}", index=None, id="1")], [("f", A)]),
        ([call('{"a": 1}', index=None, name="f"), call('{"a": 1}', index=None, name="f")], [("f", A), ("f", A)]),
        # all on index 0, with ids of their own or with none
        ([call('{"a": 1}', id="1", name="f"), call('{"b": "}{"}', id="2", name="g")], [("f", A), ("g", B)]),
        ([call("", id="1", name="f"), call("", id="2", name="g"), call('{"b": "}{"}', id="2")], [("f", {}), ("g", B)]),
        ([call('{"a": 1}', id="", name="f"), call('{"a": 1}', id="", name="f")], [("f", A), ("f", A)]),
        ([call("", name="f"), call("", name="g")], [("f", {}), ("g", {})]),
        # ids and names that come late, empty, again
        ([call("", name="f"), call('{"a": 1}', id="1")], [("f", A)]),
        ([call("", id="1"), call("", name="f"), call('{"a": 1}')], [("f", A)]),
        ([call("", id="0", name="g"), call("{}", id="1"), call("", name="f")], [("g", {}), ("f", {})]),
        ([{"content": "so"}, call("{}", id="1"), call("", name="f")], [("f", {})]),
        ([call('{"a"', id="1", name="f"), call(": 1}", id="", name="")], [("f", A)]),
        ([call('{"a"', id="1", name="f"), call(": 1}", id="1", name="f")], [("f", A)]),
        ([call('{"a": 1}', id="1", name="f"), call("", id="1", name="f")], [("f", A)]),
        # an index that moves on although the call does not
        ([call('{"a"', index=0, id="1", name="f"), call(": 1}", index=1, id="1")], [("f", A)]),
        ([call('{"a"', index=0, id="1", name="f"), call(": 1}", index=1)], [("f", A)]),
        # one id for all calls
        ([call('{"a": 1}', id="x", name="f"), call('{"b": "}{"}', index=1, id="x", name="g")], [("f", A), ("g", B)]),
        # inputs of other kinds
        ([call({"a": 1}, id="1", name="f")], [("f", A)]),
        ([call("", id="1", name="f")], [("f", {})]),
        ([call(None, id="1", name="f")], [("f", {})]),
        ([call("null", id="1", name="f")], [("f", {})]),
        ([call(" \n ", id="1", name="f")], [("f", {})]),
        ([call("{", id="1", name="f"), call("}")], [("f", {})]),
        ([call("nu", id="1", name="f"), call("ll")], [("f", {})]),
        ([call('{\n  "a": 1\n}\n', id="1", name="f")], [("f", A)]),
        ([call('\n {"a": 1}', id="1", name="f")], [("f", A)]),
        ([call(json.dumps(json.dumps(A)), id="1", name="f")], [("f", A)]),
        ([call('{"a": "\\', id="1", name="f"), call('"}{"}')], [("f", {"a": '"}{'})]),
        # a placeholder before the real input
        ([call("{}", id="1", name="f"), call('{"a": 1}')], [("f", A)]),
        ([call("null", id="1", name="f"), call('{"a": 1}')], [("f", A)]),
        # snapshots instead of deltas
        ([call('{"a', id="1", name="f"), call('{"a": 1'), call('{"a": 1}')], [("f", A)]),
        ([call("{", id="1", name="f"), call('{"a": 1}')], [("f", A)]),
        ([call('{"a": 1}', id="1", name="f"), call('{"a": 1}', id="1", name="f")], [("f", A)]),
        # several inputs in one text
        ([call('{"a": 1}{"b": "}{"}', id="1", name="f")], [("f", A), ("f", B)]),
        ([call('{"a": 1}', id="1", name="f"), call('\n{"b": "}{"}')], [("f", A), ("f", B)]),
        ([call('{"a": 1}', id="1", name="f"), call(" "), call("</s>")], [("f", A)]),
        # interleaved
        (
            [
                call('{"a"', index=0, id="1", name="f"),
                call('{"b": ', index=1, id="2", name="g"),
                call(": 1}", index=0),
                call('"}{"}', index=1),
            ],
            [("f", A), ("g", B)],
        ),
        (
            [
                call("", index=0, id="1", name="f"),
                call("", index=1, id="2", name="g"),
                call('{"b": "}{"}', index=1),
                call('{"a": 1}', index=0),
            ],
            [("f", A), ("g", B)],
        ),
        # the old form
        ([{"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": '{"a": 1}'}}], [("f", A)]),
    ],
)
@pytest.mark.parametrize("finish", ["tool_calls", "stop", "tool_call", "function_call", ""])
def test_calls(deltas: list[dict[str, Any]], tools: list[tuple[str, Any]], finish: str) -> None:
    assert calls(*deltas, finish=finish) == tools


def test_an_empty_old_form_is_no_call() -> None:
    assert said(chunk({"content": "a", "function_call": {"name": "", "arguments": ""}}) + ended()).kinds == ["text"]


@pytest.mark.parametrize(
    ("arguments", "finish", "reason"),
    [
        ('{"a": "cut', "length", "max_tokens"),
        ('{"a": "cut', "tool_calls", "max_tokens"),
        ('{"a": "cut', "content_filter", "refusal"),
        ("[1, 2", "stop", "max_tokens"),
        ("[1, 2]", "stop", "tool_use"),
        ('"text"', "stop", "tool_use"),
        ("{oops}", "tool_calls", "tool_use"),
    ],
)
def test_input_that_is_no_object_stays_as_it_came(arguments: str, finish: str, reason: str) -> None:
    found = said(chunk(call(arguments, id="1", name="f")) + ended(finish))
    assert found.blocks[0]["partial_json"] == arguments
    assert found.stop_reason == reason


def test_length_stays_length_beside_a_complete_call() -> None:
    assert said(chunk(call("{}", id="1", name="f")) + ended("length")).stop_reason == "max_tokens"


def test_one_complete_call_is_enough() -> None:
    data = chunk(call("{}", id="1", name="f")) + chunk(call('{"a', index=1, id="2", name="g"))
    assert said(data + ended("tool_calls")).stop_reason == "tool_use"


class TestIds:
    def ids(self, *deltas: dict[str, Any], used: frozenset[str] = frozenset()) -> list[str]:
        found = said(b"".join(map(chunk, deltas)) + ended(), context(used_ids=used))
        return [block["id"] for block in found.blocks]

    def test_legal_ids_stay(self) -> None:
        assert self.ids(call("{}", id="call_A-1", name="f")) == ["call_A-1"]

    def test_illegal_ids_are_written_reversibly(self) -> None:
        assert self.ids(call("{}", id="functions.f:0", name="f")) == ["ccpid_ZnVuY3Rpb25zLmY6MA"]

    @pytest.mark.parametrize("id", [None, ""])
    def test_missing_ids_are_made_of_the_message_id(self, id: str | None) -> None:
        deltas = [call("{}", index=0, id=id, name="f"), call("{}", index=1, id=id, name="f")]
        assert self.ids(*deltas) == ["toolu_01test0", "toolu_01test1"]

    def test_ids_are_unique_in_the_conversation(self) -> None:
        deltas = [call("{}", index=0, id="x", name="f"), call("{}", index=1, id="x", name="g")]
        assert self.ids(*deltas, used=frozenset({"x", "x_2"})) == ["x_3", "x_4"]

    def test_a_missing_id_may_be_used_too(self) -> None:
        assert self.ids(call("{}", name="f"), used=frozenset({"toolu_01test0"})) == ["toolu_01test0_2"]


class TestNames:
    def test_names_come_back_as_the_client_knows_them(self) -> None:
        where = context(names={"mcp_x_1a2b": "mcp__x__" + "long" * 20})
        data = chunk(call("{}", name="mcp_x_1a2b")) + chunk(call("{}", index=1, name="f")) + ended()
        assert [name for name, _ in said(data, where).tools] == ["mcp__x__" + "long" * 20, "f"]

    def test_a_call_without_a_name_is_not_lost(self) -> None:
        assert calls(call('{"a": 1}')) == [("unknown", A)]


@pytest.mark.parametrize(
    ("value", "expected"), [("{}", "{}"), (None, ""), ({"a": "ü"}, '{"a":"ü"}'), ([1], "[1]"), ({}, "{}")]
)
def test_text_of(value: Any, expected: str) -> None:
    assert text_of(value) == expected


def test_a_long_input_of_many_objects_is_taken_in_its_stride(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def looked_at(one: Call) -> str:
        looks.append(len(one._parts))
        return whole(one)

    whole = vars(Call)["arguments"].fget
    monkeypatch.setattr(Call, "arguments", property(looked_at))
    decoder = StreamDecoder(context())
    decoder.feed(chunk(call('{"all": [', name="f")))
    piece = chunk(call('{"a": "a short text"},'))
    for _ in range(1000):
        decoder.feed(piece * 100)
    decoder.feed(chunk(call("{}]}")) + chunk({}, "tool_calls"))
    assert isinstance(decoder.close()[-1], MessageStop)
    assert len(looks) < 10, "all that came so far is looked at each time"
