from __future__ import annotations

import json
import random
from typing import Any

import pytest

from ccproxy.translate.wire.anthropic.members import Edit, edited, items, members, named, put, removed, replaced

SPACED = b' {"a": 1 , "b" :[1, {"a":"x"}] ,\n "\\u0063": "y" } '


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"{}", []),
        (b'{"a":1}', [("a", b"1")]),
        (SPACED, [("a", b"1"), ("b", b'[1, {"a":"x"}]'), ("c", b'"y"')]),
        (b'{"a":1,"a":2}', [("a", b"1"), ("a", b"2")]),
        (b'{"a":{"b":{"a":2}},"\\"a":null}', [("a", b'{"b":{"a":2}}'), ('"a', b"null")]),
        ('{"ä":"ö","😀":true}'.encode(), [("ä", '"ö"'.encode()), ("😀", b"true")]),
    ],
)
def test_members_and_where_they_stand(data: bytes, found: list[tuple[str, bytes]]) -> None:
    have = members(data)
    assert [(one.name, bytes(one.value)) for one in have] == found
    for one in have:
        assert data[one.start : one.end] == bytes(one.value)
        assert json.loads(b"{" + data[one.key : one.end] + b"}") == {one.name: json.loads(bytes(one.value))}
    moved = members(data, 100)
    assert [(one.key - 100, one.start - 100, one.end - 100) for one in moved] == [
        (one.key, one.start, one.end) for one in have
    ]


@pytest.mark.parametrize("data", [b"", b"[]", b'"a"', b'{"a":1', b'{"a" 1}', b'{"a":"\\ud800"}', b'{"\xff":1}'])
def test_what_is_no_object(data: bytes) -> None:
    with pytest.raises(ValueError, match="no JSON object"):
        members(data)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"[]", []),
        (b'[ {"a":1} ,2,\n"x,y" ]', [b'{"a":1}', b"2", b'"x,y"']),
        (b"[[[]],[ ]]", [b"[[]]", b"[ ]"]),
        (b'{"a":1}', []),
        (b'"text"', []),
    ],
)
def test_items_and_where_they_stand(data: bytes, found: list[bytes]) -> None:
    have = items(data, 7)
    assert [bytes(one.value) for one in have] == found
    assert [data[one.start - 7 : one.end - 7] for one in have] == found


def test_named_is_the_last_of_its_name() -> None:
    found = members(b'{"a":1,"b":"x","a":2}')
    one = named(found, "a")
    assert one is not None
    assert bytes(one.value) == b"2"
    assert one.text is None
    other = named(found, "b")
    assert other is not None
    assert other.text == "x"
    assert named(found, "c") is None


def test_every_member_of_a_name_is_replaced() -> None:
    data = b'{"a":1, "b":{"a":1}, "a" : [2]}'
    assert edited(data, replaced(members(data), "a", b"0")) == b'{"a":0, "b":{"a":1}, "a" : 0}'


@pytest.mark.parametrize("seed", range(40))
def test_what_is_removed_takes_its_comma_along(seed: int) -> None:
    dice = random.Random(seed)
    value: dict[str, Any] = {f"k{place}": [place, {"k0": ","}] for place in range(dice.randrange(6))}
    gone = {place for place in range(len(value)) if dice.random() < 0.5}
    for indent in (None, 1):
        data = json.dumps(value, indent=indent).encode()
        left = edited(data, removed(members(data), gone))
        assert json.loads(left) == {name: value[name] for place, name in enumerate(value) if place not in gone}
        array = json.dumps(list(value.values()), indent=indent).encode()
        left = edited(array, removed(items(array), gone))
        assert json.loads(left) == [one for place, one in enumerate(value.values()) if place not in gone]


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (b"{}", b'{"a":1,"b":2}'),
        (b'{"c":3}', b'{"a":1,"b":2,"c":3}'),
        (b'{"b":3}', b'{"a":1,"b":2}'),
        (b' { "b" : 3, "a":null} ', b' { "b" : 2, "a":1} '),
    ],
)
def test_put(data: bytes, got: bytes) -> None:
    assert edited(data, put(members(data), data.index(b"{"), {"a": b"1", "b": b"2"})) == got


def test_edits_come_in_any_order() -> None:
    assert edited(b"abcdef", [Edit(4, 5, b"E"), Edit(1, 1, b"_"), Edit(1, 3)]) == b"a_dEf"
    assert edited(b"abc", []) == b"abc"
