"""One call as it comes in."""

from __future__ import annotations

from ccproxy.translate.wire.gemini.chunks import FunctionCall, PartialArg
from ccproxy.translate.wire.gemini.function_calls import Streamed


def test_a_call_that_comes_whole() -> None:
    call = Streamed()
    call.add(FunctionCall("f", "one", {"a": 12345678901234567890123, "b": [1.5, None]}), "sig")
    assert (call.id, call.name, call.signature) == ("one", "f", "sig")
    assert call.text() == '{"a":12345678901234567890123,"b":[1.5,null]}'


def test_a_call_in_pieces_keeps_what_was_told_first() -> None:
    call = Streamed()
    call.add(FunctionCall("f", will_continue=True), "")
    call.add(FunctionCall("g", "one", partial_args=[PartialArg("$.a", "x", will_continue=True)]), "sig")
    call.add(FunctionCall(id="two", partial_args=[PartialArg("$.a", "y")]), "late")
    assert (call.id, call.name, call.signature, call.text()) == ("one", "f", "sig", '{"a":"xy"}')


def test_no_input_is_an_empty_object_and_a_cut_one_is_none() -> None:
    call = Streamed()
    call.add(FunctionCall("f"), "")
    assert (call.text(), call.text(cut=True)) == ("{}", "{")
