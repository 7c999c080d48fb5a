from __future__ import annotations

import struct
from base64 import b64encode

import pytest

from ccproxy.translate import pictures

JPEG_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
FRAME = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 480, 640) + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 1200, 800) + b"\x08\x02\x00\x00\x00"


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG, (1200, 800)),
        (b"GIF89a" + struct.pack("<HH", 320, 200) + b"\x00\x00\x00", (320, 200)),
        (JPEG_HEAD + FRAME, (640, 480)),
        # a large thumbnail before the size
        (JPEG_HEAD + b"\xff\xe1\xff\xf0" + b"\x00" * 0xFFEE + FRAME, (640, 480)),
        (
            b"RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00\x00\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", 176, 144),
            (176, 144),
        ),
        (
            b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f" + struct.pack("<I", (99 << 14) | 199) + b"\x00" * 8,
            (200, 100),
        ),
        (b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00\x63\x00\x00\x31\x00\x00", (100, 50)),
        (JPEG_HEAD, None),
        (JPEG_HEAD + b"\xff\xe1\x00\x00" * 5, None),
        (JPEG_HEAD + b"\x00" * 20, None),
        (b"BM" + b"\x00" * 60, None),
        (b"", None),
    ],
)
def test_the_size_stands_in_the_header(data: bytes, size: tuple[int, int] | None) -> None:
    assert pictures.size(b64encode(data).decode()) == size


@pytest.mark.parametrize("text", ["x", "!!!!not-base64!!!!", "ä" * 70, "/9j/" + "=" * 61])
def test_what_is_no_base64_has_no_size(text: str) -> None:
    assert pictures.size(text) is None
