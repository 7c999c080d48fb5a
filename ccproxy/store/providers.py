"""Providers: kept in the database, held in each worker as a snapshot that is never out of date.

Keys and extra headers are tokens in the database and text in a Provider. Every write moves the version row in its own
transaction, so a change holds in every worker for every request that begins after it. What a provider type means,
which fields it needs and which defaults it has is not known here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from ccproxy.errors import Conflict, NotFound, Unavailable
from ccproxy.store import version
from ccproxy.store.models import providers, seeded_providers
from ccproxy.store.report import Report, to_logging
from ccproxy.store.routes import Route
from ccproxy.store.vault import Undecryptable, Vault
from ccproxy.store.writer import T, Writer

_EPOCH = datetime.fromtimestamp(0, UTC)
_FIELDS = frozenset({"name", "type", "api_base_url", "api_key", "models", "enabled", "headers", "options"})
_DEFAULTS: Mapping[str, Any] = {"models": [], "enabled": True, "options": {}}
_UNREADABLE = "its stored {} cannot be decrypted with the present secret keys; set it again or bring the old keys back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider as requests see it. `error` says why it cannot be used at all; then it is not enabled either.

    `api_key` is the first of its keys; `api_keys` are all of them where there are several, else empty.

    Keys and headers stay out of `repr`.
    """

    name: str
    type: str
    api_base_url: str
    api_key: str | None = field(default=None, repr=False)
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    models: tuple[str, ...] = ()
    enabled: bool = True
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime = _EPOCH
    updated_at: datetime = _EPOCH
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All providers and routes at one version, each in the order of their creation."""

    version: int
    providers: tuple[Provider, ...]
    routes: tuple[Route, ...] = ()
    enabled: tuple[Provider, ...] = field(init=False, repr=False, compare=False)
    _by_name: Mapping[str, Provider] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "enabled", tuple(provider for provider in self.providers if provider.enabled))
        object.__setattr__(self, "_by_name", {provider.name: provider for provider in self.providers})

    def get(self, name: str) -> Provider | None:
        """The provider of that name, enabled or not."""
        return self._by_name.get(name)


class Providers:
    """The provider table. Reads happen where they are called, writes in a thread of their own.

    Fields are those of Provider without its times and `error`; anything else is a TypeError. Writes raise Unavailable
    when another process holds the database for too long.
    """

    def __init__(self, engine: Engine, vault: Vault, report: Report = to_logging) -> None:
        self._engine = engine
        self._vault = vault
        self._report = report
        self._writer = Writer(engine)
        self._version = version.VersionReader(engine)
        self._held: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """What is true now: one small read, and a reload where the version has moved.

        When the database cannot be read the last snapshot goes on serving, and this is reported; without one, raises
        Unavailable.
        """
        held = self._held
        try:
            if held is not None and self._version.read() == held.version:
                return held
            self._held = held = self._load()
        except (SQLAlchemyError, sqlite3.Error) as error:
            self._report("providers cannot be read", error=str(error))
            if held is None:
                raise Unavailable("the provider database cannot be read") from error
        return held

    def save(self, fields: Mapping[str, Any]) -> tuple[Provider, bool]:
        """Create or update the provider `fields["name"]`; the flag says whether it was created.

        Creating fills what is left out with Provider's defaults (`type` and `api_base_url` are needed); updating
        leaves it as it is. Any number of workers may save the same name at once: one row.
        """
        try:
            return self._write(lambda connection: self._save(connection, fields))
        except IntegrityError:  # another database than SQLite lets two inserts race; by now the other has won
            return self._write(lambda connection: self._save(connection, fields))

    def change(self, name: str, fields: Mapping[str, Any]) -> Provider:
        """Update a provider; fields left out stay, and a new `name` renames it. Raises NotFound, Conflict."""
        try:
            return self._write(lambda connection: self._update(connection, self._row(connection, name), fields))
        except IntegrityError:
            raise Conflict(f"a provider named {fields.get('name')!r} exists already") from None

    def delete(self, name: str) -> None:
        """Delete a provider. Raises NotFound."""

        def work(connection: Connection) -> None:
            row = self._row(connection, name)
            connection.execute(delete(providers).where(providers.c.id == row.id))
            version.bump(connection)

        self._write(work)

    def toggle(self, name: str) -> Provider:
        """Flip `enabled`. Raises NotFound, and Conflict for a provider that cannot be enabled."""

        def work(connection: Connection) -> Provider:
            row = self._row(connection, name)
            provider = self._provider(row)
            if provider.error:
                raise Conflict(f"provider {name!r}: {provider.error}")
            return self._update(connection, row, {"enabled": not row.enabled})

        return self._write(work)

    def add_missing(self, offered: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
        """Create what a start found in its configuration, and return the names that are new.

        A name is offered once: from then on what an administrator made of it holds, deletion included.
        """
        by_name = {fields["name"]: fields for fields in offered}
        if not by_name:
            return ()
        return self._write(lambda connection: self._seed(connection, by_name))

    def close(self) -> None:
        """Give back the connection and the thread; both come again when they are needed."""
        self._version.close()
        self._writer.close()

    def _write(self, work: Callable[[Connection], T]) -> T:
        try:
            return self._writer.run(work)
        except OperationalError as error:
            self._report("providers cannot be written", error=str(error.orig))
            raise Unavailable("the provider database is busy or cannot be written", retry_after=1) from error

    def _load(self) -> Snapshot:
        with self._engine.connect() as connection:  # one transaction: version and rows belong together
            number = version.read(connection)
            rows = connection.execute(select(providers).order_by(providers.c.id)).all()
        loaded = Snapshot(version=number, providers=tuple(self._provider(row) for row in rows))
        for provider in loaded.providers:
            if provider.error:
                self._report("provider is out of use", provider=provider.name, error=provider.error)
        return loaded

    def _row(self, connection: Connection, name: str) -> Row[Any]:
        row = connection.execute(select(providers).where(providers.c.name == name)).one_or_none()
        if row is None:
            raise NotFound(f"no provider named {name!r}")
        return row

    def _save(self, connection: Connection, fields: Mapping[str, Any]) -> tuple[Provider, bool]:
        try:
            row = self._row(connection, fields["name"])
        except NotFound:
            return self._insert(connection, fields), True
        return self._update(connection, row, fields), False

    def _insert(self, connection: Connection, fields: Mapping[str, Any]) -> Provider:
        now = datetime.now(UTC)
        values = {**_DEFAULTS} | self._columns(fields) | {"created_at": now, "updated_at": now}
        connection.execute(insert(providers).values(values))
        version.bump(connection)
        return self._provider(self._row(connection, fields["name"]))

    def _update(self, connection: Connection, row: Row[Any], fields: Mapping[str, Any]) -> Provider:
        values = self._columns(fields) | {"updated_at": datetime.now(UTC)}
        if values.get("api_key") and "headers" not in values and "headers" in self._reveal(row)[2]:
            # A new key is how such a provider is brought back; headers that nobody can read must not stand in its way.
            values["headers"] = None
            self._report("provider lost its extra headers: they could not be decrypted", provider=row.name)
        connection.execute(update(providers).where(providers.c.id == row.id).values(values))
        version.bump(connection)
        return self._provider(self._row(connection, fields.get("name", row.name)))

    def _seed(self, connection: Connection, offered: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
        known = set(connection.execute(select(seeded_providers.c.name)).scalars())
        present = set(connection.execute(select(providers.c.name)).scalars())
        first_seen = [name for name in offered if name not in known]
        created = [name for name in first_seen if name not in present]
        for name in created:
            self._insert(connection, offered[name])
        if first_seen:
            now = datetime.now(UTC)
            connection.execute(insert(seeded_providers), [{"name": name, "seeded_at": now} for name in first_seen])
        return tuple(created)

    def _columns(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Fields as their columns hold them: secrets as tokens."""
        if unknown := fields.keys() - _FIELDS:
            raise TypeError(f"not a field of a provider: {', '.join(sorted(unknown))}")
        columns = dict(fields)
        if "api_key" in columns:
            key = columns["api_key"]
            columns["api_key"] = self._vault.encrypt(key) if key else None
        if "headers" in columns:
            headers = columns["headers"]
            columns["headers"] = self._vault.encrypt(json.dumps(dict(headers))) if headers else None
        if "models" in columns:
            columns["models"] = list(columns["models"])
        return columns

    def _provider(self, row: Row[Any]) -> Provider:
        """The row as a value. One that cannot be decrypted must not take the others down: it says so itself."""
        api_key, headers, unreadable = self._reveal(row)
        return Provider(
            name=row.name,
            type=row.type,
            api_base_url=row.api_base_url,
            api_key=api_key,
            models=tuple(row.models),
            enabled=row.enabled and not unreadable,
            headers=headers,
            options=row.options,
            created_at=row.created_at,
            updated_at=row.updated_at,
            error=_UNREADABLE.format(" and ".join(unreadable)) if unreadable else None,
        )

    def _reveal(self, row: Row[Any]) -> tuple[str | None, dict[str, str], list[str]]:
        """The key and the headers, and which of the two columns do not open."""
        api_key: str | None = None
        headers: dict[str, str] = {}
        unreadable = []
        try:
            api_key = self._vault.decrypt(row.api_key) if row.api_key else None
        except Undecryptable:
            unreadable.append("api_key")
        try:
            headers = dict(json.loads(self._vault.decrypt(row.headers))) if row.headers else {}
        except (Undecryptable, ValueError, TypeError):  # another row's token opens, but holds no object
            unreadable.append("headers")
        return api_key, headers, unreadable
