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

from sqlalchemy import Connection, Engine, Row
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ccproxy.errors import Conflict, Unavailable
from ccproxy.store import version
from ccproxy.store.audit import SYSTEM, Actor, Trail, only_name
from ccproxy.store.models import providers, seeded_providers
from ccproxy.store.named_rows import OFFERED, NamedRows
from ccproxy.store.prices import SaidPrice, all_prices
from ccproxy.store.report import Report, to_logging
from ccproxy.store.routes import Route, all_routes
from ccproxy.store.vault import Undecryptable, Vault

_EPOCH = datetime.fromtimestamp(0, UTC)
_FIELDS = frozenset({"name", "type", "api_base_url", "api_key", "api_keys", "models", "enabled", "headers", "options"})
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

    @property
    def keys(self) -> tuple[str, ...]:
        """All its keys, however many."""
        return self.api_keys or ((self.api_key,) if self.api_key else ())


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All providers, routes and said prices at one version, each in the order of their creation."""

    version: int
    providers: tuple[Provider, ...]
    routes: tuple[Route, ...] = ()
    prices: tuple[SaidPrice, ...] = ()
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

    Fields are those of Provider without its times and `error`; anything else is a TypeError. `api_key` alone stands in
    place of all keys, as `api_keys` does; empty `api_keys` leave the first as the only one. Writes raise Unavailable
    when another process holds the database for too long. Each write is told to the audit with its actor, and as `show`
    shows the provider, which must be without its secrets.
    """

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        report: Report = to_logging,
        show: Callable[[Provider], Mapping[str, Any]] = only_name,
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._report = report
        trail = Trail("provider", self._provider, show)
        self._rows = NamedRows(engine, providers, "provider", report, trail=trail, seeded=seeded_providers)
        self._version = version.VersionReader(engine)
        self._held: Snapshot | None = None

    @property
    def held(self) -> Snapshot | None:
        """The snapshot that was taken last, however old, for nothing is read; None before the first."""
        return self._held

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

    def save(self, fields: Mapping[str, Any], actor: Actor = SYSTEM) -> tuple[Provider, bool]:
        """Create or update the provider `fields["name"]`; the flag says whether it was created.

        Creating fills what is left out with Provider's defaults (`type` and `api_base_url` are needed); updating
        leaves it as it is. Any number of workers may save the same name at once: one row.
        """
        return self._rows.save(
            fields["name"],
            lambda connection: self._insert(connection, fields, actor),
            lambda connection, row: self._update(connection, row, fields, actor),
        )

    def change(self, name: str, fields: Mapping[str, Any], actor: Actor = SYSTEM) -> Provider:
        """Update a provider; fields left out stay, and a new `name` renames it. Raises NotFound, Conflict."""
        try:
            return self._rows.write(
                lambda connection: self._update(connection, self._rows.get(connection, name), fields, actor)
            )
        except IntegrityError:
            raise Conflict(f"a provider named {fields.get('name')!r} exists already") from None

    def delete(self, name: str, actor: Actor = SYSTEM) -> None:
        """Delete a provider. Routes that name it stay as they are. Raises NotFound."""
        self._rows.delete(name, actor)

    def toggle(self, name: str, actor: Actor = SYSTEM) -> Provider:
        """Flip `enabled`. Raises NotFound, and Conflict for a provider that cannot be enabled."""

        def work(connection: Connection) -> Provider:
            row = self._rows.get(connection, name)
            provider = self._provider(row)
            if provider.error:
                raise Conflict(f"provider {name!r}: {provider.error}")
            return self._update(connection, row, {"enabled": not row.enabled}, actor, "toggle")

        return self._rows.write(work)

    def add_missing(self, offered: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
        """Create what a start found in its configuration, and return the names that are new.

        A name is offered once: from then on what an administrator made of it holds, deletion included.
        """
        return self._rows.add_missing(
            offered, lambda connection, fields: self._insert(connection, fields, SYSTEM, OFFERED)
        )

    def close(self) -> None:
        """Give back the connection and the thread; both come again when they are needed."""
        self._version.close()
        self._rows.close()

    def _load(self) -> Snapshot:
        with self._engine.connect() as connection:  # one transaction: version and rows belong together
            number = version.read(connection)
            rows = self._rows.all(connection)
            routes, prices = all_routes(connection), all_prices(connection)
        loaded = Snapshot(
            version=number, providers=tuple(self._provider(row) for row in rows), routes=routes, prices=prices
        )
        for provider in loaded.providers:
            if provider.error:
                self._report("provider is out of use", provider=provider.name, error=provider.error)
        return loaded

    def _insert(
        self, connection: Connection, fields: Mapping[str, Any], actor: Actor, detail: str | None = None
    ) -> Provider:
        columns = {**_DEFAULTS} | self._columns(fields)
        return self._provider(self._rows.insert(connection, columns, actor, detail))

    def _update(
        self, connection: Connection, row: Row[Any], fields: Mapping[str, Any], actor: Actor, verb: str = "change"
    ) -> Provider:
        columns = self._columns(fields)
        if columns.get("api_key") and "headers" not in columns and "headers" in self._reveal(row)[2]:
            # A new key is how such a provider is brought back; headers that nobody can read must not stand in its way.
            columns["headers"] = None
            self._report("provider lost its extra headers: they could not be decrypted", provider=row.name)
        return self._provider(self._rows.update(connection, row, columns, actor, verb))

    def _columns(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Fields as their columns hold them: secrets as tokens."""
        if unknown := fields.keys() - _FIELDS:
            raise TypeError(f"not a field of a provider: {', '.join(sorted(unknown))}")
        columns = dict(fields)
        if "api_key" in columns or "api_keys" in columns:
            columns |= self._key_columns(columns)
        if "headers" in columns:
            headers = columns["headers"]
            columns["headers"] = self._vault.encrypt(json.dumps(dict(headers))) if headers else None
        if "models" in columns:
            columns["models"] = list(columns["models"])
        return columns

    def _key_columns(self, fields: Mapping[str, Any]) -> dict[str, str | None]:
        keys = list(fields.get("api_keys") or ())
        columns = {"api_keys": self._vault.encrypt(json.dumps(keys)) if len(keys) > 1 else None}
        if keys or "api_key" in fields:
            first = keys[0] if keys else fields["api_key"]
            columns["api_key"] = self._vault.encrypt(first) if first else None
        return columns

    def _provider(self, row: Row[Any]) -> Provider:
        """The row as a value. One that cannot be decrypted must not take the others down: it says so itself."""
        api_keys, headers, unreadable = self._reveal(row)
        return Provider(
            name=row.name,
            type=row.type,
            api_base_url=row.api_base_url,
            api_key=api_keys[0] if api_keys else None,
            api_keys=api_keys if len(api_keys) > 1 else (),
            models=tuple(row.models),
            enabled=row.enabled and not unreadable,
            headers=headers,
            options=row.options,
            created_at=row.created_at,
            updated_at=row.updated_at,
            error=_UNREADABLE.format(" and ".join(unreadable)) if unreadable else None,
        )

    def _reveal(self, row: Row[Any]) -> tuple[tuple[str, ...], dict[str, str], list[str]]:
        """The keys and the headers, and which of the columns do not open."""
        api_keys: tuple[str, ...] = ()
        headers: dict[str, str] = {}
        unreadable = []
        column = "api_keys" if row.api_keys else "api_key"
        try:
            if row.api_keys:
                api_keys = _texts(json.loads(self._vault.decrypt(row.api_keys)))
            elif row.api_key:
                api_keys = (self._vault.decrypt(row.api_key),)
        except (Undecryptable, ValueError, TypeError):  # another row's token opens, but holds no list
            unreadable.append(column)
        try:
            headers = dict(json.loads(self._vault.decrypt(row.headers))) if row.headers else {}
        except (Undecryptable, ValueError, TypeError):  # another row's token opens, but holds no object
            unreadable.append("headers")
        return api_keys, headers, unreadable


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("not a list of strings")
    return tuple(value)
