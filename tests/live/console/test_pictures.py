"""The pictures of docs/console.md are those that the program makes, and small. Needs no browser."""

from __future__ import annotations

import re
import struct
import zlib
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from tests.live.console.pictures import png, team
from tests.live.console.pictures.__main__ import FOLDER, PICTURES, WIDTH

END = datetime(2026, 11, 1, tzinfo=UTC)


def test_the_page_shows_what_the_program_makes() -> None:
    shown = re.findall(r"!\[[^\]]{20,}\]\(pictures/([^)]+)\)", (FOLDER.parent / "console.md").read_text())
    assert sorted(shown) == sorted(PICTURES) == sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_its_size(name: str) -> None:
    content = (FOLDER / name).read_bytes()
    assert png.size(content) == (WIDTH, PICTURES[name][2]), "make it anew: make pictures"
    assert len(content) < 150_000


def test_what_is_no_png_is_told() -> None:
    with pytest.raises(ValueError, match="this is no PNG"):
        png.size(b"GIF89a" + bytes(20))


def rgb(width: int, lines: list[tuple[int, bytes]]) -> bytes:
    """A PNG of these lines, each with the number of its filter."""
    packed = zlib.compress(b"".join(bytes([kind]) + line for kind, line in lines))
    head = struct.pack(">IIBBBBB", width, len(lines), 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    return png.SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def test_a_smaller_picture_has_the_same_pixels() -> None:
    """Every filter over two pixels, 10 20 30 and 40 60 80."""
    lines = [
        (0, bytes((10, 20, 30, 40, 60, 80))),
        (1, bytes((10, 20, 30, 30, 40, 50))),
        (2, bytes(6)),
        (3, bytes((5, 10, 15, 15, 20, 25))),
        (4, bytes(6)),
    ]
    made = png.smaller(rgb(2, lines))
    at = made.index(b"PLTE")
    colours = [tuple(made[at + 4 + 3 * n : at + 7 + 3 * n]) for n in range(2)]
    (length,) = struct.unpack(">I", made[(idat := made.index(b"IDAT")) - 4 : idat])
    pixels = zlib.decompress(made[idat + 4 : idat + 4 + length])
    assert colours == [(10, 20, 30), (40, 60, 80)]
    assert pixels == b"\0\0\1" * 5


def test_the_team_is_the_same_each_time() -> None:
    first, second = (list(islice(team.requests(END), 300)) for _ in range(2))
    assert first == second
    assert first == sorted(first, key=lambda row: row.started_at)
    assert END - timedelta(days=team.DAYS) <= first[0].started_at


def test_the_team_is_of_one_piece() -> None:
    """Its requests name only keys, providers and routes that it has."""
    rows = list(team.requests(END))
    assert {row.caller for row in rows} <= {key["name"] for key in team.KEYS}
    assert {row.provider for row in rows} <= {provider["name"] for provider in team.PROVIDERS}
    assert {row.route for row in rows} == {route["name"] for route in team.ROUTES}
    assert rows[-1].started_at < END
