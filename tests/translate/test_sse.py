"""The decoder for server-sent events: one table, run whole, byte by byte and at random cuts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.errors import BadAnswer
from ccproxy.translate.sse import SSEDecoder

CASES: list[tuple[str, bytes, list[tuple[bytes, bytes]]]] = [
    ("nothing", b"", []),
    ("one event", b"data: a\n\n", [(b"", b"a")]),
    ("no space after the colon", b"data:a\n\n", [(b"", b"a")]),
    ("only one space is taken", b"data:  a \n\n", [(b"", b" a ")]),
    ("a named event", b"event: error\ndata: a\n\n", [(b"error", b"a")]),
    ("the name holds for one event", b"event:x\ndata: a\n\ndata: b\n\n", [(b"x", b"a"), (b"", b"b")]),
    ("the name may follow the data", b"data: a\nevent: x\n\n", [(b"x", b"a")]),
    ("an event without data", b"event: x\n\ndata: b\n\n", [(b"", b"b")]),
    ("data of several lines", b"data: a\ndata: b\ndata:\n\n", [(b"", b"a\nb\n")]),
    ("empty data", b"data:\n\n", [(b"", b"")]),
    ("CRLF", b"event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", [(b"x", b"a"), (b"", b"b")]),
    ("CR alone", b"data: a\r\rdata: b\r\r", [(b"", b"a"), (b"", b"b")]),
    ("mixed line ends", b"data: a\r\n\ndata: b\n\r\n", [(b"", b"a"), (b"", b"b")]),
    ("comments and blank lines", b": ping\n\n\n:\ndata: a\n: x\n\n", [(b"", b"a")]),
    ("other fields", b"id: 1\nretry: 5\nfoo\ndata: a\n\n", [(b"", b"a")]),
    ("a byte order mark", b"\xef\xbb\xbfdata: a\n\n", [(b"", b"a")]),
    ("only the first mark counts", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [(b"", b"b")]),
    ("UTF-8", "data: héé…😀\u2028x\n\n".encode(), [(b"", "héé…😀\u2028x".encode())]),
    ("no blank line at the end", b"data: a\n\ndata: b\n", [(b"", b"a"), (b"", b"b")]),
    ("no line end at the end", b"data: a\n\ndata: b", [(b"", b"a"), (b"", b"b")]),
    ("a CR at the end", b"data: a\r", [(b"", b"a")]),
    ("half a mark", b"\xef\xbb", []),
    ("not server-sent events at all", b'{"error": "no"}', []),
]

IDS = [case[0] for case in CASES]


def decoded(pieces: list[bytes]) -> list[tuple[bytes, bytes]]:
    decoder = SSEDecoder()
    found = [event for piece in pieces for event in decoder.feed(piece)]
    return found + decoder.close()


@pytest.mark.parametrize(("name", "data", "events"), CASES, ids=IDS)
def test_whole(name: str, data: bytes, events: list[tuple[bytes, bytes]]) -> None:
    assert decoded([data]) == events


@pytest.mark.parametrize(("name", "data", "events"), CASES, ids=IDS)
def test_byte_by_byte(name: str, data: bytes, events: list[tuple[bytes, bytes]]) -> None:
    assert decoded([bytes([byte]) for byte in data]) == events


@settings(deadline=None)
@given(case=st.sampled_from(CASES), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_at_random_cuts(case: tuple[str, bytes, list[tuple[bytes, bytes]]], cuts: list[int]) -> None:
    _, data, events = case
    places = sorted(min(cut, len(data)) for cut in cuts)
    pieces = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
    assert decoded(pieces) == events


@settings(deadline=None)
@given(
    data=st.lists(st.sampled_from([b"data: x", b"event: e", b"\n", b"\r", b"\r\n", b":c", b"y"])),
    cut=st.integers(0, 40),
)
def test_a_cut_changes_nothing(data: list[bytes], cut: int) -> None:
    whole = b"".join(data)
    assert decoded([whole[:cut], whole[cut:]]) == decoded([whole])


def test_an_event_comes_with_its_last_byte() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\n") == [(b"", b"a")]


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: " + b"x" * 200],
        [b"data: " + b"x" * 50, b"x" * 60],
        [b"data: " + b"x" * 60 + b"\n", b"data: " + b"x" * 60 + b"\n"],
        [b"data: x\n\n" * 5 + b"data: " + b"x" * 200],
    ],
)
def test_an_endless_event_is_refused(pieces: list[bytes]) -> None:
    decoder = SSEDecoder(limit=100)
    with pytest.raises(BadAnswer, match="100 bytes"):
        list(map(decoder.feed, pieces))


def test_the_limit_is_for_one_event() -> None:
    decoder = SSEDecoder(limit=100)
    assert len([event for _ in range(50) for event in decoder.feed(b"data: " + b"x" * 60 + b"\n\n")]) == 50
