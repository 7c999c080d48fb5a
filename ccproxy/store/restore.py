"""Putting a backup in the place of SQLite's database, and of its key file.

Everything that can fail is done beside it first: unpacking, checking, bringing up to date. Then two files change their
names. Wherever that is broken off, the database that is there is whole, and the key file opens it: until the last
step the old one, from then on the new one.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from ccproxy.errors import SettingsError
from ccproxy.store import archive, audit
from ccproxy.store.archive import DATABASE, KEYS, BadBackup, Manifest
from ccproxy.store.backup import ELSEWHERE, NoBackup, schema_of
from ccproxy.store.migrations import migrate
from ccproxy.store.models import SCHEMA
from ccproxy.store.occupancy import InUse, alone
from ccproxy.store.rotation import require_readable
from ccproxy.store.session import open_engine, sqlite_path, write_engine
from ccproxy.store.vault import Vault, key_file, new_key, parse_keys

BEFORE = ".before-restore"
PATIENCE = 1.0
"""Seconds for another command to end its work with the database."""
_STAGE = ".ccproxy-restore-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came of it: the backup's own words, and where the files are kept that were there before."""

    manifest: Manifest
    kept: tuple[Path, ...]


def restore(database_url: str, file: Path, secret_keys: Sequence[str] = ()) -> Restored:
    """Put the backup in place; `secret_keys` are those of the settings.

    What was there is kept beside it as `….before-restore`. The backup's keys go to the head of the key file, and those
    that were in it stay behind them: signatures of thinking that were given out since go on to hold.

    Raises SettingsError (no SQLite, or keys that do not open what is encrypted), BadBackup, and InUse where a proxy or
    command works with the database. Nothing was changed then.
    """
    database = sqlite_path(database_url)
    if database is None:
        raise SettingsError(ELSEWHERE.format("pg_restore"))
    keys = key_file(database_url)
    with alone(database_url):
        _clear_up(database, keys)
        with tempfile.TemporaryDirectory(dir=database.parent, prefix=_STAGE) as name:
            folder = Path(name)
            manifest = archive.read(file, folder)
            _check(folder / DATABASE, manifest, file)
            merged = _merged(folder, keys)
            _make_ready(folder / DATABASE, manifest, tuple(secret_keys) or merged)
            new_keys = None
            if manifest.has_keys:
                new_keys = folder / "merged.key"
                _write(new_keys, "".join(f"{key}\n" for key in merged))
            try:
                kept = _swap(folder / DATABASE, database, new_keys, keys)
            except OSError as error:
                raise BadBackup(f"{database} cannot be replaced: {error.strerror}") from None
    return Restored(manifest=manifest, kept=kept)


def _clear_up(database: Path, keys: Path) -> None:
    """Take away what a restore left that was killed; refuse to write over what one has kept."""
    for left in database.parent.glob(f"{_STAGE}*"):
        shutil.rmtree(left, ignore_errors=True)
    for path in (database, keys):
        kept = _kept(path)
        if kept.exists():
            if not (path.exists() and kept.samefile(path)):
                raise BadBackup(f"{kept} is there already, from another restore: move it away first")
            kept.unlink()


def _check(staged: Path, manifest: Manifest, file: Path) -> None:
    """Raise BadBackup unless it is a sound database of the schema that the manifest says, and no newer one."""
    try:
        with closing(sqlite3.connect(staged)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()
        sound = found == ("ok",) and schema_of(staged) == manifest.schema
    except (sqlite3.Error, NoBackup):
        sound = False
    if not sound:
        raise BadBackup(f"{file}: its database is damaged, or is not the one that its manifest describes")
    if manifest.schema > SCHEMA:
        raise BadBackup(
            f"{file}: is of schema {manifest.schema}, made by ccproxy {manifest.version}; "
            f"this one knows its schema up to {SCHEMA}"
        )


def _merged(folder: Path, present: Path) -> tuple[str, ...]:
    """The backup's keys, then those of the key file that is there."""
    found = [parse_keys(path, path.read_text("utf-8", "replace")) for path in (folder / KEYS, present) if path.exists()]
    return tuple(dict.fromkeys(key for each in found for key in each))


def _make_ready(staged: Path, manifest: Manifest, keys: Sequence[str]) -> None:
    """Bring it up to date, see that its keys open it, and write down where it comes from; one file in the end."""
    engine = open_engine(f"sqlite:///{staged}")
    migrate(engine)
    require_readable(engine, Vault(keys or (new_key(),)))  # without any key there must be nothing to open
    told = f"backup of {manifest.made_at} by ccproxy {manifest.version}, schema {manifest.schema}"
    try:
        with write_engine(engine).begin() as connection:
            audit.record(connection, audit.COMMAND_LINE, "database.restore", "", detail=told)
    except DBAPIError as error:
        raise BadBackup(f"the backup cannot be made ready: {error.orig}") from None
    engine.dispose()
    with _owned(staged), staged.open("rb") as file:
        os.fsync(file.fileno())


def _swap(staged: Path, database: Path, new_keys: Path | None, keys: Path) -> tuple[Path, ...]:
    """Change the names. Until the database's, everything is taken back where it fails."""
    kept: list[Path] = []
    with _owned(database):
        try:
            for path in (database, keys) if new_keys is not None else (database,):
                if path.exists():
                    kept.append(_kept(path))
                    _same(path, kept[-1])
            had_keys = keys.exists()
            if new_keys is not None:
                new_keys.replace(keys)
            try:
                staged.replace(database)
            except BaseException:
                if new_keys is not None and had_keys:
                    _kept(keys).replace(keys)
                elif new_keys is not None:
                    keys.unlink()
                raise
        except BaseException:
            for path in kept:
                path.unlink(missing_ok=True)
            raise
    archive.sync_folder(database.parent)
    return tuple(kept)


@contextmanager
def _owned(database: Path) -> Iterator[None]:
    """The database as one file that nobody else has open: its log folded in, until this ends.

    One that is too damaged for that lends its log a new name, or it would be taken for the log of what comes after it.
    """
    if not database.exists():
        yield
        return
    with closing(sqlite3.connect(database, isolation_level=None, timeout=PATIENCE)) as connection:
        aside = [] if _folded(connection, database) else _log_aside(database)
        try:
            yield
        except BaseException:
            for log, other in aside:
                other.replace(log)
            raise


def _folded(connection: sqlite3.Connection, database: Path) -> bool:
    """Make the database one file that is ours alone; False for one that is too damaged."""
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        alone_with_it = connection.execute("PRAGMA journal_mode = DELETE").fetchall() == [("delete",)]
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.DatabaseError as error:
        if "locked" not in str(error):
            return False
        alone_with_it = False
    if not alone_with_it:
        raise InUse(f"another program works with {database}: end it first")
    return True


def _log_aside(database: Path) -> list[tuple[Path, Path]]:
    moved = []
    for end in ("-wal", "-shm"):
        log, other = (path.with_name(path.name + end) for path in (database, _kept(database)))
        if log.exists():
            log.replace(other)
            moved.append((log, other))
    return moved


def _same(path: Path, other: Path) -> None:
    """The same file under another name; on a file system that has no links, a copy. One that is there goes."""
    other.unlink(missing_ok=True)
    try:
        os.link(path, other)
    except OSError:
        shutil.copy2(path, other)


def _kept(path: Path) -> Path:
    return path.with_name(path.name + BEFORE)


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
