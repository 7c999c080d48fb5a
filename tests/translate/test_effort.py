"""What a client's thinking and effort mean."""

from __future__ import annotations

import pytest

from ccproxy.translate.effort import Wish, nearest
from ccproxy.translate.messages import InputMessage, MessagesRequest, OutputConfig, Thinking


def wish(thinking: Thinking | None = None, effort: str | None = None) -> Wish:
    config = OutputConfig(effort=effort) if effort else None
    messages = [InputMessage("user", "a")]
    return Wish.of(MessagesRequest(model="m", messages=messages, thinking=thinking, output_config=config))


@pytest.mark.parametrize(
    ("thinking", "effort", "found"),
    [
        (None, None, Wish()),
        (Thinking("disabled"), None, Wish(off=True)),
        (Thinking("adaptive"), "high", Wish(asked=True, effort="high")),
        (Thinking("enabled", 2000), None, Wish(asked=True, on=True, budget=2000)),
        (Thinking("between_tools"), None, Wish(asked=True, on=True)),
    ],
)
def test_wishes(thinking: Thinking | None, effort: str | None, found: Wish) -> None:
    assert wish(thinking, effort) == found


@pytest.mark.parametrize(
    ("budget", "effort", "level"),
    [
        (None, None, None),
        (1024, None, "low"),
        (4095, None, "low"),
        (4096, None, "medium"),
        (16383, None, "medium"),
        (16384, None, "high"),
        (1024, "max", "max"),
        (None, "whatever", "whatever"),
    ],
)
def test_levels(budget: int | None, effort: str | None, level: str | None) -> None:
    assert Wish(budget=budget, effort=effort).level == level


@pytest.mark.parametrize(
    ("level", "efforts", "found"),
    [
        ("high", ("low", "high"), "high"),
        ("max", ("low", "medium", "high"), "high"),
        ("minimal", ("low", "high"), "low"),
        ("medium", ("low", "high"), "high"),  # of two equally near the stronger
        ("low", ("default",), "default"),
    ],
)
def test_the_nearest_level(level: str, efforts: tuple[str, ...], found: str) -> None:
    assert nearest(level, efforts) == found
