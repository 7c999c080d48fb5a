from __future__ import annotations

import struct
from base64 import b64encode
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.translate import tokens
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.parse import parse
from tests.translate.recorded_prompts import Prompt, prompts, spread

COUNTERS = [tokens.estimate, tokens.count]


def request(*content: Any, **fields: Any) -> MessagesRequest:
    body = {"model": "a/b", "messages": [{"role": "user", "content": list(content)}], **fields}
    return parse(msgspec.json.encode(body), counting=True).request


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def png(width: int, height: int) -> dict[str, Any]:
    data = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + b"\x00" * 5000
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": b64encode(data).decode()}}


@pytest.fixture(scope="module")
def recorded(shared: Path) -> list[Prompt]:
    found = list(prompts(shared / "wire" / "recorded"))
    assert len(found) > 1000
    return found


def test_the_count_is_within_a_fifth_of_what_providers_counted(recorded: list[Prompt]) -> None:
    assert spread(tokens.count, recorded).median <= 0.20


def test_the_estimate_is_within_30_percent_of_what_providers_counted(recorded: list[Prompt]) -> None:
    assert spread(tokens.estimate, recorded).median <= 0.30


def test_the_providers_with_most_recordings_are_each_within_reach(recorded: list[Prompt]) -> None:
    for provider in ("openrouter", "openai", "mistral", "groq", "deepseek"):
        of_provider = [prompt for prompt in recorded if prompt.provider == provider]
        assert spread(tokens.count, of_provider).median <= 0.20, provider
        assert spread(tokens.estimate, of_provider).median <= 0.30, provider


# counted with OpenAI's cl100k vocabulary
@pytest.mark.parametrize(
    ("words", "known"),
    [
        ("The quick brown fox jumps over the lazy dog.", 10),
        ("def add(left: int, right: int) -> int:\n    return left + right\n", 19),
        ('{"name":"get_weather","input":{"city":"Paris","unit":"celsius"}}', 17),
        ("2024-01-15T12:34:56", 12),
        ("I don't think that's right, do you?\n\nWell...", 13),
        ("https://example.com/path/to/file.html?x=1", 12),
        ("", 0),
    ],
)
def test_pieces_of_a_text_are_about_its_tokens(words: str, known: int) -> None:
    assert tokens.of_text(words) == pytest.approx(known, rel=0.25, abs=1)


@pytest.mark.parametrize(
    ("words", "least", "most"),
    [
        ("在公司的网络环境中，每个人都希望能够安全地访问模型。", 15, 30),
        ("このプログラムはリクエストを受け取ります。", 8, 22),
        ("이 프로그램은 클라이언트의 요청을 받아", 10, 25),
        ("Эта программа принимает запросы от клиентов", 8, 18),
        ("البرنامج يستقبل الطلبات", 6, 18),
    ],
)
def test_other_scripts_take_more_tokens_a_character(words: str, least: int, most: int) -> None:
    assert least <= tokens.of_text(words) <= most
    assert least / 2 <= tokens.estimate(request(text(words))) <= most * 2 + 6


def test_a_very_long_text_is_sampled() -> None:
    words = "The quick brown fox jumps over the lazy dog. "
    assert tokens.of_text(words * 50_000) == pytest.approx(500 * tokens.of_text(words * 100), rel=0.01)


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_longer_text_has_no_fewer_tokens(first: str, second: str) -> None:
    assert tokens.of_text(first) <= tokens.of_text(first + "\n\n" + second) + 1
    assert tokens.of_text(first) <= len(first)


SOURCE = {"type": "base64", "media_type": "application/pdf", "data": "A" * 40_000}


@pytest.mark.parametrize("counter", COUNTERS)
@pytest.mark.parametrize(
    ("block", "least", "most"),
    [
        (text("word " * 100), 80, 140),
        ({"type": "thinking", "thinking": "word " * 100, "signature": "x" * 1000}, 80, 140),
        ({"type": "redacted_thinking", "data": "x" * 1000}, 0, 0),
        ({"type": "tool_use", "id": "a", "name": "get", "input": {"word": "word " * 100}}, 90, 150),
        ({"type": "tool_result", "tool_use_id": "a", "content": "word " * 100}, 80, 140),
        ({"type": "tool_result", "tool_use_id": "a", "content": [text("word " * 100)]}, 80, 140),
        ({"type": "tool_result", "tool_use_id": "a"}, 1, 10),
        ({"type": "tool_reference", "tool_name": "get_weather"}, 1, 5),
        ({"type": "search_result", "source": "a", "title": "b", "content": [text("word " * 100)]}, 80, 140),
        ({"type": "document", "source": {"type": "text", "data": "word " * 100}}, 80, 140),
        ({"type": "document", "source": {"type": "content", "content": "word " * 100}}, 80, 140),
        ({"type": "document", "source": {"type": "content", "content": [text("word " * 100)]}}, 80, 140),
        ({"type": "document", "source": SOURCE}, 500, 2000),
        ({"type": "document", "source": {"type": "url", "url": "http://x/y.pdf"}}, 20, 100),
        ({"type": "image", "source": {"type": "url", "url": "http://x/y.png"}}, 300, 1600),
        (png(1000, 1000), 500, 1600),
        ({"type": "hologram", "data": "x" * 1000}, 0, 0),
    ],
)
def test_each_block_weighs_what_reaches_the_model(counter: Any, block: dict[str, Any], least: int, most: int) -> None:
    weight = counter(request(block)) - counter(request())
    assert least <= weight <= most


@pytest.mark.parametrize(
    ("width", "height", "least", "most"),
    [(28, 28, 1, 1), (280, 280, 100, 100), (1568, 1568, 1600, 1600), (20_000, 200, 50, 60), (0, 0, 700, 700)],
)
def test_an_image_is_counted_by_its_patches(width: int, height: int, least: int, most: int) -> None:
    weight = tokens.count(request(png(width, height))) - tokens.count(request())
    assert least <= weight <= most


@pytest.mark.parametrize("counter", COUNTERS)
def test_a_small_image_is_cheap_even_if_its_size_cannot_be_read(counter: Any) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    assert counter(request({"type": "image", "source": source})) < 100


@pytest.mark.parametrize("counter", COUNTERS)
def test_everything_around_the_messages_counts_too(counter: Any) -> None:
    schema = {"type": "object", "properties": {f"field_{n}": {"type": "string"} for n in range(20)}}
    bare = counter(request(text("x")))
    assert counter(request(text("x"), system="word " * 100)) > bare + 80
    assert counter(request(text("x"), system=[text("word " * 100)])) > bare + 80
    tool = {"name": "get", "description": "word " * 50, "input_schema": schema}
    assert counter(request(text("x"), tools=[tool])) > bare + 200
    assert counter(request(text("x"), tools=[{"name": "get", "input_schema": {}}])) < bare + 130
    assert counter(request(text("x"), tools=[{"type": "bash_20250124", "name": "bash"}])) > bare + 200
    wanted = {"type": "json_schema", "schema": schema}
    assert counter(request(text("x"), output_config={"format": wanted})) > bare + 100
    assert counter(request(text("x"), output_format=wanted)) > bare + 100
    assert counter(request(text("x"), output_config={"effort": "low"})) == bare


@pytest.mark.parametrize("counter", COUNTERS)
def test_the_upstreams_model_decides_where_it_is_given(counter: Any) -> None:
    plain = request(text("x"))
    assert counter(plain, "groq/llama-3.1-8b") > counter(plain, "openai/gpt-5")
    assert counter(plain, "a/b") == counter(plain)


def test_blanks_and_escapes_in_json_do_not_count() -> None:
    call = b'{"type":"tool_use","id":"a","name":"b","input":%s}'
    body = b'{"model":"a","messages":[{"role":"assistant","content":[%s]}]}'
    plain = tokens.count(parse(body % (call % b'{"a":"x"}'), counting=True).request)
    for same in (b'{\n    "a" : "x"\n}', rb'{"a":"\u0078"}'):
        assert tokens.count(parse(body % (call % same), counting=True).request) == plain


def test_json_that_cannot_be_read_again_is_counted_as_it_stands() -> None:
    block = b'{"type":"tool_use","id":"a","name":"b","input":{"a":1e999}}'
    sent = b'{"model":"a","messages":[{"role":"assistant","content":[%s]}]}' % block
    assert tokens.count(parse(sent, counting=True).request) > 0


@pytest.mark.parametrize(
    ("body", "least", "most"),
    [
        (b"", 1.0, 1.0),
        (b"words and more words, as people write them. " * 200, 1.0, 1.1),
        (b"0123456789" * 9, 3.0, 3.0),
        (b'{"a":[1,2,{"b":3}]},' * 500, 2.0, 3.0),
        (b"x" * 100_000 + b"7", 1.0, 1.01),
    ],
)
def test_samples_tell_how_dense_a_request_is(body: bytes, least: float, most: float) -> None:
    assert least <= tokens.density(body) <= most
