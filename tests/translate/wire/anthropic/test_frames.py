from __future__ import annotations

import random

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate.wire.anthropic.frames import Frames, read, write

STREAM = b'event: a\ndata: {"x":1}\n\n: note\n\nevent:b\ndata:{"y":\ndata:2}\n\ndata: [DONE]\n\n'


def fed(data: bytes, cuts: list[int]) -> tuple[bytes, bytes]:
    frames = Frames()
    parts = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        part = frames.feed(data[start:end])
        assert part == b"" or part.endswith(b"\n\n")
        parts.append(part)
    return b"".join(parts), frames.close()


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("rest", [b"", b"data: {", b"data: {}\n"])
def test_whole_frames_come_out_however_the_bytes_are_cut(ends: bytes, rest: bytes) -> None:
    data = (STREAM + rest).replace(b"\n", ends)
    assert fed(data, []) == (STREAM, rest)
    assert fed(data, list(range(1, len(data)))) == (STREAM, rest)
    for seed in range(50):
        dice = random.Random(seed)
        assert fed(data, sorted(dice.randrange(len(data)) for _ in range(4))) == (STREAM, rest)


def test_a_frame_without_end() -> None:
    frames = Frames(limit=10)
    assert frames.feed(b"data: 1234") == b""
    with pytest.raises(BadAnswer, match="more than 10 bytes"):
        frames.feed(b"5")
    with pytest.raises(BadAnswer):
        Frames(limit=10).feed(b"data: 1\n\n" + b"x" * 11)


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        (b'event: a\ndata: {"x":1}', (b"a", b'{"x":1}')),
        (b'data:{"x":1}\nevent:a ', (b"a", b'{"x":1}')),
        (b'id: 1\nretry: 2\ndata: {"x":\ndata: 1}', (b"", b'{"x":\n1}')),
        (b"\xef\xbb\xbfevent: a", (b"a", b"")),
        (b": note", (b"", b"")),
        (b"", (b"", b"")),
    ],
)
def test_read(frame: bytes, found: tuple[bytes, bytes]) -> None:
    assert read(frame) == found


def test_write() -> None:
    assert write("ping", b'{"type":"ping"}') == b'event: ping\ndata: {"type":"ping"}\n\n'
    assert read(write("ping", b"{}").removesuffix(b"\n\n")) == (b"ping", b"{}")
