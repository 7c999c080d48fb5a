"""Whether a running proxy uses the database: a lock on a file beside it, shared by all who serve, alone for a restore.

SQLite's own locks do not tell: a proxy that nobody asks anything holds no connection. This lock belongs to the open
file, so forks share it, a process that ends in any way gives it back, and what is left of it afterwards is an empty
file. Other databases than SQLite need none.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccproxy.errors import CCProxyError, SettingsError
from ccproxy.store.session import make_private_folder, sqlite_path


class InUse(CCProxyError):
    """A running proxy, or another command, works with the database."""


class Occupancy:
    """Says that somebody serves with this database, for as long as the object is there, in all forks."""

    def __init__(self, database_url: str) -> None:
        """Raises SettingsError while the database is being restored."""
        path = lock_file(database_url)
        if path is None:
            return
        descriptor = _open(path)
        if not _locked(descriptor, fcntl.LOCK_SH):
            os.close(descriptor)
            raise SettingsError(f"CCPROXY_DATABASE_URL: {sqlite_path(database_url)} is being restored")
        weakref.finalize(self, os.close, descriptor)


@contextmanager
def alone(database_url: str) -> Iterator[None]:
    """Nobody serves with this SQLite database meanwhile. Raises InUse where somebody does."""
    path = lock_file(database_url)
    if path is None:
        raise SettingsError(f"CCPROXY_DATABASE_URL: {database_url!r} is not SQLite's")
    descriptor = _open(path)
    try:
        if not _locked(descriptor, fcntl.LOCK_EX):
            raise InUse(f"a running ccproxy uses {sqlite_path(database_url)}: stop it first")
        yield
    finally:
        os.close(descriptor)


def lock_file(database_url: str) -> Path | None:
    """The file whose lock it is, None where there is no file of a database."""
    database = sqlite_path(database_url)
    return database.with_name(database.name + ".lock") if database is not None else None


def _open(path: Path) -> int:
    try:
        make_private_folder(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingsError(f"CCPROXY_DATABASE_URL: {path} cannot be opened: {error.strerror}") from None


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
