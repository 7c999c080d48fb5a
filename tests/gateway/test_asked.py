"""The facts of a request that routing asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.gateway.asked import NEAR, Asked
from ccproxy.translate import tokens
from ccproxy.translate.parse import Parsed, parse

USER = {"role": "user", "content": "hi"}
PICTURE = {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}}
TEXT = {"type": "text", "text": "see"}
PDF = {"type": "document", "source": {"type": "url", "url": "https://x.test/a.pdf"}}


def asked(headers: dict[str, str] | None = None, caller: str = "key", counting: bool = False, **body: Any) -> Asked:
    whole = {"model": "m", "max_tokens": 10, "messages": [USER], **body}
    return Asked.of(parse(json.dumps(whole).encode()), headers or {}, caller, counting)


def conversation(*blocks: Any) -> list[Any]:
    return [USER, {"role": "user", "content": list(blocks)}, {"role": "assistant", "content": "well"}]


def result(content: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": "t", "content": content}


@pytest.mark.parametrize(
    ("blocks", "image"),
    [
        ([TEXT], False),
        ([TEXT, PICTURE], True),
        ([result("the word image")], False),
        ([result([TEXT])], False),
        ([result(None)], False),
        ([result([TEXT, PICTURE])], True),
        ([PDF], False),
        ([result([PDF])], False),
        ([{"type": "document", "source": {"type": "content", "content": "text"}}], False),
        ([{"type": "document", "source": {"type": "content", "content": [TEXT, PICTURE]}}], True),
        ([{"type": "text", "text": 'one says "image" here'}], False),
    ],
)
def test_an_image_anywhere(blocks: list[Any], image: bool) -> None:
    assert asked(messages=conversation(*blocks)).image is image


def test_a_conversation_of_bare_texts_has_no_image() -> None:
    assert asked().image is False


@pytest.mark.parametrize(
    ("tools", "search"),
    [
        (None, False),
        ([], False),
        ([{"name": "web_search", "input_schema": {"type": "object"}}], False),
        ([{"name": "x", "type": "custom", "input_schema": {}}, {"type": "web_search_20250305", "name": "s"}], True),
        ([{"type": "web_search_20260209", "name": "web_search"}], True),
        ([{"type": "web_fetch_20250910", "name": "web_fetch"}], False),
    ],
)
def test_a_web_search(tools: list[Any] | None, search: bool) -> None:
    assert asked(**({} if tools is None else {"tools": tools})).web_search is search


ADAPTIVE = {"type": "adaptive"}
ENABLED = {"type": "enabled", "budget_tokens": 1024}


@pytest.mark.parametrize(
    ("thinking", "effort", "least", "told"),
    [
        (None, None, "high", ""),
        (None, "max", "low", ""),
        ({"type": "disabled"}, "max", "low", ""),
        (ENABLED, None, "high", "thinking is enabled"),
        (ENABLED, "low", "max", "thinking is enabled"),
        ({"type": "between_tools"}, None, "high", "thinking is enabled"),
        (ADAPTIVE, None, "high", "adaptive thinking with effort high"),
        (ADAPTIVE, "high", "high", "adaptive thinking with effort high"),
        (ADAPTIVE, "medium", "high", ""),
        (ADAPTIVE, "medium", "medium", "adaptive thinking with effort medium"),
        (ADAPTIVE, "low", "medium", ""),
        (ADAPTIVE, "low", "low", "adaptive thinking with effort low"),
        (ADAPTIVE, "xhigh", "high", "adaptive thinking with effort xhigh"),
        (ADAPTIVE, "xhigh", "max", ""),
        (ADAPTIVE, "max", "max", "adaptive thinking with effort max"),
        (ADAPTIVE, None, "xhigh", ""),
        (ADAPTIVE, "unheard-of", "high", "adaptive thinking with effort unheard-of"),
        (ADAPTIVE, "unheard-of", "xhigh", ""),
        (ADAPTIVE, "high", "unheard-of", "adaptive thinking with effort high"),
    ],
)
def test_thinking(thinking: Any, effort: str | None, least: str, told: str) -> None:
    body = {"thinking": thinking} if thinking else {}
    if effort:
        body["output_config"] = {"effort": effort}
    assert asked(**body).thinks(least) == told


@pytest.mark.parametrize(
    ("model", "background"),
    [
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001"),
        ("Haiku", "haiku"),
        ("haiku[1m]", "haiku"),
        ("claude-opus-5-5", ""),
    ],
)
def test_small_chores(model: str, background: str) -> None:
    assert Asked.named(model).background == background


def test_who_sent_it() -> None:
    assert asked({"x-claude-code-agent-id": "a1"}).subagent is True
    assert asked({"x-claude-code-agent-id": ""}).subagent is False
    assert asked({"x-claude-code-session-id": "s"}).subagent is False
    told = asked({"x-team": "blue"}, caller="alice", counting=True)
    assert (told.model, told.caller, told.counting, told.headers) == ("m", "alice", True, {"x-team": "blue"})


def test_only_a_name_is_known() -> None:
    told = Asked.named("gpt-5")
    assert (told.model, told.caller, told.counting, dict(told.headers)) == ("gpt-5", "", False, {})
    assert (told.image, told.web_search, told.subagent, told.background) == (False, False, False, "")
    assert told.thinks("minimal") == ""
    assert (told.over(0), told.estimated, told.counted) == (0, 0, 0)


class Gauges:
    """Stands in for `translate.tokens`: what it measures is given, and what is asked of it is remembered."""

    def __init__(self, estimated: int, counted: int, density: float = 1.0) -> None:
        self.estimated = estimated
        self.counted = counted
        self.density = lambda body: density
        self.calls: list[str] = []

    def estimate(self, request: Any) -> int:
        self.calls.append("estimate")
        return self.estimated

    def count(self, request: Any) -> int:
        self.calls.append("count")
        return self.counted


@pytest.mark.parametrize(
    ("estimated", "counted", "over", "calls"),
    [
        (700, 2000, 0, ["estimate"]),
        (749, 2000, 0, ["estimate"]),
        (750, 1001, 1001, ["estimate", "count"]),
        (999, 1001, 1001, ["estimate", "count"]),
        (999, 1000, 0, ["estimate", "count"]),
        (1000, 1000, 0, ["estimate", "count"]),
        (1200, 900, 0, ["estimate", "count"]),
        (1200, 1100, 1100, ["estimate", "count"]),
        (1250, 900, 0, ["estimate", "count"]),
        (1251, 900, 1251, ["estimate"]),
    ],
)
@pytest.mark.parametrize("size", [0, 100_000])
def test_tokens_are_counted_near_a_threshold_only(
    monkeypatch: pytest.MonkeyPatch, estimated: int, counted: int, over: int, calls: list[str], size: int
) -> None:
    gauges = Gauges(estimated, counted)
    monkeypatch.setattr("ccproxy.gateway.asked.tokens", gauges)
    request = Parsed(asked()._request, body=b" " * size)  # type: ignore[arg-type]
    told = Asked.of(request, {}, "key")
    assert told.over(1000) == over
    assert gauges.calls == calls
    assert told.over(1000) == over
    assert gauges.calls == calls, "what was measured is remembered"


def test_a_text_that_may_be_dense_is_counted_from_further_off(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Parsed(asked()._request, body=b" " * 100_000)  # type: ignore[arg-type]
    for estimated, over, calls in (
        (250, 0, ["estimate"]),
        (375, 2000, ["estimate", "count"]),
        (1251, 1251, ["estimate"]),
    ):
        gauges = Gauges(estimated, 2000, density=2.0)
        monkeypatch.setattr("ccproxy.gateway.asked.tokens", gauges)
        assert (Asked.of(request, {}, "key").over(1000), gauges.calls) == (over, calls)


def test_a_far_threshold_is_not_near_so_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A count of a million tokens would hold up everybody."""
    request = Parsed(asked()._request)  # type: ignore[arg-type]
    for estimated, calls in ((174_000, ["estimate"]), (176_000, ["estimate", "count"]), (226_000, ["estimate"])):
        gauges = Gauges(estimated, 200_001)
        monkeypatch.setattr("ccproxy.gateway.asked.tokens", gauges)
        Asked.of(request, {}, "key").over(200_000)
        assert gauges.calls == calls


LOG = "".join(
    f"2026-11-03T12:{at % 60:02}:11.{at % 999:03}Z [INFO] 0x{at * 2654435761 % 2**32:08x} took 7ms\n"
    for at in range(2500)
)
TABLE = "".join(f"{at * 7919 % 99991 / 1000:.3f},{at * 104729 % 99991 / 1000:.3f}\n" for at in range(8000))


@pytest.mark.parametrize("text", [LOG, TABLE], ids=["log", "table"])
def test_logs_and_tables_have_more_tokens_than_their_length_says(text: str) -> None:
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": text}]}
    parsed = parse(json.dumps(body).encode())
    told = Asked.of(parsed, {}, "")
    assert told.estimated < 0.5 * told.counted
    assert told.over(told.counted - 1) == told.counted


def test_what_is_far_too_short_is_not_even_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    gauges = Gauges(10, 10)
    monkeypatch.setattr("ccproxy.gateway.asked.tokens", gauges)
    assert asked(messages=conversation(TEXT)).over(60_000) == 0
    assert gauges.calls == []
    assert asked().over(100) == 0
    assert gauges.calls == ["estimate"]


def test_a_count_goes_by_what_is_said() -> None:
    told = asked(messages=[{"role": "user", "content": "word " * 3000}])
    assert told.counted == tokens.count(told._request)  # type: ignore[arg-type]
    assert told.over(2900) == told.counted
    assert told.over(told.counted) == 0
    assert told.over(500) == told.estimated


words = st.text(max_size=60) | st.sampled_from(["", "日本語" * 40, "é" * 90, "🦆" * 50, "{}[]" * 30])
blocks = st.one_of(
    words.map(lambda text: {"type": "text", "text": text}),
    st.just(PICTURE),
    st.just(PDF),
    words.map(lambda text: {"type": "tool_use", "id": "i", "name": "n", "input": {"a": text}}),
    st.lists(st.just(TEXT) | st.just(PICTURE) | st.just(PDF), max_size=3).map(result),
    st.lists(st.just(TEXT) | st.just(PICTURE), max_size=3).map(
        lambda content: {"type": "document", "source": {"type": "content", "content": content}}
    ),
    words.map(lambda text: {"type": "search_result", "source": text, "title": text, "content": [TEXT]}),
)
tools = st.one_of(
    words.map(lambda text: {"name": "n", "description": text, "input_schema": {"type": "object", "title": text}}),
    st.just({"type": "bash_20250124", "name": "bash"}),
)


@settings(max_examples=60, deadline=None)
@given(
    model=st.sampled_from(["claude-opus-5-5", "deepseek-chat", "grok-4", "glm-5", "gpt-5", "llama", "m"]),
    messages=st.lists(st.builds(dict, role=st.just("user"), content=words | st.lists(blocks, max_size=4)), min_size=1),
    tools=st.lists(tools, max_size=6),
    escaped=st.booleans(),
)
def test_the_length_of_a_request_bounds_its_estimate(
    model: str, messages: list[Any], tools: list[Any], escaped: bool
) -> None:
    """Or a long conversation would pass for a short one."""
    body = {"model": model, "max_tokens": 1, "messages": messages, "tools": tools, "system": "x"}
    parsed = parse(json.dumps(body, ensure_ascii=escaped, separators=(",", ":")).encode())
    limit = tokens_at(parsed)
    assert Asked.of(parsed, {}, "").over(limit) == Asked.of(Parsed(parsed.request), {}, "").over(limit)
    assert Asked.of(parsed, {}, "")._at_most >= tokens.estimate(parsed.request)


def tokens_at(parsed: Parsed) -> int:
    """A threshold that the request's estimate is just clear of, where a bound that is too low would show."""
    return int(tokens.estimate(parsed.request) / (1 + NEAR)) - 1
