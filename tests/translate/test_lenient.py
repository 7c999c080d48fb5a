from __future__ import annotations

from typing import Literal

import pytest
from msgspec import Struct

from ccproxy.errors import InvalidRequest
from ccproxy.translate.lenient import bracketed, dotted, fit


class Leaf(Struct, forbid_unknown_fields=True):
    size: int
    color: Literal["red", "green"] | None = None


class Tree(Struct, forbid_unknown_fields=True):
    name: str
    leaves: list[Leaf] = []
    best: Leaf | None = None
    height: float | int | None = None
    marks: list[int] | str | None = None


@pytest.mark.parametrize(
    ("path", "error", "loss"),
    [
        (("messages", 3, "content", 0, "text"), "messages.3.content.0.text", "messages[3].content[0].text"),
        ((), "body", ""),
        (("a b", 0), "'a b'.0", "'a b'[0]"),
    ],
)
def test_a_path_is_written_in_two_ways(path: tuple[str | int, ...], error: str, loss: str) -> None:
    assert (dotted(path), bracketed(path)) == (error, loss)


@pytest.mark.parametrize(
    ("value", "fitted", "left_out"),
    [
        ({"name": "oak"}, {"name": "oak"}, ()),
        ({"name": "oak", "age": 5}, {"name": "oak"}, ("age",)),
        ({"name": "oak", "leaves": [{"size": 1, "x": 1}]}, {"name": "oak", "leaves": [{"size": 1}]}, ("leaves[0].x",)),
        # a fault inside of an optional field takes the whole field with it, and only that is said
        ({"name": "oak", "leaves": [{"size": 1, "x": 1}, {}]}, {"name": "oak"}, ("leaves",)),
        ({"name": "oak", "best": {"size": 2.0}}, {"name": "oak", "best": {"size": 2}}, ()),
        ({"name": "oak", "best": 5}, {"name": "oak"}, ("best",)),
        ({"name": "oak", "best": {"size": 1, "color": "blue"}}, {"name": "oak", "best": {"size": 1}}, ("best.color",)),
        ({"name": "oak", "height": 1.5}, {"name": "oak", "height": 1.5}, ()),
        ({"name": "oak", "height": True}, {"name": "oak"}, ("height",)),
        ({"name": "oak", "marks": "x"}, {"name": "oak", "marks": "x"}, ()),
        ({"name": "oak", "marks": [1.0, 2]}, {"name": "oak", "marks": [1, 2]}, ()),
        ({"name": "oak", "leaves": None}, {"name": "oak"}, ()),
    ],
)
def test_what_does_not_fit_is_left_out(value: object, fitted: object, left_out: tuple[str, ...]) -> None:
    assert fit(value, Tree) == (fitted, left_out)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (5, "body: expected an object, got an integer"),
        ({}, "name: Field required"),
        ({"name": None}, "name: expected a string, got null"),
        ({"name": 1.5}, "name: expected a string, got a number"),
        ({"name": []}, "name: expected a string, got a list"),
    ],
)
def test_what_may_not_be_left_out_is_refused(value: object, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        fit(value, Tree)
