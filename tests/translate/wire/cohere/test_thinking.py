"""What switches thinking on and off."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.openai_chat.requests import request

from .requests import MODEL, REASONING, body, losses


@pytest.mark.parametrize(
    ("asked", "sent", "lost"),
    [
        ({}, None, []),
        ({"thinking": {"type": "disabled"}}, {"type": "disabled"}, []),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 2000}},
            {"type": "enabled", "token_budget": 2000},
            [],
        ),
        ({"thinking": {"type": "between_tools"}}, {"type": "enabled"}, []),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, None, ["thinking.display"]),
        ({"output_config": {"effort": "high"}}, None, ["output_config.effort"]),
    ],
)
def test_a_model_that_thinks(asked: dict[str, Any], sent: Any, lost: list[str]) -> None:
    wish = request(**asked)
    assert body(wish, model=REASONING).get("thinking") == sent
    assert losses(wish, model=REASONING) == lost


@pytest.mark.parametrize(("kind", "lost"), [("enabled", ["thinking"]), ("adaptive", []), ("disabled", [])])
def test_a_model_that_does_not(kind: str, lost: list[str]) -> None:
    wish = request(thinking={"type": kind, "budget_tokens": 2000})
    assert "thinking" not in body(wish, model=MODEL)
    assert losses(wish, model=MODEL) == lost


def test_the_administrator_may_know_better() -> None:
    wish = request(thinking={"type": "enabled"})
    assert body(wish, options={"thinking": "type"})["thinking"] == {"type": "enabled"}
