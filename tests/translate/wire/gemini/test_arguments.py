"""Pieces of a call's input come together again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.wire.gemini.arguments import Arguments
from ccproxy.translate.wire.gemini.chunks import PartialArg


def string(path: str, text: str, more: bool = False) -> PartialArg:
    return PartialArg(path, text, will_continue=more)


def number(path: str, value: float) -> PartialArg:
    return PartialArg(path, number_value=value)


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        ([], {}),
        ([string("$.a", "x")], {"a": "x"}),
        ([string("$.a", "x", more=True), string("$.a", "y", more=True), string("$.a", "")], {"a": "xy"}),
        ([string("$.a", "x", more=True), string("$.b", "1", more=True), string("$.a", "y")], {"a": "xy", "b": "1"}),
        ([string("$.a", "x"), string("$.a", "y")], {"a": "y"}),
        ([number("$.n", 0.5), number("$.m", 3)], {"n": 0.5, "m": 3}),
        ([PartialArg("$.b", bool_value=False), PartialArg("$.z")], {"b": False, "z": None}),
        ([string("$.l[0].a", "x"), number("$.l[1].a", 1)], {"l": [{"a": "x"}, {"a": 1}]}),
        ([string("$.l[2]", "c"), string("$.l[0]", "a")], {"l": ["a", None, "c"]}),
        ([string("$.m[0][1]", "x")], {"m": [[None, "x"]]}),
        ([string("$['a b'].c", "x"), string('$["d\\"e"]', "y")], {"a b": {"c": "x"}, 'd"e': "y"}),
        ([string("$.snake_case-and.ünï", "x")], {"snake_case-and": {"ünï": "x"}}),
        ([string("a", "x")], {"a": "x"}),
        ([string("$[0]", "x")], {"$[0]": "x"}),
        ([string("$..a", "x"), string("$", "y"), string("", "z")], {"$..a": "x", "$": "y", "": "z"}),
        ([string("$.a", "x"), string("$.a.b", "y")], {"a": {"b": "y"}}),
        ([number("$.l[999999999]", 1), string("$.a", "x")], {"l": [], "a": "x"}),
    ],
)
def test_the_whole_of_some_pieces(pieces: list[PartialArg], whole: dict[str, Any]) -> None:
    for group in ([pieces], [[piece] for piece in pieces]):
        arguments = Arguments()
        for some in group:
            arguments.add(some)
        assert json.loads(arguments.text()) == whole


def test_what_was_cut_holds_all_that_came_and_is_no_json() -> None:
    arguments = Arguments()
    arguments.add([string("$.a", "x"), string("$.b", "half", more=True)])
    text = arguments.text(cut=True)
    assert text == '{"a":"x","b":"half"'
