"""The file that a backup is: a plain tar of a manifest, the database and, mostly, the key file.

Any tar program shows it, but what is read here is only what is written here: these names in this order, plain files,
of the sizes and digests that the manifest says. A header is 40 bytes of meaning, and reading them by hand leaves
nothing of what else a tar may hold (links, paths, holes, extensions) to be dealt with. No name in it becomes a path.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ccproxy.errors import CCProxyError

MANIFEST = "manifest.json"
DATABASE = "ccproxy.db"
KEYS = "secret.key"

FORMAT = 1
LARGEST_TEXT = 1024 * 1024
"""Bytes of the manifest and of the key file; both are far smaller."""

_BLOCK = 512
_CHUNK = 1024 * 1024
_MAGIC = (b"ustar\x0000", b"ustar  \x00")
_PLAIN = (b"0", b"\x00")
_SCHEMA = re.compile(r"[0-9]{4}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST_WORD = 64


class BadBackup(CCProxyError):
    """A file that is no backup, or a damaged one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself: when it was made, by which version, and the schema of its database."""

    made_at: str
    version: str
    schema: str
    has_keys: bool


def write(file: IO[bytes], files: Mapping[str, Path], *, made_at: str, version: str, schema: str) -> Manifest:
    """Write a backup of these files, by their names in it, DATABASE first. Raises OSError."""
    parts = {name: {"size": path.stat().st_size, "sha256": _digest(path)} for name, path in files.items()}
    document = {"format": FORMAT, "made_at": made_at, "version": version, "schema": schema, "files": parts}
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        text = json.dumps(document, indent=2).encode() + b"\n"
        tar.addfile(_entry(MANIFEST, len(text)), io.BytesIO(text))
        for name, path in files.items():
            with path.open("rb") as source:
                tar.addfile(_entry(name, path.stat().st_size), source)
    return Manifest(made_at=made_at, version=version, schema=schema, has_keys=KEYS in files)


def read(path: Path, folder: Path) -> Manifest:
    """Unpack a backup into a folder, as DATABASE and, where it holds the keys, KEYS.

    Raises BadBackup for what is none, is damaged or was made by a later version in another form.
    """
    try:
        if path.exists() and not path.is_file():  # to open a pipe would wait for somebody at its other end
            raise BadBackup(f"{path}: is no file")
        with path.open("rb") as file:
            left = os.fstat(file.fileno()).st_size
            size = _header(file, MANIFEST)
            document = _document(_text(file, size))
            parts = _parts(document)
            for name, (size, digest) in parts.items():
                if _header(file, name) != size or size > left:
                    raise BadBackup(f"{path}: {name} has not the size that the manifest says")
                if _unpack(file, size, folder / name) != digest:
                    raise BadBackup(f"{path}: {name} is damaged: its digest is not that of the manifest")
            if file.read(_BLOCK).strip(b"\0"):
                raise BadBackup(f"{path}: holds more than a backup does")
    except OSError as error:
        raise BadBackup(f"{path}: {error.strerror or 'cannot be read'}") from None
    return Manifest(
        made_at=_word(document, "made_at"),
        version=_word(document, "version"),
        schema=_word(document, "schema"),
        has_keys=KEYS in parts,
    )


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _header(file: IO[bytes], name: str) -> int:
    """The size of the entry that begins here, which must be a plain file of this name."""
    block = file.read(_BLOCK)
    if len(block) < _BLOCK or block[257:265] not in _MAGIC:
        raise BadBackup(f"{file.name}: is no backup, or is cut off")
    plain = block[156:157] in _PLAIN and not block[345:500].strip(b"\0")
    if not plain or block[:100].rstrip(b"\0") != name.encode():
        raise BadBackup(f"{file.name}: is no backup: {name} is not where it belongs")
    field = block[124:136]
    if field[0] == 0x80:  # beyond 8 GB: in binary
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b"\0 ")
    if not re.fullmatch(rb"[0-7]{1,11}", digits):
        raise BadBackup(f"{file.name}: is no backup: the size of {name} is no number")
    return int(digits, 8)


def _text(file: IO[bytes], size: int) -> bytes:
    if size > LARGEST_TEXT:
        raise BadBackup(f"{file.name}: is no backup: its manifest is too large")
    text = file.read(size)
    file.read(-size % _BLOCK)
    return text


def _unpack(file: IO[bytes], size: int, target: Path) -> str:
    """Copy the entry, and return the digest of what there was of it."""
    digest = hashlib.sha256()
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        left = size
        while left and (chunk := file.read(min(left, _CHUNK))):
            digest.update(chunk)
            out.write(chunk)
            left -= len(chunk)
    file.read(-size % _BLOCK)
    return digest.hexdigest()


def _document(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise BadBackup("the backup's manifest is not readable")
    if document.get("format") != FORMAT:
        raise BadBackup("the backup is of a form that this version does not know; a newer ccproxy made it")
    if not _SCHEMA.fullmatch(_word(document, "schema")):
        raise BadBackup("the backup's manifest names no schema")
    return document


def _parts(document: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    """Size and digest of each file: the database, and the keys where they are in it."""
    files = document.get("files")
    if not isinstance(files, dict) or list(files) not in ([DATABASE], [DATABASE, KEYS]):
        raise BadBackup("the backup's manifest does not name what a backup holds")
    parts = {}
    for name, said in files.items():
        size, digest = (said.get("size"), said.get("sha256")) if isinstance(said, dict) else (None, None)
        most = LARGEST_TEXT if name == KEYS else None
        if not isinstance(size, int) or isinstance(size, bool) or size < 0 or (most is not None and size > most):
            raise BadBackup(f"the backup's manifest says no possible size of {name}")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise BadBackup(f"the backup's manifest says no digest of {name}")
        parts[name] = (size, digest)
    return parts


def _word(document: Mapping[str, Any], name: str) -> str:
    word = document.get(name)
    if not isinstance(word, str) or not word.isprintable() or not 0 < len(word) <= _LONGEST_WORD:
        raise BadBackup(f"the backup's manifest says no {name}")
    return word


def publish(made: Path, target: Path, *, force: bool) -> None:
    """Give a finished file its name in one step. Raises FileExistsError where there is one, unless `force`."""
    with made.open("rb") as file:
        os.fsync(file.fileno())
    if force:
        made.replace(target)
    else:
        try:
            os.link(made, target)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if target.exists():
                raise FileExistsError(target) from None
            shutil.move(made, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
