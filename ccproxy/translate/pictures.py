"""The size of an image, from the first bytes of its base64 text.

Knows the headers of the four formats that the Messages API takes (PNG, JPEG, GIF, WebP), and decodes no pixel.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error

# enough for a JPEG whose size stands behind a large thumbnail; a multiple of 4, as base64 wants
_HEAD = 96 * 1024


def size(data: str) -> tuple[int, int] | None:
    """Width and height in pixels; None where the text is no image of a known kind."""
    try:
        head = b64decode(data[:64])
        if head.startswith(b"\xff\xd8"):
            return _jpeg(b64decode(data[:_HEAD]))
    except (Error, ValueError):
        return None
    match head[:4], head[12:16]:
        case b"\x89PNG", b"IHDR":
            return _number(head[16:20]), _number(head[20:24])
        case b"GIF8", _:
            return _little(head[6:8]), _little(head[8:10])
        case b"RIFF", b"VP8 ":
            return _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF
        case b"RIFF", b"VP8L":
            packed = _little(head[21:25])
            return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        case b"RIFF", b"VP8X":
            return _little(head[24:27]) + 1, _little(head[27:30]) + 1
    return None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """Walks the segments to the frame header, which holds the size."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _number(head[at + 7 : at + 9]), _number(head[at + 5 : at + 7])
        at += 2 + max(2, _number(head[at + 2 : at + 4]))
    return None


def _number(digits: bytes) -> int:
    return int.from_bytes(digits, "big")


def _little(digits: bytes) -> int:
    return int.from_bytes(digits, "little")
