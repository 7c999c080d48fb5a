"""Usage: where it stands, what it means, and what is said without it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ccproxy.translate.wire.openai_chat import StreamDecoder
from ccproxy.translate.wire.openai_chat.chunks import UsageBody
from ccproxy.translate.wire.openai_chat.usage import estimated, usage
from tests.translate.contexts import context
from tests.translate.grammar import check
from tests.translate.wire.openai_chat.streams import DONE, USAGE, call, chunk, ended, event, said, text


class TestUsage:
    @pytest.mark.parametrize(
        "data",
        [
            text("a") + chunk({}, "stop", top={"usage": USAGE}) + DONE,
            text("a") + chunk({}, "stop") + event({"choices": [], "usage": USAGE}) + DONE,
            text("a") + chunk({}, "stop") + chunk({}, "stop", top={"usage": USAGE}) + DONE,
            text("a") + chunk({}, "stop", top={"x_groq": {"id": "r", "usage": USAGE}}) + DONE,
            text("a") + chunk({}, "stop", usage=USAGE) + DONE,
            chunk({"content": "a"}, top={"usage": USAGE | {"completion_tokens": 1}})
            + chunk({}, "stop", top={"usage": USAGE}),
            chunk({"content": "a"}, "stop", top={"usage": USAGE}) + chunk({}, None, top={"usage": None}) + DONE,
            event({"choices": [], "usage": USAGE}) + text("a") + chunk({}, "stop") + DONE,
        ],
    )
    def test_wherever_it_stands(self, data: bytes) -> None:
        usage = said(data).usage
        assert (usage["input_tokens"], usage["output_tokens"]) == (20, 5)

    def test_missing_usage_is_estimated(self) -> None:
        decoder = StreamDecoder(context())
        found = decoder.feed(text("abcdefgh", "ijklmnop") + chunk({}, "stop") + DONE)
        end = check(found).usage
        assert (end["input_tokens"], end["output_tokens"]) == (11, 4)
        assert decoder.usage_estimated
        assert decoder.usage.estimated is not True

    def test_it_can_be_read_at_any_time(self) -> None:
        decoder = StreamDecoder(context())
        assert (decoder.usage.input_tokens, decoder.usage.output_tokens, decoder.usage_estimated) == (11, 0, True)
        decoder.feed(text("abcd") + chunk(call("[1]", name="f")))
        assert decoder.usage.output_tokens == 2
        decoder.feed(event({"choices": [], "usage": USAGE}))
        assert (decoder.usage.input_tokens, decoder.usage_estimated, decoder.stop_reason) == (20, False, None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # prompt, read, written, output, thinking
        ({}, (0, 0, 0, 0, 0)),
        ({"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}, (20, 0, 0, 5, 0)),
        ({"prompt_tokens": 20, "prompt_tokens_details": {"cached_tokens": 15}}, (5, 15, 0, 0, 0)),
        (
            {"prompt_tokens": 20, "prompt_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 4}},
            (6, 10, 4, 0, 0),
        ),
        ({"prompt_tokens": 20, "cached_tokens": 15}, (5, 15, 0, 0, 0)),
        ({"prompt_tokens": 20, "prompt_tokens_details": {"cached_tokens": 0}, "cached_tokens": 15}, (5, 15, 0, 0, 0)),
        ({"prompt_tokens": 20, "prompt_cache_hit_tokens": 15, "prompt_cache_miss_tokens": 5}, (5, 15, 0, 0, 0)),
        ({"prompt_tokens": 20, "num_cached_tokens": 15}, (5, 15, 0, 0, 0)),
        ({"prompt_tokens": 20, "cache_read_input_tokens": 15, "cache_creation_input_tokens": 2}, (3, 15, 2, 0, 0)),
        (
            {"prompt_tokens": 20, "prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 3}},
            (0, 20, 0, 0, 0),
        ),
        ({"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}, (0, 0, 0, 9, 7)),
        ({"completion_tokens": 9, "reasoning_tokens": 7}, (0, 0, 0, 9, 7)),
        # reasoning that is only in the total
        (
            {
                "prompt_tokens": 20,
                "completion_tokens": 5,
                "total_tokens": 75,
                "completion_tokens_details": {"reasoning_tokens": 50},
            },
            (20, 0, 0, 55, 50),
        ),
        # the prompt's audio that is only in the total
        (
            {
                "prompt_tokens": 11,
                "completion_tokens": 15,
                "total_tokens": 401,
                "prompt_tokens_details": {"audio_tokens": 375},
            },
            (11, 0, 0, 15, 0),
        ),
        ({"completion_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 9}}, (0, 0, 0, 3, 3)),
        ({"prompt_tokens": -1, "completion_tokens": None}, (0, 0, 0, 0, 0)),
    ],
)
def test_counts(body: dict[str, Any], expected: tuple[int, ...]) -> None:
    found = usage(msgspec.convert(body, UsageBody))
    assert (
        found.input_tokens,
        found.cache_read_input_tokens,
        found.cache_creation_input_tokens,
        found.output_tokens,
        found.output_tokens_details.thinking_tokens,
    ) == expected
    assert found.cache_creation.ephemeral_5m_input_tokens == expected[2]


@pytest.mark.parametrize(("characters", "tokens"), [(0, 0), (1, 1), (4, 1), (5, 2)])
def test_an_estimate_by_length(characters: int, tokens: int) -> None:
    found = estimated(7, characters)
    assert (found.input_tokens, found.output_tokens) == (7, tokens)


def test_usage_that_comes_before_the_first_word_is_what_the_answer_begins_with() -> None:
    counts = {"prompt_tokens": 20, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 15}}
    started = said(chunk({"content": "a"}, top={"usage": counts}) + ended()).message["usage"]
    assert (started["input_tokens"], started["cache_read_input_tokens"], started["output_tokens"]) == (5, 15, 0)


@pytest.mark.parametrize("counts", [{"prompt_tokens": 0, "completion_tokens": 0}, {}])
def test_usage_that_says_nothing_is_none(counts: dict[str, Any]) -> None:
    placeholder = chunk({"content": "abcd"}, top={"usage": counts})
    assert said(placeholder + ended()).message["usage"]["input_tokens"] == 11
    assert said(placeholder + chunk({}, "stop", top={"usage": USAGE}) + placeholder).usage["input_tokens"] == 20
    end = said(placeholder + chunk({}, "stop")).usage
    assert (end["input_tokens"], end["output_tokens"]) == (11, 1)


def test_usage_without_a_prompt_count_leaves_the_estimate_at_the_start() -> None:
    data = chunk({"content": "a"}, top={"usage": {"completion_tokens": 3}}) + chunk({}, "stop")
    found = said(data)
    assert (found.message["usage"]["input_tokens"], found.usage["output_tokens"]) == (11, 3)
