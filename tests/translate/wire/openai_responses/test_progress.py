"""Which item an event speaks of."""

from __future__ import annotations

from ccproxy.translate.wire.openai_responses.items import Item
from ccproxy.translate.wire.openai_responses.progress import Output


def test_an_items_place_tells_it_from_others_and_its_id_does_not() -> None:
    output = Output()
    first = output.item(0, "same", "reasoning")
    assert output.item(1, "same", "reasoning") is not first
    assert output.item(0, "another", "reasoning") is first
    assert output.item(0, "same", "message") is not first


def test_without_places_the_id_tells() -> None:
    output = Output()
    first = output.item(None, "a", "message")
    assert output.item(None, "b", "message") is not first
    assert output.item(None, "a", "message") is first


def test_without_both_it_is_the_last_of_its_type() -> None:
    output = Output()
    first = output.item(None, None, "message")
    assert output.item(None, None, "message") is first
    assert output.item(3, "m", "message") is first, "its place is told later"
    assert output.item(None, None, "message") is first
    first.over = True
    second = output.item(None, None, "message")
    assert second is not first
    second.over = True
    assert output.item(4, "n", "message") is not second


def test_a_place_that_is_used_again() -> None:
    output = Output()
    first = output.item(0, None, "message")
    assert output.item(0, None, "message", begins=True) is first
    first.over = True
    assert output.item(0, None, "message") is first
    assert output.item(0, None, "message", begins=True) is not first


def test_the_whole_output_in_the_order_of_each_type() -> None:
    output = Output()
    output.item(0, None, "reasoning")
    one, two = output.item(1, None, "message"), output.item(2, None, "message")
    whole = [Item(type="message"), Item(type="message"), Item(type="message"), Item(type="function_call")]
    known = [progress for progress, _ in output.missing(whole)]
    assert known[:2] == [one, two]
    assert [(progress.type, progress.length) for progress in known[2:]] == [("message", 0), ("function_call", 0)]
