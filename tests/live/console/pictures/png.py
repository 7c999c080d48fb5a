"""PNG files made small: a picture of a page has few colours, so each pixel becomes a number in a palette of 256.

Knows the PNG that Chromium's screenshots are (8 bits of red, green and blue, not interlaced) and no other.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = 256

Colour = tuple[int, int, int]


def size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels. Raises ValueError where `png` is none."""
    if png[:8] != SIGNATURE or png[12:16] != b"IHDR":
        raise ValueError("this is no PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def smaller(png: bytes) -> bytes:
    """The same picture with at most COLOURS colours: the rarest take the nearest of the others."""
    width, height = size(png)
    if png[24:29] != b"\x08\x02\x00\x00\x00":
        raise ValueError("only PNG of 8-bit RGB, not interlaced, is understood")
    body = zlib.decompress(b"".join(data for kind, data in _chunks(png) if kind == b"IDAT"))
    lines = [list(zip(*[iter(line)] * 3, strict=True)) for line in _lines(body, width * 3)]
    counted = Counter(pixel for line in lines for pixel in line)
    palette = [colour for colour, _ in counted.most_common(COLOURS)]
    places = {colour: place for place, colour in enumerate(palette)}
    for colour in counted:
        places.setdefault(colour, _nearest(colour, palette))
    packed = b"".join(b"\0" + bytes([places[pixel] for pixel in line]) for line in lines)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    colours = bytes(value for colour in palette for value in colour)
    parts = ((b"IHDR", head), (b"PLTE", colours), (b"IDAT", zlib.compress(packed, 9)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def _nearest(colour: Colour, palette: list[Colour]) -> int:
    def away(place: int) -> int:
        return sum((one - other) ** 2 for one, other in zip(colour, palette[place], strict=True))

    return min(range(len(palette)), key=away)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _lines(body: bytes, length: int) -> Iterator[bytearray]:
    """The lines of pixels, their filters undone: https://www.w3.org/TR/png-3/#9Filter-types."""
    above = bytearray(length)
    for at in range(0, len(body), length + 1):
        kind, line = body[at], bytearray(body[at + 1 : at + 1 + length])
        for index in range(length) if kind else ():
            left = line[index - 3] if index >= 3 else 0
            up = above[index]
            if kind == 1:
                guess = left
            elif kind == 2:
                guess = up
            elif kind == 3:
                guess = (left + up) // 2
            else:
                guess = _paeth(left, up, above[index - 3] if index >= 3 else 0)
            line[index] = (line[index] + guess) & 255
        yield line
        above = line


def _paeth(left: int, up: int, corner: int) -> int:
    far_left, far_up, far_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if far_left <= far_up and far_left <= far_corner:
        return left
    return up if far_up <= far_corner else corner
