"""Secret keys against what they have encrypted: can it be read, and turning it over to a new key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Engine, Row, select, update

from ccproxy.errors import SettingsError
from ccproxy.store import audit, version
from ccproxy.store.models import captures, providers
from ccproxy.store.session import write_engine
from ccproxy.store.tokens import stored
from ccproxy.store.vault import Undecryptable, Vault, add_key, open_vault

_BODIES = ("headers", "request", "answer")


def require_readable(engine: Engine, vault: Vault) -> int:
    """How many stored tokens there are. Raises SettingsError where there are some and none opens.

    A single one that does not is its provider's trouble, not the start's.
    """
    with engine.connect() as connection:
        tokens = stored(connection)
    if tokens and not any(_opens(vault, each.token) for each in tokens):
        raise SettingsError(
            f"secret keys: none of the {len(tokens)} stored provider keys and headers can be decrypted with them; "
            "bring back the old CCPROXY_SECRET_KEYS or the key file beside the database"
        )
    return len(tokens)


def rotate(engine: Engine, secret_keys: Sequence[str], database_url: str) -> int:
    """Encrypt all tokens under the first key, in one transaction, and return how many; move the version.

    Without given keys the key file first gets a new one at its head. The file is ahead of the tokens, never behind, so
    a running worker finds the key of whatever it reads. Raises SettingsError, with nothing changed, where a token
    cannot be opened.
    """
    vault = open_vault(secret_keys, database_url)
    with write_engine(engine).begin() as connection:
        tokens = stored(connection)
        for each in tokens:
            if not _opens(vault, each.token):
                raise SettingsError(
                    f"provider {each.provider!r}: its stored {each.column} cannot be decrypted; "
                    "set it again or delete the provider, then rotate"
                )
        if not secret_keys:
            vault = Vault(add_key(database_url))
        for each in tokens:
            connection.execute(
                update(providers)
                .where(providers.c.name == each.provider)
                .values({each.column: vault.rotate(each.token)})
            )
        version.bump(connection)
        told = f"{len(tokens)} tokens encrypted anew under {'a given' if secret_keys else 'a new'} key"
        audit.record(connection, audit.COMMAND_LINE, "secrets.rotate", "", detail=told)
    return len(tokens)


def rotate_captures(engine: Engine, secret_keys: Sequence[str], database_url: str) -> tuple[int, int]:
    """Encrypt captured bodies under the first key too: how many were, and how many no key opens, which stay so.

    To be called after `rotate`. A few at a time, for they are large, and nobody is to wait for the database meanwhile;
    calling it again is harmless.
    """
    vault = open_vault(secret_keys, database_url)
    turned = unreadable = 0
    for row in _captured(engine):
        try:
            columns = {name: vault.rotate_bytes(token) for name in _BODIES if (token := getattr(row, name)) is not None}
        except Undecryptable:
            unreadable += 1
            continue
        with write_engine(engine).begin() as connection:
            connection.execute(update(captures).where(captures.c.request_id == row.request_id).values(columns))
        turned += 1
    return turned, unreadable


def _captured(engine: Engine) -> Iterator[Row[Any]]:
    """Every capture, in transactions of their own."""
    last = ""
    while True:
        with engine.connect() as connection:
            query = select(captures).where(captures.c.request_id > last).order_by(captures.c.request_id).limit(1)
            row = connection.execute(query).first()
        if row is None:
            return
        yield row
        last = row.request_id


def _opens(vault: Vault, token: str) -> bool:
    try:
        vault.decrypt(token)
    except Undecryptable:
        return False
    return True
