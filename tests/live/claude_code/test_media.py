"""Pictures and PDFs that Claude Code reads from disk arrive at the provider, byte for byte."""

from __future__ import annotations

import base64
import struct
import zlib

from tests.live.claude_code.scene import Scene
from tests.live.claude_code.turns import Turn
from tests.live.claude_code.upstream import Play, texts


def png() -> bytes:
    """A picture of 40 by 40 points."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((200, 30, column * 6)) * 40 for column in range(40))
    header = struct.pack(">IIBBBBB", 40, 40, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def pdf() -> bytes:
    """A page with two words on it."""
    drawing = b"BT /F1 12 Tf 20 100 Td (Hello PDF) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    made, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj%sendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(made)
    return made + b"xref\n0 6\n0000000000 65535 f \n" + table + end


def test_a_picture_and_a_pdf_reach_the_model(stage: Scene) -> None:
    files = {"picture.png": png(), "paper.pdf": pdf()}
    for name, data in files.items():
        (stage.work / name).write_bytes(data)
    reads = tuple(("Read", {"file_path": str(stage.work / name)}) for name in files)
    play = Play(Turn(calls=reads), Turn("A red picture, and two words."))
    run = stage.run(play, "What is in them?")
    assert run.answer == "A red picture, and two words."
    assert play.kinds == ["main", "main"]
    kinds = [part["type"] for block in run.blocks("tool_result") for part in block["content"]]
    assert sorted(kinds) == ["document", "image", "text"]  # it reads both at once, and either may be there first
    sent = {text.partition(";base64,")[2] if text.startswith("data:") else text for text in texts(play.bodies()[-1])}
    for name, data in files.items():
        assert base64.b64encode(data).decode() in sent, f"{name} has not arrived whole"
    kinds_sent = play.seen[-1][1].body
    assert b"image/png" in kinds_sent
    assert b"application/pdf" in kinds_sent
