"""Cache marks, by what the model takes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.bedrock_converse.requests import CLAUDE, LLAMA, MARK, NOVA, body, losses, request, text, tool

HOUR = {"type": "ephemeral", "ttl": "1h"}
POINT = {"cachePoint": {"type": "default"}}
POINT_1H = {"cachePoint": {"type": "default", "ttl": "1h"}}


@pytest.mark.parametrize(
    ("model", "mark", "points", "lost"),
    [
        (CLAUDE, MARK, [POINT], []),
        (CLAUDE, {"type": "ephemeral", "ttl": "5m"}, [POINT], []),
        (CLAUDE, HOUR, [POINT_1H], []),
        (CLAUDE, None, [], []),
        (CLAUDE, "odd", [POINT], []),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", HOUR, [POINT], ["system[0].cache_control.ttl"]),
        (NOVA, MARK, [POINT], []),
        (NOVA, HOUR, [POINT], ["system[0].cache_control.ttl"]),
        (LLAMA, MARK, [], ["system[0].cache_control"]),
    ],
)
def test_marks_of_the_system_prompt(model: str, mark: Any, points: list[Any], lost: list[str]) -> None:
    wish = request(system=[text("You are a cook.", cache_control=mark)])
    assert body(wish, model)["system"] == [{"text": "You are a cook."}, *points]
    assert losses(wish, model) == lost


@pytest.mark.parametrize(
    ("model", "points", "lost"),
    [(CLAUDE, [POINT], []), (NOVA, [], ["tools[0].cache_control"]), (LLAMA, [], ["tools[0].cache_control"])],
)
def test_marks_of_tools(model: str, points: list[Any], lost: list[str]) -> None:
    wish = request(tools=[tool(cache_control=MARK)])
    assert body(wish, model)["toolConfig"]["tools"][1:] == points
    assert losses(wish, model) == lost
