"""Where the input of a tool call ends, and what it is once it has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.translate.calls import ObjectEnd, parsed, settled


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("{}", 2),
        ('{"a": {"b": []}} ', 16),
        ('{"}": "\\"}"}x', 12),
        ('{"a": "\\\\"}', 11),
        ('{"a"', -1),
        ("", -1),
        ('{"a": "\\', -1),
        ("{]", 2),
    ],
)
def test_the_end_of_an_object(text: str, end: int) -> None:
    assert ObjectEnd().feed(text) == end


@settings(deadline=None)
@given(
    value=st.dictionaries(st.text(max_size=3), st.text('"\\{}[]a', max_size=5) | st.lists(st.integers(), max_size=2)),
    cut=st.integers(0, 50),
)
def test_the_end_is_found_however_the_object_is_cut(value: dict[str, Any], cut: int) -> None:
    whole = json.dumps(value)
    cut = min(cut, len(whole) - 1)
    end = ObjectEnd()
    assert end.feed(whole[:cut]) == -1
    assert end.feed(whole[cut:] + "x") == len(whole) - cut


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', b'{"a": 1}'),
        ('{"n": 12345678901234567890123}', b'{"n": 12345678901234567890123}'),
        ('{"a": "x\ny"}', b'{"a": "x\\ny"}'),
        ('{"a": "\\ud83d"}', b'{"a": "\\ud83d"}'),
        ("[1]", None),
        ("{", None),
        ('{"a": NaN}', None),
        ("[" * 100000, None),
        ("\ud83d", None),
        ("", None),
    ],
)
def test_parsed(text: str, expected: bytes | None) -> None:
    assert parsed(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "{}"),
        ("null", "{}"),
        ('"{\\"a\\": 1}"', '{"a": 1}'),
        ('"text"', '"text"'),
        ('"cut', '"cut'),
        ("[1]", "[1]"),
        ("{oops", "{oops"),
    ],
)
def test_settled(text: str, expected: str) -> None:
    assert settled(text) == expected
