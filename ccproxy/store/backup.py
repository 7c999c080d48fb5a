"""A backup of SQLite's database while it is in use, with the keys without which nobody could read what is encrypted.

SQLite writes the copy in one read transaction, so it is what was there at one moment, and nobody waits for it.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from ccproxy import __version__
from ccproxy.errors import CCProxyError, SettingsError
from ccproxy.store import archive, audit
from ccproxy.store.archive import DATABASE, KEYS, Manifest
from ccproxy.store.models import SCHEMA
from ccproxy.store.report import Report, to_logging
from ccproxy.store.session import open_engine, sqlite_path, write_engine
from ccproxy.store.vault import key_file

ELSEWHERE = "CCPROXY_DATABASE_URL: this is not SQLite's; {} does that for PostgreSQL"


class NoBackup(CCProxyError):
    """The backup could not be made; nothing was left behind."""


def make(
    database_url: str, target: Path, *, with_keys: bool, force: bool = False, report: Report = to_logging
) -> Manifest:
    """Write a backup to `target`, for this user alone (mode 600), in one step: it is there as a whole or not at all.

    `with_keys`: with the key file beside the database, if there is one. Raises SettingsError where there is no such
    database, NoBackup where the file is there (unless `force`) or cannot be written. It is told to the audit, for
    whoever has the file has all that it holds; a database that takes no event, being full perhaps, is backed up all the
    same, and `report` hears of it.
    """
    database = sqlite_path(database_url)
    if database is None:
        raise SettingsError(ELSEWHERE.format("pg_dump --format=custom --file=FILE"))
    if not database.exists():
        raise SettingsError(f"CCPROXY_DATABASE_URL: there is no {database}")
    keys = key_file(database_url)
    if any(target.exists() and own.exists() and target.samefile(own) for own in (database, keys)):
        raise NoBackup(f"{target}: is what is to be backed up")
    if target.exists() and not force:
        raise NoBackup(f"{target}: is there already; --force replaces it")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".ccproxy-backup-") as folder:
            manifest = _make(database_url, keys if with_keys else None, Path(folder), target, force)
    except FileExistsError:
        raise NoBackup(f"{target}: is there already; --force replaces it") from None
    except OSError as error:
        raise NoBackup(f"{target}: {error.strerror or 'cannot be written'}") from None
    except (sqlite3.Error, SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise NoBackup(f"{database} cannot be backed up: {reason}") from None
    _tell(database_url, target, manifest, report)
    return manifest


def _tell(database_url: str, target: Path, manifest: Manifest, report: Report) -> None:
    """Have the audit know of the backup, where this version knows the audit."""
    if manifest.schema != SCHEMA:
        return
    engine = open_engine(database_url)
    told = f"to {target}, {'with' if manifest.has_keys else 'without'} the key file"
    try:
        with write_engine(engine).begin() as connection:
            audit.record(connection, audit.COMMAND_LINE, "database.backup", "", detail=told)
    except SQLAlchemyError as error:
        report("the backup is made, but is not in the audit", error=str(getattr(error, "orig", None) or error))
    engine.dispose()


def _make(database_url: str, keys: Path | None, folder: Path, target: Path, force: bool) -> Manifest:
    copy = folder / DATABASE
    made_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    _copy(database_url, copy)
    files = {DATABASE: copy}
    # After the database: a rotation meanwhile has put its new key into the file before it used it
    if keys is not None and keys.exists():
        files[KEYS] = folder / KEYS
        files[KEYS].write_bytes(keys.read_bytes())
    whole = folder / "backup.tar"
    with os.fdopen(os.open(whole, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
        manifest = archive.write(file, files, made_at=made_at, version=__version__, schema=schema_of(copy))
    archive.publish(whole, target, force=force)
    return manifest


def _copy(database_url: str, copy: Path) -> None:
    engine = open_engine(database_url)
    pooled = engine.raw_connection()
    try:
        pooled.driver_connection.execute("VACUUM INTO ?", (str(copy),))  # type: ignore[union-attr]
    finally:
        pooled.close()
        engine.dispose()


def schema_of(path: Path) -> str:
    """The number of the schema that a database file has. Raises NoBackup where it is none of ccproxy's."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            found = None
    if found is None:
        raise NoBackup("the database has no tables yet")
    return str(found[0])
