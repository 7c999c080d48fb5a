"""The load generator's judgement: a whole answer passes, and no broken one does."""

from __future__ import annotations

import pytest

from bench.check import Checker, Faulty, unchunked
from bench.wire import Profile, completion, stream, words

WORDS = 5


def anthropic(texts: list[str]) -> list[bytes]:
    """The events of a good stream."""
    deltas = [
        "event: content_block_delta\n"
        f'data: {{"type":"content_block_delta","delta":{{"type":"text_delta","text":"{text}"}}}}'
        for text in texts
    ]
    events = [
        'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1"}}',
        'event: content_block_start\ndata: {"type":"content_block_start","content_block":{"type":"text","text":""}}',
        *deltas,
        'event: content_block_stop\ndata: {"type":"content_block_stop"}',
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}',
        'event: message_stop\ndata: {"type":"message_stop"}',
    ]
    return [event.encode() + b"\n\n" for event in events]


def chunked(parts: list[bytes]) -> bytearray:
    return bytearray(b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""]))


GOOD = anthropic(words(WORDS))


def test_a_good_stream() -> None:
    assert Checker(WORDS).stream(chunked(GOOD), 0) == len(GOOD)


def test_good_streams_may_be_cut_into_chunks_anyhow_and_have_other_ids() -> None:
    checker = Checker(WORDS)
    checker.stream(chunked(GOOD), 0)
    other = b"".join(GOOD).replace(b"msg_1", b"msg_2")
    assert checker.stream(chunked([other[:99], other[99:]]), 0) == len(GOOD)


def test_a_ping_is_no_fault() -> None:
    checker = Checker(WORDS)
    ping = b'event: ping\ndata: {"type":"ping"}\n\n'
    assert checker.stream(chunked([*GOOD[:3], ping, *GOOD[3:]]), 0) == len(GOOD) + 1
    assert checker.stream(chunked(GOOD), 0) == len(GOOD)


def test_a_good_chat_stream() -> None:
    raw = bytearray(b"".join(stream(Profile(WORDS))))
    events = 1 + WORDS + 3
    assert Checker(WORDS).stream(raw, raw.index(b"\r\n\r\n") + 4) == events


BROKEN = {
    "a word missing": anthropic(words(WORDS)[:-1]),
    "a word twice": anthropic([*words(WORDS), "w0004 "]),
    "out of order": anthropic(["w0001 ", "w0000 ", *words(WORDS)[2:]]),
    "no message_stop": GOOD[:-1],
    "something after it": [*GOOD, b"data: [DONE]\n\n"],
    "two message_stops": [*GOOD, GOOD[-1]],
    "two message_starts": [GOOD[0], *GOOD],
    "no message_start": GOOD[1:],
    "an error": [*GOOD[:-1], b'event: error\ndata: {"type":"error"}\n\n', GOOD[-1]],
    "nothing": [],
}


@pytest.mark.parametrize("events", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("known", [False, True])
def test_broken_streams(events: list[bytes], known: bool) -> None:
    checker = Checker(WORDS)
    if known:
        checker.stream(chunked(GOOD), 0)
    with pytest.raises(Faulty):
        checker.stream(chunked(events), 0)


def test_another_first_event_before_a_known_rest() -> None:
    checker = Checker(WORDS)
    checker.stream(chunked(GOOD), 0)
    with pytest.raises(Faulty, match="first event"):
        checker.stream(chunked([b"event: ping\ndata: {}\n\n", *GOOD[1:]]), 0)


@pytest.mark.parametrize("raw", [b"zz\r\n", b"", b"3\r\nabcdef\r\n0\r\n\r\n", b"5\r\nab"])
def test_bad_framing(raw: bytes) -> None:
    with pytest.raises(Faulty):
        unchunked(bytearray(raw), 0)


def test_json() -> None:
    good = bytearray(completion(Profile(WORDS)))
    at = good.index(b"\r\n\r\n") + 4
    Checker(WORDS).json(good, at)
    with pytest.raises(Faulty, match="words"):
        Checker(WORDS + 1).json(good, at)
    with pytest.raises(Faulty, match="stop reason"):
        Checker(WORDS).json(good.replace(b"finish_reason", b"finished"), at)


def test_events_of_an_unfinished_stream() -> None:
    assert Checker(WORDS).events(chunked(GOOD[:4])) == 4
