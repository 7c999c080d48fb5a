"""The decoder for AWS event streams: frames built here, whole, at every cut, and each way to break them."""

from __future__ import annotations

import base64
import struct
from pathlib import Path
from zlib import crc32

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.errors import BadAnswer
from ccproxy.translate.eventstream import EventStream, Frame

TYPE = ":event-type"


def string(name: str, value: str) -> bytes:
    """A header that is a string."""
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value.encode())) + value.encode()


def other(name: str, kind: int, value: bytes) -> bytes:
    """A header of another type, `value` with its own length where the type has one."""
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def frame(headers: bytes, payload: bytes) -> bytes:
    """A frame with right sums."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return body + struct.pack(">I", crc32(body))


def decoded(pieces: list[bytes]) -> list[Frame]:
    stream = EventStream()
    found = [one for piece in pieces for one in stream.feed(piece)]
    assert not stream.unfinished
    return found


OF_ALL_TYPES = (
    other("t", 0, b"")
    + other("f", 1, b"")
    + other("byte", 2, b"\x01")
    + other("short", 3, b"\x00\x01")
    + other("int", 4, b"\x00\x00\x00\x01")
    + other("long", 5, b"\x00" * 8)
    + other("bytes", 6, b"\x00\x03abc")
    + string("s", "é")
    + other("time", 8, b"\x00" * 8)
    + other("uuid", 9, b"\x00" * 16)
    + string("last", "")
)

CASES: list[tuple[str, bytes, list[Frame]]] = [
    ("nothing", b"", []),
    ("no headers, no payload", frame(b"", b""), [({}, b"")]),
    ("a payload", frame(b"", b"abc"), [({}, b"abc")]),
    ("a header", frame(string(TYPE, "x"), b"{}"), [({TYPE: "x"}, b"{}")]),
    ("only strings are told", frame(OF_ALL_TYPES, b"1"), [({"s": "é", "last": ""}, b"1")]),
    (
        "several",
        frame(string(TYPE, "a"), b"1") + frame(string(TYPE, "b"), b"") + frame(string(TYPE, "a"), b"3"),
        [({TYPE: "a"}, b"1"), ({TYPE: "b"}, b""), ({TYPE: "a"}, b"3")],
    ),
]
IDS = [case[0] for case in CASES]


@pytest.mark.parametrize(("name", "data", "frames"), CASES, ids=IDS)
def test_whole(name: str, data: bytes, frames: list[Frame]) -> None:
    assert decoded([data]) == frames


@pytest.mark.parametrize(("name", "data", "frames"), CASES, ids=IDS)
def test_byte_by_byte(name: str, data: bytes, frames: list[Frame]) -> None:
    assert decoded([bytes([byte]) for byte in data]) == frames


@pytest.mark.parametrize(("name", "data", "frames"), CASES, ids=IDS)
def test_at_every_cut(name: str, data: bytes, frames: list[Frame]) -> None:
    for cut in range(len(data) + 1):
        assert decoded([data[:cut], data[cut:]]) == frames


@settings(deadline=None)
@given(
    payloads=st.lists(st.binary(max_size=40), max_size=5),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
def test_at_random_cuts(payloads: list[bytes], cuts: list[int]) -> None:
    data = b"".join(frame(string(TYPE, str(n % 2)), payload) for n, payload in enumerate(payloads))
    places = sorted(min(cut, len(data)) for cut in cuts)
    pieces = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
    assert decoded(pieces) == [({TYPE: str(n % 2)}, payload) for n, payload in enumerate(payloads)]


def test_more_kinds_of_headers_than_are_remembered() -> None:
    data = b"".join(frame(string(TYPE, str(n % 50)), b"") for n in range(100))
    assert decoded([data]) == [({TYPE: str(n % 50)}, b"") for n in range(100)]


def test_a_frame_comes_with_its_last_byte() -> None:
    stream = EventStream()
    data = frame(b"", b"abc")
    assert stream.feed(data[:-1]) == []
    assert stream.unfinished
    assert stream.feed(data[-1:]) == [({}, b"abc")]
    assert not stream.unfinished


GOOD = frame(string(TYPE, "x"), b"payload")


@pytest.mark.parametrize("at", range(len(GOOD)))
def test_each_flipped_byte_is_noticed(at: int) -> None:
    bad = GOOD[:at] + bytes([GOOD[at] ^ 0x10]) + GOOD[at + 1 :]
    with pytest.raises(BadAnswer, match="checksum"):
        EventStream().feed(bad)


def _prelude(size: int, headers: int) -> bytes:
    prelude = struct.pack(">II", size, headers)
    return prelude + struct.pack(">I", crc32(prelude))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"message":"no stream"}', "checksum"),
        (b"<html><body>proxy</body></html>", "checksum"),
        (_prelude(15, 0), "impossible length"),
        (_prelude(20, 5), "impossible length"),
        (_prelude(1 << 30, 0), "more than"),
        (frame(b"\x05ab", b""), "headers"),
        (frame(b"\x01a", b""), "headers"),
        (frame(b"\x01a\x07\x00", b""), "headers"),
        (frame(b"\x01a\x07\x00\x09abc", b""), "no end"),
        (frame(b"\x01a\x05abc", b""), "no end"),
        (frame(b"\x01a\x2aabc", b""), "headers"),
        (frame(b"\x01\xff\x07\x00\x00", b""), "headers"),
        (frame(b"\x01a\x07\x00\x01\xff", b""), "headers"),
    ],
)
def test_nonsense_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        EventStream().feed(data)


def test_the_frames_before_nonsense_are_told_first() -> None:
    stream = EventStream()
    assert stream.feed(GOOD + b"x" * 20) == [({TYPE: "x"}, b"payload")]
    assert stream.failure is not None
    with pytest.raises(BadAnswer, match="checksum"):
        stream.feed(GOOD)


def test_the_limit_is_for_one_frame_and_needs_only_its_prelude() -> None:
    stream = EventStream(limit=100)
    assert len(stream.feed(frame(b"", b"x" * 80) * 50)) == 50
    with pytest.raises(BadAnswer, match="100 bytes"):
        stream.feed(_prelude(101, 0))


def test_recorded_streams(shared: Path) -> None:
    """Each recorded stream, in raw bytes, says what its recording says in JSON."""
    seen = 0
    for path in sorted((shared / "wire/recorded/bedrock").glob("*-stream-*.json")):
        record = msgspec.json.decode(path.read_bytes())
        if "response_stream_b64" not in record:
            continue  # kept as JSON only
        raw = base64.b64decode(record["response_stream_b64"])
        found = decoded([raw[at : at + 700] for at in range(0, len(raw), 700)])
        assert [headers for headers, _ in found] == [event["headers"] for event in record["response_events"]], path
        assert len(found) == len(record["response_events"])
        seen += 1
    assert seen > 30
