"""docs/routing.md against the program: its examples are routes, and lead where the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from ccproxy.gateway.asked import Asked
from ccproxy.gateway.names import CLASSES
from ccproxy.gateway.routing import Router
from ccproxy.gateway.rules import LONG, SCENARIOS
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Route, Strategy
from ccproxy.translate.parse import parse
from ccproxy.web.route_schemas import read_route

PAGE = (Path(__file__).parents[1] / "docs" / "routing.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, list[Any]] = {
    title: json.loads(block) for title, block in re.findall(r"^### (.+?)\n\n```json\n(.*?)```", PAGE, re.M | re.S)
}
PROVIDERS = ("anthropic", "azure", "gemini", "groq", "openai", "openrouter")


def snapshot(title: str) -> Snapshot:
    providers = (
        Provider(name=name, type="openai-chat", api_base_url="http://x.test/v1", api_key="sk-provider-0123456789")
        for name in PROVIDERS
    )
    routes = (Route(**read_route(document)) for document in EXAMPLES[title])
    return Snapshot(version=1, providers=tuple(providers), routes=tuple(routes))


def asked(model: str, headers: dict[str, str] | None = None, **more: Any) -> Asked:
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], **more}
    return Asked.of(parse(json.dumps(body).encode()), headers or {}, "key")


LONG_TALK = [{"role": "user", "content": "word " * 200_000}]
LED = {
    "Everything to one model": [(asked("claude-opus-5-5"), "default", "groq/openai/gpt-oss-120b")],
    "Chores to a cheap model": [
        (asked("claude-haiku-4-5-20251001"), "background", "groq/openai/gpt-oss-20b"),
        (asked("claude-opus-5-5"), "default", "anthropic/claude-sonnet-5-5"),
    ],
    "Opus, sonnet and haiku to three models": [
        (asked("opus"), "large", "openai/gpt-5"),
        (asked("claude-opus-5-5[1m]"), "large", "openai/gpt-5"),
        (asked("claude-3-opus-20240229"), "large", "openai/gpt-5"),
        (asked("anthropic.claude-opus-4.5"), "large", "openai/gpt-5"),
        (asked("claude-sonnet-6"), "medium", "openrouter/z-ai/glm-5.3"),
        (asked("claude-fable-5-2"), "medium", "openrouter/z-ai/glm-5.3"),
        (asked("claude-haiku-4-5-20251001"), "small", "groq/openai/gpt-oss-20b"),
    ],
    "Long conversations to Gemini": [
        (asked("claude-opus-5-5", messages=LONG_TALK), "long", "gemini/gemini-2.5-pro"),
        (asked("claude-opus-5-5"), "large", "openai/gpt-5"),
        (asked("claude-sonnet-5-5"), "default", "groq/openai/gpt-oss-120b"),
    ],
    "A chain of providers that stand in for each other": [
        (asked("any"), "default", "anthropic/claude-sonnet-5-5"),
    ],
    "A share for each": [(asked("claude-sonnet-5-5"), "shared", "anthropic/claude-sonnet-5-5")],
    "Subagents elsewhere": [
        (asked("claude-opus-5-5", {"x-claude-code-agent-id": "a1"}), "subagents", "groq/openai/gpt-oss-120b"),
        (asked("claude-opus-5-5"), "default", "anthropic/claude-opus-5-5"),
    ],
    "Hard thinking to another model, and with more effort": [
        (asked("m", thinking={"type": "adaptive"}, output_config={"effort": "max"}), "think", "openai/gpt-5"),
        (asked("m", thinking={"type": "adaptive"}), "default", "groq/openai/gpt-oss-120b"),
    ],
    "One project's requests, by a header": [
        (asked("m", {"x-team": "blue"}), "blue", "azure/our-deployment"),
        (asked("m", {"x-team": "red"}), "default", "groq/openai/gpt-oss-120b"),
    ],
}


def test_every_example_is_led_through() -> None:
    assert list(EXAMPLES) == list(LED)


@pytest.mark.parametrize("title", LED)
def test_an_example_leads_where_it_says(title: str) -> None:
    router, held = Router(), snapshot(title)
    for request, route, label in LED[title]:
        plan = router.plan(request, held)
        assert (plan.route, plan.targets[0].label) == (route, label)
        assert len(plan.targets) == len(next(one for one in held.routes if one.name == route).targets)


def test_the_scenarios_of_the_page_are_those_of_the_program_in_their_order() -> None:
    assert tuple(re.findall(r"^\| `(\w+)` \|", PAGE.partition("| `scenario` |")[2], re.M)) == SCENARIOS
    order = re.search(r"in this order: (.*?) \|", PAGE)
    assert order is not None
    assert tuple(re.findall(r"`(\w+)`", order[1])) == SCENARIOS[:-1]


def test_the_words_of_the_page_are_known() -> None:
    for word in (*CLASSES, *get_args(Strategy), "outright", "models", "only"):
        assert f"`{word}`" in PAGE or f'"{word}"' in PAGE, word
    assert f"({LONG:,} where nothing is said)" in PAGE
