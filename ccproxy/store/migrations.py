"""Bringing the schema up to date, and refusing to start on one that is not.

Alembic is imported by the function that needs it: a worker only compares a number, and pays for nothing else.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ccproxy.errors import SettingsError
from ccproxy.store import audit
from ccproxy.store.models import SCHEMA
from ccproxy.store.session import write_engine

_NEWER = f"was made by a newer ccproxy: this one knows its schema up to {SCHEMA}"
SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


def migrate(engine: Engine) -> str:
    """Run every migration that is missing, in one transaction, and return the schema's number.

    The transaction holds SQLite's write lock from before Alembic looks, so of two at once the second waits and then
    finds nothing to do. The audit hears of a database that was brought up to date. Raises SettingsError where the
    database cannot be opened.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    try:
        with write_engine(engine).begin() as connection:
            config.attributes["connection"] = connection
            before = MigrationContext.configure(connection).get_current_revision()
            command.upgrade(config, "head")
            if before not in (None, SCHEMA):
                told = f"from schema {before} to {SCHEMA}"
                audit.record(connection, audit.COMMAND_LINE, "database.migrate", "", detail=told)
    except CommandError as error:  # it knows no migration of that number
        raise SettingsError(f"CCPROXY_DATABASE_URL: {_place(engine)} {_NEWER}") from error
    except SQLAlchemyError as error:
        raise SettingsError(f"CCPROXY_DATABASE_URL: {_place(engine)} cannot be migrated: {_reason(error)}") from error
    return SCHEMA


def require_current(engine: Engine) -> None:
    """Raise SettingsError unless the database is there and at this version's schema."""
    try:
        with engine.connect() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError as error:
        if "alembic_version" not in str(error):
            raise SettingsError(f"CCPROXY_DATABASE_URL: {_place(engine)} cannot be opened: {_reason(error)}") from error
        found = None
    if found is not None and found > SCHEMA:
        raise SettingsError(f"CCPROXY_DATABASE_URL: {_place(engine)} {_NEWER}")
    if found != SCHEMA:
        state = f"is at schema {found}" if found else "has no tables yet"
        raise SettingsError(
            f"CCPROXY_DATABASE_URL: {_place(engine)} {state}, {SCHEMA} is needed: run `ccproxy migrate`"
        )


def _place(engine: Engine) -> str:
    return repr(engine.url.render_as_string(hide_password=True))


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
