"""Secret keys against what they have encrypted: can it be read, and turning it over to a new key."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, select, update

from ccproxy.errors import SettingsError
from ccproxy.store import version
from ccproxy.store.models import providers
from ccproxy.store.session import write_engine
from ccproxy.store.vault import Undecryptable, Vault, add_key, open_vault

_ENCRYPTED = ("api_key", "headers")


def require_readable(engine: Engine, vault: Vault) -> int:
    """How many stored tokens there are. Raises SettingsError where there are some and none opens.

    A single one that does not is its provider's trouble, not the start's.
    """
    with engine.connect() as connection:
        tokens = [token for _, _, token in _tokens(connection)]
    if tokens and not any(_opens(vault, token) for token in tokens):
        raise SettingsError(
            f"secret keys: none of the {len(tokens)} stored provider keys and headers can be decrypted; bring back the "
            "key file beside the database or the old CCPROXY_SECRET_KEYS (or delete these providers' rows)"
        )
    return len(tokens)


def rotate(engine: Engine, secret_keys: Sequence[str], database_url: str) -> int:
    """Encrypt all tokens under the first key, in one transaction, and return how many; move the version.

    Without given keys the key file gets a new first key before, so that no token is ever ahead of its key. Raises
    SettingsError where a token cannot be opened; then nothing has changed but the key file.
    """
    vault = open_vault(secret_keys, database_url)
    require_readable(engine, vault)
    if not secret_keys:
        vault = Vault(add_key(database_url))
    with write_engine(engine).begin() as connection:
        tokens = _tokens(connection)
        for name, column, token in tokens:
            try:
                fresh = vault.rotate(token)
            except Undecryptable:
                raise SettingsError(
                    f"provider {name!r}: its stored {column} cannot be decrypted; set it again or delete the provider, "
                    "then rotate"
                ) from None
            connection.execute(update(providers).where(providers.c.name == name).values({column: fresh}))
        version.bump(connection)
    return len(tokens)


def _tokens(connection: Connection) -> list[tuple[str, str, str]]:
    """Provider, column and token of all that is encrypted."""
    rows = connection.execute(select(providers.c.name, *(providers.c[column] for column in _ENCRYPTED))).all()
    return [
        (row.name, column, token)
        for row in rows
        for column in _ENCRYPTED
        if (token := getattr(row, column)) is not None
    ]


def _opens(vault: Vault, token: str) -> bool:
    try:
        vault.decrypt(token)
    except Undecryptable:
        return False
    return True
