"""JSON objects are found in a stream of bytes, wherever it is cut."""

from __future__ import annotations

import json

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate.wire.gemini.objects import Objects

ITEMS = [{"a": 'x}"]{\\', "b": [1, {"c": {}}]}, {}, {"ü€😀": "\u2028 }"}, {"long": "y" * 300}]


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(ITEMS).encode(),
        json.dumps(ITEMS, indent=2, ensure_ascii=False).replace("\n", "\r\n").encode(),
        b"\n".join(json.dumps(item).encode() for item in ITEMS),
        b"".join(json.dumps(item).encode() for item in ITEMS),
    ],
    ids=["array", "pretty", "lines", "bare"],
)
def test_objects_however_they_are_joined_and_cut(data: bytes) -> None:
    for size in (1, 2, 3, 7, len(data)):
        objects = Objects()
        found = [one for at in range(0, len(data), size) for one in objects.feed(data[at : at + size])]
        assert [json.loads(one) for one in found] == ITEMS


def test_an_object_is_given_out_with_its_last_byte() -> None:
    objects = Objects()
    assert objects.feed(b'[{"a":1') == []
    assert objects.feed(b"}") == [b'{"a":1}']
    assert objects.feed(b"\n]\n") == []


def test_much_at_once() -> None:
    many = [{"n": number, "text": "z" * 100} for number in range(2000)]
    assert [json.loads(one) for one in Objects().feed(json.dumps(many).encode())] == many


def test_an_object_that_does_not_end_is_not_waited_for() -> None:
    objects = Objects(limit=10)
    objects.feed(b'{"a":"0123')
    with pytest.raises(BadAnswer):
        objects.feed(b"4")
