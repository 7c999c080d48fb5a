"""The console's files: read once, named by what is in them.

All files stand under one name that is made of their contents (`/console/static/NAME/js/main.js`), so a browser may keep
them for good, modules find each other by relative paths, and no page mixes the files of two versions. Knows files,
nothing of HTTP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

FOLDER = Path(__file__).parent / "static"
SHELL = "index.html"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_DIGITS = 16  # of the digest: enough for names that nobody wants to forge


class Asset(Struct, frozen=True):
    """One file as it is sent."""

    body: bytes
    media_type: str


class Assets(Struct, frozen=True):
    """All files by their paths below the folder, the name that their contents give them, and the page's frame."""

    name: str
    files: Mapping[str, Asset]
    shell: bytes


def load(folder: Path = FOLDER) -> Assets:
    """Read the folder. Raises KeyError for a file of a kind that is not known, OSError where one cannot be read."""
    files = {
        path.relative_to(folder).as_posix(): Asset(path.read_bytes(), _TYPES[path.suffix])
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")  # editors and file managers leave such behind
    }
    digest = hashlib.sha256()
    for path, asset in files.items():
        digest.update(f"{path}\0{len(asset.body)}\0".encode() + asset.body)
    name = digest.hexdigest()[:_DIGITS]
    return Assets(name, files, _shell(files.pop(SHELL).body.decode(), name, files))


def _shell(text: str, name: str, files: Mapping[str, Asset]) -> bytes:
    """The frame with its files' name in it, and with all modules announced: else each is found after its importer."""
    modules = (path for path in files if path.endswith(".js") and path.startswith("js/"))
    preloads = "\n".join(f'<link rel="modulepreload" href="{{static}}/{path}">' for path in modules)
    return text.replace("{modules}", preloads).replace("{static}", f"/console/static/{name}").encode()
