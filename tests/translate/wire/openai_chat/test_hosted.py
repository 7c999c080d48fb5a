"""Web search and web fetch as each provider of chat completions has them."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import Uncarriable

from .requests import body, losses, request, tool

PLACE = {"type": "approximate", "city": "Lyon", "country": "FR", "timezone": "Europe/Paris"}


def search(**wishes: Any) -> dict[str, Any]:
    return {"type": "web_search_20250305", "name": "web_search", **wishes}


def fetch(**wishes: Any) -> dict[str, Any]:
    return {"type": "web_fetch_20250910", "name": "web_fetch", **wishes}


# kind, model, what the tool asks for, what of it goes out, what is reported
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("openrouter", "openai/gpt-5.2", search(), {"tools": [{"type": "openrouter:web_search"}]}, []),
    (
        "openrouter",
        "openai/gpt-5.2",
        search(max_uses=8, allowed_domains=["a.test"], blocked_domains=["b.test"], user_location=PLACE),
        {
            "tools": [
                {
                    "type": "openrouter:web_search",
                    "parameters": {"allowed_domains": ["a.test"], "max_uses": 8, "user_location": PLACE},
                }
            ]
        },
        ["tools[0].blocked_domains"],
    ),
    (
        "openrouter",
        "openai/gpt-5.2",
        search(blocked_domains=["b.test"], response_inclusion="full", user_location=None),
        {"tools": [{"type": "openrouter:web_search", "parameters": {"excluded_domains": ["b.test"]}}]},
        ["tools[0].response_inclusion"],
    ),
    (
        "openrouter",
        "openai/gpt-5.2",
        fetch(max_uses=2, blocked_domains=["b.test"], max_content_tokens=500, use_cache=False, citations=None),
        {
            "tools": [
                {
                    "type": "openrouter:web_fetch",
                    "parameters": {"blocked_domains": ["b.test"], "max_uses": 2, "max_content_tokens": 500},
                }
            ]
        },
        [],
    ),
    ("groq", "openai/gpt-oss-20b", search(max_uses=8), {"tools": [{"type": "browser_search"}]}, ["tools[0].max_uses"]),
    (
        "groq",
        "groq/compound",
        search(allowed_domains=["a.test"], blocked_domains=["b.test"], user_location=PLACE),
        {"search_settings": {"include_domains": ["a.test"], "exclude_domains": ["b.test"]}},
        ["tools[0].user_location"],
    ),
    ("openai", "gpt-4o-search-preview", search(allowed_domains=[]), {"web_search_options": {}}, []),
    (
        "openai",
        "gpt-4o-search-preview",
        search(user_location=PLACE, blocked_domains=["b.test"]),
        {
            "web_search_options": {
                "user_location": {
                    "type": "approximate",
                    "approximate": {"city": "Lyon", "country": "FR", "timezone": "Europe/Paris"},
                }
            }
        },
        ["tools[0].blocked_domains"],
    ),
    ("perplexity", "sonar", search(max_uses=1), {}, ["tools[0].max_uses"]),
    (
        "perplexity",
        "sonar",
        search(blocked_domains=["b.test"], user_location=PLACE),
        {
            "search_domain_filter": ["-b.test"],
            "web_search_options": {"user_location": {"city": "Lyon", "country": "FR"}},
        },
        [],
    ),
    (
        "perplexity",
        "sonar",
        search(allowed_domains=[f"{n}.test" for n in range(21)], blocked_domains=["b.test"]),
        {"search_domain_filter": [f"{n}.test" for n in range(20)]},
        ["tools[0].allowed_domains", "tools[0].blocked_domains"],
    ),
    (
        "qwen",
        "qwen3-max",
        search(cache_control={"type": "ephemeral"}),
        {"enable_search": True, "search_options": {"forced_search": True}},
        ["tools[0].cache_control"],
    ),
    (
        "zai",
        "glm-4.6",
        search(allowed_domains=["a.test"]),
        {
            "tools": [
                {
                    "type": "web_search",
                    "web_search": {
                        "enable": True,
                        "search_engine": "search-prime",
                        "search_result": True,
                        "search_domain_filter": "a.test",
                    },
                }
            ]
        },
        [],
    ),
    (
        "zai",
        "glm-4.6",
        search(allowed_domains=["a.test", "b.test"]),
        {
            "tools": [
                {
                    "type": "web_search",
                    "web_search": {"enable": True, "search_engine": "search-prime", "search_result": True},
                }
            ]
        },
        ["tools[0].allowed_domains"],
    ),
    # Whoever has none: nothing goes out, and the whole tool is reported.
    *(
        (kind, model, search(max_uses=8), {}, ["tools[0]"])
        for kind, model in (
            ("mistral", "mistral-large-latest"),
            ("deepseek", "deepseek-v4-pro"),
            ("moonshot", "kimi-k2.5"),
            ("ollama", "qwen3"),
            ("gemini-openai", "gemini-2.5-flash"),
            ("qwen", "qwen3-coder-plus"),
            ("groq", "llama-3.3-70b-versatile"),
            ("openai", "gpt-4o"),
        )
    ),
    ("perplexity", "sonar", fetch(), {}, ["tools[0]"]),
]
_OURS = (
    "tools",
    "tool_choice",
    "search_settings",
    "web_search_options",
    "search_domain_filter",
    "enable_search",
    "search_options",
)


@pytest.mark.parametrize(("kind", "model", "asked", "sent", "lost"), CASES)
def test_a_web_tool_alone(kind: str, model: str, asked: dict[str, Any], sent: dict[str, Any], lost: list[str]) -> None:
    wish = request(tools=[asked])
    found = body(wish, kind, model=model)
    assert {name: found[name] for name in _OURS if name in found} == sent
    assert losses(wish, kind, model=model) == lost


def test_among_the_clients_own_tools() -> None:
    wish = request(tools=[tool("look"), search(), fetch()], tool_choice={"type": "auto"})
    found = body(wish, "openrouter", model="x/y")
    assert [one["type"] for one in found["tools"]] == ["function", "openrouter:web_search", "openrouter:web_fetch"]
    assert found["tool_choice"] == "auto"
    found = body(wish, "qwen", model="qwen3-max")
    assert "search_options" not in found, "a search is forced though something else was asked for too"
    assert losses(wish, "qwen", model="qwen3-max") == ["tools[2]"]


def test_where_the_clients_tools_cannot_go_the_search_still_does() -> None:
    wish = request(tools=[tool("look"), search(blocked_domains=["b.test"])])
    assert body(wish, "perplexity", model="sonar")["search_domain_filter"] == ["-b.test"]
    assert losses(wish, "perplexity", model="sonar") == ["tools"]


def test_a_second_search_is_one_too_many() -> None:
    wish = request(tools=[search(), search()])
    assert body(wish, "openrouter")["tools"] == [{"type": "openrouter:web_search"}]
    assert losses(wish, "openrouter") == ["tools[1]"]


@pytest.mark.parametrize("place", [None, "Lyon", [], {"type": "approximate"}])
def test_a_place_that_is_none(place: Any) -> None:
    assert body(request(tools=[search(user_location=place)]), "openrouter")["tools"] == [
        {"type": "openrouter:web_search"}
    ]


def test_callers_other_than_the_model_are_reported() -> None:
    wish = request(tools=[search(allowed_callers=["code_execution_20260120"]), fetch(allowed_callers=["direct"])])
    assert losses(wish, "openrouter") == ["tools[0].allowed_callers"]


def test_code_is_run_by_nobody() -> None:
    with pytest.raises(Uncarriable, match=r"^tools\.1: "):
        body(request(tools=[search(), {"type": "code_execution_20250825", "name": "code_execution"}]), "openrouter")


class TestChoice:
    """A search that is forced, and one that is forbidden."""

    @pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "web_search"}])
    def test_forced_alone(self, choice: dict[str, Any]) -> None:
        wish = request(tools=[search()], tool_choice=choice)
        assert body(wish, "groq", model="openai/gpt-oss-20b")["tool_choice"] == "required"
        assert losses(wish, "groq", model="openai/gpt-oss-20b") == []
        assert "tool_choice" not in body(wish, "openrouter")
        assert losses(wish, "openrouter") == ["tool_choice"]

    def test_forced_among_others(self) -> None:
        wish = request(tools=[tool("look"), search()], tool_choice={"type": "tool", "name": "web_search"})
        assert "tool_choice" not in body(wish, "openrouter")
        assert losses(wish, "openrouter") == ["tool_choice"]

    def test_forced_where_there_is_none(self) -> None:
        choice = {"type": "tool", "name": "web_search"}
        assert "tool_choice" not in body(request(tools=[search()], tool_choice=choice), "mistral")
        with pytest.raises(Uncarriable, match=r"^tool_choice\.name: "):
            body(request(tools=[tool("look"), search()], tool_choice=choice), "mistral")

    @pytest.mark.parametrize("kind", ["openrouter", "perplexity", "zai"])
    def test_forbidden(self, kind: str) -> None:
        wish = request(tools=[search(allowed_domains=["a.test"])], tool_choice={"type": "none"})
        assert not set(_OURS) & set(body(wish, kind))
