"""Streams: how they begin, end and fail."""

from __future__ import annotations

import json

import pytest

from ccproxy.errors import BadAnswer, Truncated, UpstreamRefused
from ccproxy.translate.wire.bedrock_converse import StreamDecoder
from tests.translate.wire.bedrock_converse.reference import event, frame
from tests.translate.wire.bedrock_converse.streams import (
    USAGE,
    begun,
    call,
    context,
    delta,
    ended,
    exception,
    read,
    said,
    stop,
    text,
    told,
    whole,
)

HELLO = event("messageStart", role="assistant", p="abc")


def test_a_stream() -> None:
    found = said(whole(text("Hel"), text("lo"), stop()))
    assert (found.text, found.stop_reason) == ("Hello", "end_turn")
    assert (found.usage["input_tokens"], found.usage["output_tokens"]) == (10, 5)
    assert found.message["usage"]["input_tokens"] == 11


def test_nothing_is_told_before_something_was_said() -> None:
    decoder = StreamDecoder(context())
    assert decoder.feed(b"") == []
    assert decoder.feed(HELLO) == []
    assert decoder.feed(text("")) == []
    assert len(decoder.feed(text("a"))) == 3
    assert (decoder.stop_reason, decoder.usage_estimated, decoder.done) == (None, True, False)


def test_the_end_comes_with_the_usage() -> None:
    decoder = StreamDecoder(context())
    decoder.feed(HELLO + text("a") + ended())
    assert not decoder.done
    assert decoder.feed(told() + b"whatever")
    assert (decoder.done, decoder.stop_reason, decoder.usage_estimated) == (True, "end_turn", False)
    assert decoder.usage.input_tokens == 10
    assert decoder.close() == []


@pytest.mark.parametrize("last", [ended(), ended() + frame({}, **{":event-type": "metadata"}), told() + ended()])
def test_an_end_without_usage_in_its_place(last: bytes) -> None:
    assert said(HELLO + text("abcdefgh") + last).text == "abcdefgh"


def test_usage_is_estimated_where_none_came() -> None:
    decoder = StreamDecoder(context())
    events = decoder.feed(text("abcdefgh") + ended()) + decoder.close()
    assert read(events).usage["output_tokens"] == 2
    assert decoder.usage_estimated


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "before the answer had begun"),
        (HELLO, "before the answer had begun"),
        (HELLO + text("a"), "after the answer had begun"),
        (HELLO + text("a") + stop() + told(), "after the answer had begun"),
        (HELLO + text("a") + ended()[:-1], "after the answer had begun"),
    ],
)
def test_a_cut(data: bytes, words: str) -> None:
    decoder = StreamDecoder(context())
    decoder.feed(data)
    with pytest.raises(Truncated, match=words):
        decoder.close()


@pytest.mark.parametrize(
    ("name", "status", "type"),
    [
        ("throttlingException", 429, "rate_limit_error"),
        ("modelStreamErrorException", 500, "api_error"),
        ("internalServerException", 500, "api_error"),
        ("serviceUnavailableException", 529, "overloaded_error"),
        ("validationException", 400, "invalid_request_error"),
        ("modelTimeoutException", 504, "timeout_error"),
        ("accessDeniedException", 403, "permission_error"),
        ("somethingNew", 500, "api_error"),
    ],
)
@pytest.mark.parametrize("kind", ["exception", "error"])
def test_exceptions(name: str, status: int, type: str, kind: str) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        StreamDecoder(context()).feed(HELLO + exception(name, kind=kind))
    error = caught.value
    assert (error.status, error.type, error.code, error.message) == (status, type, name, "no")


def test_an_error_may_tell_its_words_in_a_header() -> None:
    with pytest.raises(UpstreamRefused, match="too many"):
        StreamDecoder(context()).feed(
            frame({}, **{":message-type": "error", ":error-code": "Throttling", ":error-message": "too many"})
        )


def test_a_prompt_that_is_too_long() -> None:
    with pytest.raises(UpstreamRefused, match=r"^prompt is too long: 9 tokens > 8 maximum$"):
        StreamDecoder(context()).feed(
            exception("validationException", "The model returned the following errors: prompt is too long: "
                      "9 tokens > 8 maximum")
        )  # fmt: skip


def test_what_was_said_before_an_exception_is_told_first() -> None:
    decoder = StreamDecoder(context())
    decoder.feed(text("a"))
    assert len(decoder.feed(text("b") + exception("throttlingException"))) == 1
    assert isinstance(decoder.failure, UpstreamRefused)
    early = StreamDecoder(context())
    with pytest.raises(UpstreamRefused):
        early.feed(text("a") + exception("throttlingException"))


def test_what_was_said_before_nonsense_is_told_first() -> None:
    decoder = StreamDecoder(context())
    decoder.feed(text("a"))
    assert len(decoder.feed(text("b") + b"x" * 30)) == 1
    assert isinstance(decoder.failure, BadAnswer)
    with pytest.raises(BadAnswer, match="checksum"):
        StreamDecoder(context()).feed(b"x" * 30)


def test_a_failure_as_a_stop_reason() -> None:
    with pytest.raises(UpstreamRefused, match="could not read"):
        StreamDecoder(context()).feed(whole(call(), reason="malformed_tool_use"))


def test_a_body_in_place_of_a_stream() -> None:
    body = json.dumps(
        {"output": {"message": {"content": [{"text": "Hi"}]}}, "stopReason": "end_turn", "usage": USAGE}
    ).encode()
    assert said(body).text == "Hi"
    with pytest.raises(UpstreamRefused, match="not today"):
        said(b'{"message": "not today"}')


def test_an_endless_body() -> None:
    decoder = StreamDecoder(context())
    decoder.feed(b"{")
    with pytest.raises(BadAnswer, match="endless"):
        decoder.feed(b" " * (16 * 1024 * 1024))


def test_events_that_say_nothing() -> None:
    empty = [
        begun(),
        event("contentBlockStart", contentBlockIndex=0),
        event("contentBlockDelta", contentBlockIndex=0),
        delta(),
        delta(image={"source": {}}),
        event("somethingNew", words="x"),
        frame({}, **{":message-type": "event"}),
    ]
    assert said(whole(*empty, text("a"), stop())).text == "a"


def test_fields_of_wrong_types_cost_no_answer() -> None:
    odd = event("contentBlockDelta", contentBlockIndex="x", delta={"text": "a", "citation": 5})
    assert said(whole(odd)).text == "a"
    with pytest.raises(BadAnswer):
        StreamDecoder(context()).feed(frame([], **{":event-type": "contentBlockDelta"}))


def test_an_image_is_told() -> None:
    assert said(whole(begun(0, image={"format": "png"}), delta(0, image={}))).text == (
        "[an image that cannot be shown here]"
    )


@pytest.mark.parametrize("parts", [("a\ud83d", "\ude00b"), ("a", "\ud83d", "\ude00", "b")])
def test_a_character_of_which_two_events_have_one_half_each(parts: tuple[str, ...]) -> None:
    assert said(whole(*map(text, parts), stop())).text == "a😀b"
    pieces = ('{"a":"', *parts, '"}')
    assert said(whole(call(0, *pieces), reason="tool_use")).tools == [("look", {"a": "a😀b"})]
