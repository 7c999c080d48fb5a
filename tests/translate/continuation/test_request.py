"""What the next target is asked, so that it goes on where the first one stopped."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ccproxy.translate import tokens
from ccproxy.translate.continuation.joint import loops
from ccproxy.translate.continuation.request import Continued, last_words, request_after
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.parse import parse
from ccproxy.translate.target import Target
from tests.translate.contexts import target as chat_target

TEXT = "It was the best of times, it was the worst of ti"
USER = {"role": "user", "content": [{"type": "text", "text": "Tell", "cache_control": {"type": "ephemeral"}}]}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


def target(wire: str = "openai-chat", model: str = "some-model", **flags: Any) -> Target:
    return structs.replace(chat_target(**flags), wire=wire, model=model)


PREFIX = target(prefill="prefix")
OLD_CLAUDE = target("anthropic", "claude-sonnet-4-5-20250929")
ANY = target()


def after(text: str, to: Target, *, messages: Any = None, **fields: Any) -> tuple[Continued, dict[str, Any]]:
    """What comes of it, and its bytes as JSON; the typed form is the same."""
    body = {"model": "m", "max_tokens": 1000, "messages": messages or [USER], "stream": True} | fields
    continued = request_after(parse(json.dumps(body).encode()), text, to)
    assert continued.parsed.request == parse(continued.parsed.body, counting=True).request
    return continued, json.loads(continued.parsed.body)


@pytest.mark.parametrize(
    ("to", "own"),
    [
        (PREFIX, True),
        (target(prefill="partial"), True),
        (target(), False),  # a server that nobody knows begins a new message more often than not
        (target(prefill="ignored"), False),
        (target(prefill="refused"), False),
        (target("gemini", prefill="continued"), True),
        (target("gemini", prefill="refused"), False),
        (target("openai-responses", prefill="continued"), False),
        (target("cohere"), False),
        (target("bedrock-converse", "us.anthropic.claude-3-5-sonnet-20241022-v2:0"), True),
        (target("bedrock-converse", "us.anthropic.claude-opus-4-6-v1", prefill="refused"), False),
        (target("bedrock-converse", "meta.llama3-1-70b-instruct-v1:0"), False),
        (OLD_CLAUDE, True),
        (target("anthropic-vertex", "claude-opus-4-1@20250805"), True),
        (target("anthropic-vertex", "claude-opus-4@20250514"), True),
        (target("anthropic-bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0"), True),
        (target("anthropic", "anthropic/claude-sonnet-4.5"), True),
        (target("anthropic", "claude-sonnet-4-20250514"), True),
        (target("anthropic", "claude-sonnet-4"), True),
        (target("anthropic", "claude-sonnet-4-6"), False),
        (target("anthropic", "claude-opus-4-10"), False),
        (target("anthropic", "claude-sonnet-5"), False),
        (target("anthropic", "claude-fable-5"), False),
        (target("anthropic", "glm-4.6"), False),
    ],
)
def test_the_text_is_the_beginning_of_its_answer_only_where_that_is_sure(to: Target, own: bool) -> None:
    continued, body = after(TEXT + " \n", to)
    assert (continued.lead is None) == own
    assert continued.said == TEXT + " \n"
    assert body["messages"][:2] == [USER, {"role": "assistant", "content": TEXT}]
    assert len(body["messages"]) == (2 if own else 3)


def test_who_is_asked_is_told_the_last_words() -> None:
    continued, body = after(TEXT, ANY)
    assert continued.lead == "times, it was the worst of ti"
    asked = body["messages"][-1]
    assert asked["role"] == "user"
    assert f"<last_words>{continued.lead}</last_words>" in asked["content"]


@pytest.mark.parametrize("text", ["Yes, b", "ha " * 40])
def test_short_texts_and_loops_are_asked_for(text: str) -> None:
    assert after(text, PREFIX)[0].lead is not None


@pytest.mark.parametrize("to", [PREFIX, ANY, OLD_CLAUDE])
@pytest.mark.parametrize("text", ["", " \n"])
def test_before_there_is_text_the_request_is_the_same(to: Target, text: str) -> None:
    continued, body = after(text, to, temperature=0.5)
    assert (continued.said, continued.lead) == (text, None)
    assert body["messages"] == [USER]
    assert body["max_tokens"] == 1000


def test_what_was_written_counts() -> None:
    _, body = after(TEXT, PREFIX)
    assert body["max_tokens"] == 1000 - tokens.of_text(TEXT)
    continued, body = after(TEXT, ANY)
    assert continued.lead
    assert body["max_tokens"] == 1000 - tokens.of_text(TEXT) + tokens.of_text(continued.lead)
    assert after(TEXT, PREFIX, max_tokens=3)[1]["max_tokens"] == 1


@pytest.mark.parametrize(
    ("content", "merged"),
    [
        ("Well: ", "Well: " + TEXT),
        (
            [{"type": "text", "text": "Well: ", "cache_control": {"type": "ephemeral"}}],
            [{"type": "text", "text": "Well: " + TEXT, "cache_control": {"type": "ephemeral"}}],
        ),
        (
            [{"type": "tool_use", "id": "t", "name": "f", "input": {}}],
            [{"type": "tool_use", "id": "t", "name": "f", "input": {}}, {"type": "text", "text": TEXT}],
        ),
        ([], [{"type": "text", "text": TEXT}]),
        (None, [{"type": "text", "text": TEXT}]),
        ("", TEXT),
    ],
)
@pytest.mark.parametrize("to", [PREFIX, ANY])
def test_what_the_client_put_first_and_the_answer_are_one_turn(to: Target, content: Any, merged: Any) -> None:
    continued, body = after(TEXT, to, messages=[USER, {"role": "assistant", "content": content}])
    assert body["messages"][1] == {"role": "assistant", "content": merged}
    assert continued.said == (f"Well: {TEXT}" if "Well" in str(content) else TEXT)
    assert [turn["role"] for turn in body["messages"][2:]] == (["user"] if continued.lead else [])


@pytest.mark.parametrize("to", [PREFIX, ANY])
def test_it_does_not_think(to: Target) -> None:
    _, body = after(TEXT, to, thinking={"type": "enabled", "budget_tokens": 1024})
    assert body["thinking"] == {"type": "disabled"}
    assert after(TEXT, to)[1]["thinking"] == {"type": "disabled"}


@pytest.mark.parametrize("text", [TEXT, ""])
def test_towards_those_who_are_relayed_to_thinking_is_not_mentioned(text: str) -> None:
    """Some of their models refuse to be told not to think, and none wants its thinking cleared without."""
    edits = [{"type": "clear_thinking_20251015"}, {"type": "clear_tool_uses_20250919"}]
    management = {"edits": edits, "x": 12345678901234567890123}
    _, body = after(text, OLD_CLAUDE, thinking={"type": "adaptive"}, context_management=management)
    assert "thinking" not in body
    assert body["context_management"] == {**management, "edits": edits[1:]}
    assert "thinking" not in after(text, OLD_CLAUDE)[1]


@pytest.mark.parametrize("to", [PREFIX, ANY, OLD_CLAUDE])
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"output_format": {"type": "json_schema", "schema": SCHEMA}}, json.dumps(SCHEMA)),
        (
            {"output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}}},
            json.dumps(SCHEMA),
        ),
        ({"output_format": {"type": "json_object"}}, "one JSON text"),
    ],
)
def test_json_is_asked_for_in_words(to: Target, fields: dict[str, Any], words: str) -> None:
    continued, body = after('{"n": 1, "some": "more of it"', to, **fields)
    assert continued.lead
    assert words in body["messages"][-1]["content"]
    assert "output_format" not in body
    assert body.get("output_config", {}) == {
        name: "low" for name in fields.get("output_config", {}) if name != "format"
    }


def test_all_else_stays_as_it_is() -> None:
    fields = {
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        "stop_sequences": ["END"],
        "output_config": {"effort": "low"},
        "new_field": {"n": 12345678901234567890123},
    }
    continued, body = after(TEXT, OLD_CLAUDE, **fields)
    assert {name: body[name] for name in fields} == fields
    assert continued.parsed.unknown == ("new_field",)


def test_a_request_without_a_limit_gets_none() -> None:
    parsed = parse(b'{"model":"m","messages":[{"role":"user","content":"x"}]}', counting=True)
    request: MessagesRequest = request_after(parsed, TEXT, ANY).parsed.request
    assert request.max_tokens is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("short", "short"),
        (" short ", "short"),
        ("Some words, and then more of them, and these", "then more of them, and these"),
        ("x" * 30 + " " + "y" * 30, "y" * 30),
        ("-" * 100, "-" * 24),
        ("漢" * 99 + "字", "漢" * 23 + "字"),
        # Further back, where nearer ones could be mistaken for another place.
        ("Now: one and two and three and four. And again: one and two and three and four", None),
    ],
)
def test_the_last_words(said: str, words: str | None) -> None:
    found = last_words(said)
    assert said.rstrip().endswith(found)
    if words is None:
        assert found.startswith("again: one")
    else:
        assert found == words


@given(st.text(st.sampled_from("ab .\n"), max_size=400))
def test_the_last_words_are_the_end_and_not_too_long(said: str) -> None:
    words = last_words(said)
    core = said.rstrip()
    assert core.endswith(words)
    assert bool(words) == bool(core)
    assert len(words) <= 240
    assert not words[:1].isspace()
    if len(core) > 24 and not loops(core):
        assert len(words) >= 1
