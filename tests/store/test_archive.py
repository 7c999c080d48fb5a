"""The file that a backup is: what comes out is what went in, and nothing else gets in."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile

import pytest

from ccproxy.store.archive import DATABASE, KEYS, MANIFEST, BadBackup, publish, read, write

SAID = {"made_at": "2026-03-01T00:00:00Z", "version": "1.2.3", "schema": "0003"}


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def packed(tmp_path, database=b"data" * 1000, keys=b"key\n"):
    files = {}
    for name, data in ((DATABASE, database), (KEYS, keys)):
        if data is not None:
            files[name] = tmp_path / f"in-{name}"
            files[name].write_bytes(data)
    with (tmp_path / "b.tar").open("wb") as file:
        write(file, files, **SAID)
    return tmp_path / "b.tar"


@pytest.mark.parametrize("database", [b"", b"x", b"y" * 512, b"z" * 100_001])
@pytest.mark.parametrize("keys", [b"key\n", None])
def test_what_goes_in_comes_out(tmp_path, out, database, keys):
    manifest = read(packed(tmp_path, database, keys), out)
    assert (out / DATABASE).read_bytes() == database
    assert manifest.has_keys is (keys is not None) is (out / KEYS).exists()
    assert (manifest.made_at, manifest.version, manifest.schema) == tuple(SAID.values())
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}


def test_any_tar_program_shows_it(tmp_path):
    with tarfile.open(packed(tmp_path)) as tar:
        assert tar.getnames() == [MANIFEST, DATABASE, KEYS]
        assert {entry.mode for entry in tar} == {0o600}
        assert {entry.uname for entry in tar} == {""}


def test_every_cut_and_every_changed_byte_is_noticed(tmp_path, out):
    whole = packed(tmp_path, b"data" * 300).read_bytes()
    meant = whole.rstrip(b"\0")
    bad = tmp_path / "bad.tar"
    spoilt = [whole[:cut] for cut in range(0, len(meant) - 3, 97)]
    # Of a header only name, size, kind, magic and prefix mean something here; the rest is for other programs
    sound = 0
    places = range(0, len(meant), 61)
    spoilt += [whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :] for place in places]
    for text in spoilt:
        bad.write_bytes(text)
        for left in out.iterdir():
            left.unlink()
        with contextlib.suppress(BadBackup):
            read(bad, out)
            sound += 1
            assert (out / DATABASE).read_bytes() == b"data" * 300
    assert sound < len(spoilt) / 3


def crafted(tmp_path, *entries, manifest=None):
    """A tar of these entries: (TarInfo, data); a manifest that suits the usual two comes first."""
    data = b"data"
    parts = {DATABASE: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}}
    document = {"format": 1, **SAID, "files": parts, **(manifest or {})}
    path = tmp_path / "crafted.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        text = json.dumps(document).encode()
        for entry, content in ((named(MANIFEST, len(text)), text), *entries):
            tar.addfile(entry, io.BytesIO(content))
    return path


def named(name, size=4, **more):
    entry = tarfile.TarInfo(name)
    entry.size = size
    for field, value in more.items():
        setattr(entry, field, value)
    return entry


def test_the_crafted_one_is_good_before_it_is_made_bad(tmp_path, out):
    assert read(crafted(tmp_path, (named(DATABASE), b"data")), out).schema == "0003"


@pytest.mark.parametrize(
    "entries",
    [
        [(named("../ccproxy.db"), b"data")],
        [(named("/etc/passwd"), b"data")],
        [(named(f"./{DATABASE}"), b"data")],
        [(named(DATABASE, 0, type=tarfile.SYMTYPE, linkname="/etc/passwd"), b"")],
        [(named(DATABASE, 0, type=tarfile.LNKTYPE, linkname="/etc/passwd"), b"")],
        [(named(DATABASE, 0, type=tarfile.FIFOTYPE), b"")],
        [(named(DATABASE, 0, type=tarfile.CHRTYPE, devmajor=1, devminor=5), b"")],
        [(named(DATABASE, 0, type=tarfile.DIRTYPE), b"")],
        [(named(DATABASE, 4, type=tarfile.GNUTYPE_SPARSE), b"data")],
        [(named(KEYS), b"data"), (named(DATABASE), b"data")],
        [(named(DATABASE), b"else")],
        [(named(DATABASE, 3), b"dat")],
        [(named("x" * 200), b"data")],
        [(named(DATABASE), b"data"), (named(KEYS), b"data")],
        [(named(DATABASE), b"data"), (named("../more"), b"data")],
        [],
    ],
)
def test_what_is_not_ours_is_refused(tmp_path, out, entries):
    with pytest.raises(BadBackup):
        read(crafted(tmp_path, *entries), out)
    assert {path.name for path in out.iterdir()} <= {DATABASE}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crafted.tar", "out"]


@pytest.mark.parametrize("size", [10**15, 2**70, -1, True, "4", None])
def test_sizes_that_cannot_be_are_refused_before_anything_is_written(tmp_path, out, size):
    digest = hashlib.sha256(b"data").hexdigest()
    path = crafted(tmp_path, manifest={"files": {DATABASE: {"size": size, "sha256": digest}}})
    header = bytearray(named(DATABASE, 4).tobuf(tarfile.GNU_FORMAT))
    if isinstance(size, int) and 0 < size < 2**80:
        header[124:136] = b"\x80" + size.to_bytes(11, "big")
    path.write_bytes(path.read_bytes().rstrip(b"\0").ljust(1024, b"\0") + bytes(header) + b"data")
    with pytest.raises(BadBackup):
        read(path, out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({"format": 2}, "newer ccproxy"),
        ({"format": None}, "newer ccproxy"),
        ({"schema": "9"}, "no schema"),
        ({"schema": 3}, "no schema"),
        ({"version": ""}, "no version"),
        ({"version": "1\n2"}, "no version"),
        ({"made_at": "x" * 65}, "no made_at"),
        ({"files": {}}, "does not name"),
        ({"files": []}, "does not name"),
        ({"files": {"../x": {}}}, "does not name"),
        ({"files": {DATABASE: []}}, "size"),
        ({"files": {DATABASE: {"size": 4, "sha256": "x"}}}, "digest"),
        ({"files": {DATABASE: {"size": 4, "sha256": "0" * 64}, KEYS: {"size": 2**21, "sha256": "0" * 64}}}, "size of"),
    ],
)
def test_a_manifest_that_is_none_is_told(tmp_path, out, manifest, words):
    with pytest.raises(BadBackup, match=words):
        read(crafted(tmp_path, (named(DATABASE), b"data"), manifest=manifest), out)


@pytest.mark.parametrize("text", [b"", b"x" * 5000, b"\0" * 10240, b"PK\x03\x04" * 500, b"SQLite format 3\0" * 200])
def test_any_other_file_is_none(tmp_path, out, text):
    (tmp_path / "other").write_bytes(text)
    with pytest.raises(BadBackup, match="other: is no backup"):
        read(tmp_path / "other", out)


def test_manifests_of_nothing_but_brackets(tmp_path, out):
    path = tmp_path / "deep.tar"
    text = b"[" * 100_000
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(named(MANIFEST, len(text)), io.BytesIO(text))
    with pytest.raises(BadBackup, match="not readable"):
        read(path, out)
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(named(MANIFEST, 2**21), io.BytesIO(b" " * 2**21))
    with pytest.raises(BadBackup, match="too large"):
        read(path, out)


def test_what_is_no_file_is_not_waited_for(tmp_path, out):
    os.mkfifo(tmp_path / "pipe")
    for path, words in ((tmp_path / "pipe", "no file"), (tmp_path, "no file"), (tmp_path / "none", "No such file")):
        with pytest.raises(BadBackup, match=words):
            read(path, out)


def test_a_finished_file_gets_its_name_in_one_step(tmp_path, monkeypatch):
    made, target = tmp_path / "made", tmp_path / "target"
    made.write_text("one")
    publish(made, target, force=False)
    assert target.read_text() == "one"
    made.unlink()  # else what is written next is the target's too
    made.write_text("three")
    with pytest.raises(FileExistsError):
        publish(made, target, force=False)
    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(FileExistsError):
        publish(made, target, force=False)
    assert target.read_text() == "one"
    publish(made, target, force=True)
    assert target.read_text() == "three"
    made.write_text("four")
    publish(made, tmp_path / "fresh", force=False)
    assert (tmp_path / "fresh").read_text() == "four"


def no_links(*_):
    raise OSError(95, "Operation not supported")
