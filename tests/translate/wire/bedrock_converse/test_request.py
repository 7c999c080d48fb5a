"""Whole requests: where they go, sampling, what the administrator adds; and requests that count."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from ccproxy.errors import BadAnswer, ThreadUnsupported, Uncarriable
from ccproxy.translate.parse import Parsed, parse
from ccproxy.translate.wire.bedrock_converse import count, counted, encode
from tests.translate.wire.bedrock_converse.requests import (
    CLAUDE,
    GPT,
    LLAMA,
    NOVA,
    OTHER,
    PNG,
    TITAN,
    body,
    encoded,
    losses,
    request,
    target,
    tool,
    user,
)

ARN = "arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0"


@pytest.mark.parametrize(
    ("model", "fields", "path"),
    [
        (OTHER, {}, "/model/somebody.new-v1%3A0/converse"),
        (OTHER, {"stream": True}, "/model/somebody.new-v1%3A0/converse-stream"),
        (LLAMA, {"stream": True}, "/model/us.meta.llama4-maverick-17b-instruct-v1%3A0/converse-stream"),
        (LLAMA, {"stream": True, "tools": [tool()]}, "/model/us.meta.llama4-maverick-17b-instruct-v1%3A0/converse"),
        (ARN, {}, f"/model/{ARN.replace(':', '%3A').replace('/', '%2F')}/converse"),
    ],
)
def test_where_it_goes(model: str, fields: dict[str, Any], path: str) -> None:
    sent = encoded(request(**fields), model)
    assert (sent.method, sent.path) == ("POST", path)
    assert sent.headers == {"content-type": "application/json"}


def test_the_least_request() -> None:
    sent = body(request(), OTHER)
    assert sent == {
        "messages": [{"role": "user", "content": [{"text": "hello"}]}],
        "inferenceConfig": {"maxTokens": 3000},
    }


@pytest.mark.parametrize(
    ("model", "fields", "expected", "lost"),
    [
        (OTHER, {"max_tokens": 90000}, {"maxTokens": 90000}, []),
        (NOVA, {"max_tokens": 90000}, {"maxTokens": 65535}, ["max_tokens"]),
        (OTHER, {"max_tokens": 0}, {"maxTokens": 1}, []),
        (OTHER, {"temperature": 0.5, "top_p": 0.9}, {"maxTokens": 3000, "temperature": 0.5, "topP": 0.9}, []),
        (CLAUDE, {"temperature": 0.5, "top_p": 0.9}, {"maxTokens": 3000, "temperature": 0.5}, ["top_p"]),
        (CLAUDE, {"top_p": 0.9}, {"maxTokens": 3000, "topP": 0.9}, []),
        (GPT, {"temperature": 0.5, "top_p": 0.9}, {"maxTokens": 3000}, ["temperature", "top_p"]),
        (OTHER, {"top_k": 5}, {"maxTokens": 3000}, ["top_k"]),
    ],
)
def test_sampling(model: str, fields: dict[str, Any], expected: dict[str, Any], lost: list[str]) -> None:
    wish = request(**fields)
    assert body(wish, model)["inferenceConfig"] == expected
    assert losses(wish, model) == lost


@pytest.mark.parametrize(
    ("model", "expected"), [(CLAUDE, {"top_k": 5}), (NOVA, {"inferenceConfig": {"topK": 5}}), (OTHER, None)]
)
def test_top_k_is_the_models_own(model: str, expected: Any) -> None:
    assert body(request(top_k=5), model).get("additionalModelRequestFields") == expected


@pytest.mark.parametrize(
    ("model", "stream", "sent", "here", "asked"),
    [
        (CLAUDE, False, list("abcdef"), (), ["/stop_sequence"]),
        (CLAUDE, True, list("abcdef"), (), ["/delta/stop_sequence"]),
        (NOVA, False, list("abcd"), ("e", "f"), None),
        (TITAN, False, None, tuple("abcdef"), None),
    ],
)
def test_stop_sequences(model: str, stream: bool, sent: Any, here: tuple[str, ...], asked: Any) -> None:
    wish = request(stop_sequences=["a", "", *"bcdef"], stream=stream)
    assert body(wish, model)["inferenceConfig"].get("stopSequences") == sent
    assert body(wish, model).get("additionalModelResponseFieldPaths") == asked
    assert encoded(wish, model).local_stops == here


def test_what_only_anthropic_knows() -> None:
    wish = request(metadata={"user_id": "u"}, service_tier="auto", cache_control={"type": "ephemeral"})
    assert losses(wish) == ["cache_control", "metadata.user_id"]
    with pytest.raises(ThreadUnsupported):
        encoded(request(thread={"id": "t"}))
    with pytest.raises(Uncarriable, match=r"^container"):
        encoded(request(container={"id": "c"}))


def test_the_administrator_has_the_last_word() -> None:
    extra = {
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "additionalModelRequestFields": {"top_k": 9, "anthropic_beta": ["x"]},
        "inferenceConfig": None,
    }
    sent = body(request(top_k=5), extra_body=extra)
    assert sent["guardrailConfig"] == extra["guardrailConfig"]
    assert sent["additionalModelRequestFields"] == {"top_k": 9, "anthropic_beta": ["x"]}
    assert sent["inferenceConfig"] is None


def test_headers_are_the_targets() -> None:
    to = structs.replace(target(), headers={"x-team": "a"})
    assert encode(request(), to).headers == {"content-type": "application/json", "x-team": "a"}


def parsed(**fields: Any) -> Parsed:
    wish = {"model": "m", "messages": [user("hi")], **fields}
    return parse(json.dumps(wish).encode(), counting=True)


@pytest.mark.parametrize("model", [CLAUDE, ARN])
def test_counting_asks_for_the_model_and_no_profile(model: str) -> None:
    sent = count(parsed(system="Be kind.", tools=[tool()]), {}, target(model))
    assert sent is not None
    base = model.rpartition("/")[2].removeprefix("us.").replace(":", "%3A")
    assert (sent.method, sent.path) == ("POST", f"/model/{base}/count-tokens")
    converse = json.loads(sent.body)["input"]["converse"]
    assert set(converse) == {"messages", "system", "toolConfig"}


def test_what_is_not_counted() -> None:
    assert count(parsed(), {}, target(NOVA)) is None
    url = {**PNG, "source": {"type": "url", "url": "https://example.com/a.png"}}
    assert count(parsed(messages=[user(url)]), {}, target(CLAUDE)) is None


def test_the_count() -> None:
    assert counted(b'{"inputTokens":11}') == 11
    for answer in (b"", b"{}", b'{"inputTokens":"many"}', b"\xff"):
        with pytest.raises(BadAnswer):
            counted(answer)
