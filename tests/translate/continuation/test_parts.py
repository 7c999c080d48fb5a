"""Frames as a continuation looks into them."""

from __future__ import annotations

from ccproxy.translate import render
from ccproxy.translate.continuation.parts import moved, parts
from ccproxy.translate.messages import TextBlock
from tests.translate.continuation.streams import answer


def test_each_frame_is_told_apart() -> None:
    found = [part for part, _ in parts(render.events(answer(TextBlock("hello"))), {})]
    assert [part and part.type for part in found] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert found[1] is not None
    assert (found[1].content_block.type, found[1].index) == ("text", 0)
    assert found[2] is not None
    assert (found[2].delta.type, found[2].delta.text) == ("text_delta", "hello")


def test_what_is_no_event_is_none_and_comments_are_nothing() -> None:
    assert next(iter(parts(b': hello\n\nevent: x\ndata: [1]\n\ndata: {"type":"ping"}\n\n', {}))) == (None, b"[1]")
    assert list(parts(b": hello\n\n", {})) == []
    [(part, _)] = parts(b'data: {"type":"content_block_delta","index":"no"}\n\n', {})
    assert part is None


def test_one_odd_field_makes_it_no_other_event() -> None:
    [(part, _)] = parts(b'data: {"type":"content_block_delta","index":3,"delta":{"type":"x","text":null}}\n\n', {})
    assert part is not None
    assert (part.index, part.delta.type, part.delta.text) == (3, "x", "")


def test_a_character_of_which_two_events_have_one_half_each() -> None:
    frame = b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s"}}\n\n'
    found = list(parts(frame % b"a\\ud83d" + frame % b"\\ude00b" + frame % b"c", {}))
    assert [part and part.delta.text for part, _ in found] == ["a", "😀b", "c"]


def test_only_the_index_is_changed() -> None:
    data = b'{ "type":"content_block_stop", "x": [12345678901234567890123],  "index" : 0 }'
    assert moved(data, 12) == data.replace(b": 0 ", b": 12 ")


def test_half_a_character_stays_as_it_came() -> None:
    data = b'{"type":"content_block_delta","index":0,"delta":{"partial_json":"\\ud83d"},"index":0}'
    assert moved(data, 12).replace(b" ", b"") == data.replace(b',"index":0}', b"}").replace(b":0,", b":12,")
