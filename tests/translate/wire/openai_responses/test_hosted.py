from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import Uncarriable
from tests.translate.wire.openai_chat.requests import request, tool

from .requests import body, losses

SEARCH = {"type": "web_search_20250305", "name": "web_search"}
FETCH = {"type": "web_fetch_20250910", "name": "web_fetch"}
CODE = {"type": "code_execution_20250825", "name": "code_execution"}
PLACE = {"type": "approximate", "city": "Utrecht"}
ALLOWED = {"allowed_domains": ["a.test"]}
BLOCKED = {"blocked_domains": ["b.test"]}


@pytest.mark.parametrize(
    ("kind", "model", "more", "expected", "lost"),
    [
        ("openai", "gpt-5.6", {}, [{"type": "web_search"}], []),
        ("openai", "gpt-5.6", ALLOWED, [{"type": "web_search", "filters": ALLOWED}], []),
        ("openai", "gpt-5.6", BLOCKED, [{"type": "web_search", "filters": BLOCKED}], []),
        ("openai", "gpt-5.6", {"user_location": PLACE}, [{"type": "web_search", "user_location": PLACE}], []),
        ("openai", "gpt-5.6", {"user_location": None}, [{"type": "web_search"}], []),
        ("openai", "gpt-5.6", {"cache_control": {"type": "ephemeral"}}, [{"type": "web_search"}], ["cache_control"]),
        ("openai", "gpt-5.6", {"allowed_callers": ["code_execution"]}, [{"type": "web_search"}], ["allowed_callers"]),
        ("openai", "gpt-5.6", {"allowed_callers": ["direct"]}, [{"type": "web_search"}], []),
        ("azure", "gpt-5.5", BLOCKED, [{"type": "web_search"}], ["blocked_domains"]),
        ("azure", "gpt-5.5", {"max_uses": 8}, [{"type": "web_search"}], ["max_uses"]),
        ("xai", "grok-4.3", {}, [{"type": "web_search"}, {"type": "x_search"}], []),
        ("xai", "grok-4.3", {"max_uses": 8}, [{"type": "web_search"}, {"type": "x_search"}], ["max_uses"]),
        (
            "xai",
            "grok-4.3",
            {"user_location": PLACE},
            [{"type": "web_search"}, {"type": "x_search"}],
            ["user_location"],
        ),
        # Posts would be from outside of the domains.
        ("xai", "grok-4.3", ALLOWED, [{"type": "web_search", "filters": ALLOWED}], []),
        ("xai", "grok-4.3", BLOCKED, [{"type": "web_search", "filters": {"excluded_domains": ["b.test"]}}], []),
    ],
)
def test_search(kind: str, model: str, more: dict[str, Any], expected: list[Any], lost: list[str]) -> None:
    wish = request(tools=[{**SEARCH, **more}])
    assert body(wish, kind, model=model)["tools"] == expected
    assert losses(wish, kind, model=model) == [f"tools[0].{name}" for name in lost]


def test_code_execution() -> None:
    wish = request(tools=[{**CODE, "cache_control": {"type": "ephemeral"}}])
    out = body(wish, "openai", model="gpt-5.6")
    assert out["tools"] == [{"type": "code_interpreter", "container": {"type": "auto"}}]
    assert out["include"] == ["reasoning.encrypted_content", "code_interpreter_call.outputs"]
    assert losses(wish, "openai", model="gpt-5.6") == ["tools[0].cache_control"]
    with pytest.raises(Uncarriable, match=r"^tools\.0: .*no code execution"):
        body(wish, "xai", model="grok-4.3")


def test_a_limit_is_for_searches_only() -> None:
    wish = request(tools=[{**SEARCH, "max_uses": 8}, CODE])
    assert "max_tool_calls" not in body(wish, "openai", model="gpt-5.6")
    assert losses(wish, "openai", model="gpt-5.6") == ["tools[0].max_uses"]


def test_how_many_searches_and_what_they_found() -> None:
    out = body(request(tools=[tool(), {**SEARCH, "max_uses": 8}]), "openai", model="gpt-5.6")
    assert out["max_tool_calls"] == 8
    assert out["include"] == ["reasoning.encrypted_content", "web_search_call.action.sources"]
    assert [one["type"] for one in out["tools"]] == ["function", "web_search"]


@pytest.mark.parametrize(
    ("kind", "model", "lost"),
    [
        ("openai", "gpt-4.1-nano", ["tools[1]", "tools[2]"]),
        ("openai", "gpt-5.6", ["tools[2]"]),
        ("openai-responses", "m", ["tools[1]", "tools[2]"]),
    ],
)
def test_what_the_provider_has_not_is_reported(kind: str, model: str, lost: list[str]) -> None:
    wish = request(tools=[tool(), SEARCH, FETCH])
    assert losses(wish, kind, model=model) == lost


def test_forcing_it_leaves_out_the_others() -> None:
    wish = request(tools=[tool(), SEARCH], tool_choice={"type": "tool", "name": "web_search"})
    out = body(wish, "xai", model="grok-4.3")
    assert [one["type"] for one in out["tools"]] == ["web_search", "x_search"]
