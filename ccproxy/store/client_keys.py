"""Client keys: kept by their digests, held in each worker as a snapshot that is never out of date.

A key's text exists in this process for as long as it takes to show it to whoever made it. What a key may do is only
kept here; access, limits and budgets are the gateway's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ccproxy.errors import Conflict, Unavailable
from ccproxy.store import key_text, version
from ccproxy.store.audit import SYSTEM, Actor, Trail, only_name
from ccproxy.store.models import client_keys, key_uses
from ccproxy.store.named_rows import NamedRows
from ccproxy.store.report import Report, to_logging

Role = Literal["admin", "member"]
Capture = Literal["off", "errors", "all"]

_EPOCH = datetime.fromtimestamp(0, UTC)
_FIELDS = frozenset(
    {
        *("name", "owner", "role", "models", "addresses", "expires_at", "capture", "enabled"),
        *("requests_per_minute", "tokens_per_minute", "concurrent_requests"),
        *("daily_budget_usd", "monthly_budget_usd", "daily_token_budget", "monthly_token_budget"),
    }
)
_DEFAULTS: Mapping[str, Any] = {"role": "member", "models": [], "addresses": [], "capture": "off", "enabled": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """One key as requests see it.

    `models` are globs on what may be asked for, `addresses` CIDRs of where it may be used; empty is any. Limits and
    budgets are None where there is none; budgets are of a day and a month in UTC. `former_digest` is taken too until
    `former_until`. Digests stay out of `repr`.
    """

    name: str
    owner: str | None = None
    role: Role = "member"
    prefix: str
    digest: str = field(repr=False)
    former_prefix: str | None = None
    former_digest: str | None = field(default=None, repr=False)
    former_until: datetime | None = None
    models: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    expires_at: datetime | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent_requests: int | None = None
    daily_budget_usd: float | None = None
    monthly_budget_usd: float | None = None
    daily_token_budget: int | None = None
    monthly_token_budget: int | None = None
    capture: Capture = "off"
    enabled: bool = True
    created_at: datetime = _EPOCH
    updated_at: datetime = _EPOCH


@dataclass(frozen=True, kw_only=True)
class KeySnapshot:
    """All keys at one version, in the order of their creation."""

    version: int
    keys: tuple[ClientKey, ...]
    _by_digest: Mapping[str, ClientKey] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_digest = {key.former_digest: key for key in self.keys if key.former_digest}
        object.__setattr__(self, "_by_digest", by_digest | {key.digest: key for key in self.keys})

    def find(self, digest: str) -> ClientKey | None:
        """The key of that digest, be it the present or the former one."""
        return self._by_digest.get(digest)

    def get(self, name: str) -> ClientKey | None:
        """The key of that name."""
        return next((key for key in self.keys if key.name == name), None)


class ClientKeys:
    """The table of client keys. Reads happen where they are called, writes in a thread of their own.

    Fields are those of ClientKey that an administrator says; anything else is a TypeError. Writes raise Unavailable
    when another process holds the database for too long. Each is told to the audit with its actor, and as `show` shows
    the key.
    """

    def __init__(
        self, engine: Engine, report: Report = to_logging, show: Callable[[ClientKey], Mapping[str, Any]] = only_name
    ) -> None:
        self._engine = engine
        self._report = report
        self._rows = NamedRows(
            engine, client_keys, "key", report, trail=Trail("key", _key, show), version_row=version.KEYS
        )
        self._version = version.VersionReader(engine, version.KEYS)
        self._held: KeySnapshot | None = None

    def snapshot(self) -> KeySnapshot:
        """What is true now: one small read, and a reload where the version has moved.

        When the database cannot be read the last snapshot goes on serving, and this is reported; without one, raises
        Unavailable.
        """
        held = self._held
        try:
            if held is not None and self._version.read() == held.version:
                return held
            with self._engine.connect() as connection:  # one transaction: version and rows belong together
                number = version.read(connection, version.KEYS)
                keys = tuple(_key(row) for row in self._rows.all(connection))
            self._held = held = KeySnapshot(version=number, keys=keys)
        except (SQLAlchemyError, sqlite3.Error) as error:
            self._report("client keys cannot be read", error=str(error))
            if held is None:
                raise Unavailable("the database of client keys cannot be read") from error
        return held

    def create(self, fields: Mapping[str, Any], actor: Actor = SYSTEM) -> tuple[ClientKey, str]:
        """A new key, and its text, which nobody can be told again. Raises Conflict where there is one of its name."""
        text = key_text.new_key()
        columns = {**_DEFAULTS} | _columns(fields) | _identity(text)
        try:
            return self._rows.write(lambda connection: _key(self._rows.insert(connection, columns, actor))), text
        except IntegrityError:
            raise Conflict(f"a key named {fields['name']!r} exists already; change it under /keys/NAME") from None

    def change(self, name: str, fields: Mapping[str, Any], actor: Actor = SYSTEM) -> ClientKey:
        """Update a key; fields left out stay. Raises NotFound."""
        columns = _columns(fields)
        return self._rows.write(
            lambda connection: _key(self._rows.update(connection, self._rows.get(connection, name), columns, actor))
        )

    def rotate(self, name: str, grace: timedelta, actor: Actor = SYSTEM) -> tuple[ClientKey, str]:
        """Give a key a new text; the old one is taken for `grace` longer, one before it no more. Raises NotFound."""
        text = key_text.new_key()

        def work(connection: Connection) -> ClientKey:
            row = self._rows.get(connection, name)
            former: dict[str, Any] = {"former_prefix": None, "former_digest": None, "former_until": None}
            if grace > timedelta(0):
                until = datetime.now(UTC) + grace
                former = {"former_prefix": row.prefix, "former_digest": row.digest, "former_until": until}
            return _key(self._rows.update(connection, row, {**former, **_identity(text)}, actor, "rotate"))

        return self._rows.write(work), text

    def toggle(self, name: str, actor: Actor = SYSTEM) -> ClientKey:
        """Flip `enabled`. Raises NotFound."""

        def work(connection: Connection) -> ClientKey:
            row = self._rows.get(connection, name)
            return _key(self._rows.update(connection, row, {"enabled": not row.enabled}, actor, "toggle"))

        return self._rows.write(work)

    def delete(self, name: str, actor: Actor = SYSTEM) -> None:
        """Delete a key; what it did stays in the logs under its name. Raises NotFound."""
        self._rows.delete(name, actor)

    def close(self) -> None:
        """Give back the connection and the thread; both come again when they are needed."""
        self._version.close()
        self._rows.close()


def last_uses(connection: Connection) -> dict[str, datetime]:
    """When each key was last used, by its name; a key that never was is not in it."""
    return {row.key: row.last_used_at for row in connection.execute(select(key_uses))}


def _identity(text: str) -> dict[str, str]:
    return {"prefix": text[: key_text.SHOWN], "digest": key_text.digest(text)}


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := fields.keys() - _FIELDS:
        raise TypeError(f"not a field of a key: {', '.join(sorted(unknown))}")
    return {name: list(said) if isinstance(said, tuple) else said for name, said in fields.items()}


def _key(row: Row[Any]) -> ClientKey:
    said = dict(row._mapping)
    del said["id"]
    return ClientKey(**{name: _plain(value) for name, value in said.items()})


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else value
