"""Provider keys at rest: what turns them into tokens and back, and where its own keys live.

Keys come from the settings, or else from a file beside the database that the first start makes: one key a line, the
first encrypts, all decrypt. Tokens are Fernet's: they carry their creation time and no associated data, so whoever
can write to the database could swap rows, but not read them.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ccproxy.errors import SettingsError
from ccproxy.store.session import make_private_folder, open_engine, sqlite_path
from ccproxy.store.tokens import count_stored

_SEAL_LABEL = b"ccproxy thinking signature"
_KEY_FILE_WITHOUT_SQLITE = "data/secret.key"
_PIECE = 128 * 1024  # bytes that are encrypted in one go, while which no other thread runs
_LENGTH = 4  # bytes that say how long a piece is

T = TypeVar("T")


class Undecryptable(Exception):
    """A token that none of the keys opens, or that is none."""


class Vault:
    """Encrypts with the first key, decrypts with all.

    `reread` is asked for the keys again when a token opens with none, and by `refresh`: `ccproxy rotate-secrets` adds
    to the key file while workers run.
    """

    def __init__(self, keys: Sequence[str], reread: Callable[[], Sequence[str]] | None = None) -> None:
        self._reread = reread
        self._use(keys)

    def __repr__(self) -> str:
        return f"Vault({len(self._keys)} keys)"

    def encrypt(self, text: str) -> str:
        """A token of `text`, made with the first key."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def decrypt(self, token: str) -> str:
        """The text. Raises Undecryptable."""
        return self._open(lambda: self._fernet.decrypt(token.encode()).decode())

    def rotate(self, token: str) -> str:
        """The same text under the first key; the token keeps its creation time. Raises Undecryptable."""
        return self._open(lambda: self._fernet.rotate(token.encode()).decode("ascii"))

    def encrypt_bytes(self, data: bytes) -> bytes:
        """A token of `data`, of whatever length, made with the first key."""
        pieces = (data[start : start + _PIECE] for start in range(0, len(data) or 1, _PIECE))
        return b"".join(_framed(self._fernet.encrypt(piece)) for piece in pieces)

    def decrypt_bytes(self, token: bytes) -> bytes:
        """The bytes of a token of `encrypt_bytes`. Raises Undecryptable."""
        return self._open(lambda: b"".join(self._fernet.decrypt(piece) for piece in _unframed(token)))

    def rotate_bytes(self, token: bytes) -> bytes:
        """As `rotate`, for a token of `encrypt_bytes`. Raises Undecryptable."""
        return self._open(lambda: b"".join(_framed(self._fernet.rotate(piece)) for piece in _unframed(token)))

    @property
    def seal_keys(self) -> tuple[bytes, ...]:
        """Keys for signing thinking blocks, derived from the secret keys in their order: the first signs."""
        return self._seal_keys

    def refresh(self) -> None:
        """Take the keys that there are now. Where they cannot be read, those that are known go on."""
        if self._reread is None:
            return
        with suppress(SettingsError):
            keys = tuple(self._reread())
            if keys != self._keys:
                self._use(keys)

    def _use(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._seal_keys = tuple(hmac.digest(key.encode(), _SEAL_LABEL, hashlib.sha256) for key in keys)

    def _open(self, attempt: Callable[[], T]) -> T:
        try:
            return attempt()
        except InvalidToken:
            if self._reread is None:
                raise Undecryptable from None
        keys = tuple(self._reread())
        if keys == self._keys:
            raise Undecryptable
        self._use(keys)
        try:
            return attempt()
        except InvalidToken:
            raise Undecryptable from None


def _framed(piece: bytes) -> bytes:
    """One of Fernet's tokens as its bytes, behind their number: its letters would take a third more."""
    plain = base64.urlsafe_b64decode(piece)
    return len(plain).to_bytes(_LENGTH, "big") + plain


def _unframed(token: bytes) -> list[bytes]:
    """The tokens in `token`. Raises InvalidToken."""
    found, start = [], 0
    while start < len(token):
        end = start + _LENGTH + int.from_bytes(token[start : start + _LENGTH], "big")
        found.append(base64.urlsafe_b64encode(token[start + _LENGTH : end]))
        start = end
    if start != len(token) or not found:
        raise InvalidToken
    return found


def open_vault(secret_keys: Sequence[str], database_url: str) -> Vault:
    """The vault of a running process: with a key file, it follows the file."""
    keys = load_keys(secret_keys, database_url)
    if secret_keys:
        return Vault(keys)
    return Vault(keys, reread=lambda: load_keys((), database_url))


def load_keys(secret_keys: Sequence[str], database_url: str) -> tuple[str, ...]:
    """The given keys, or else those of the key file, which is made if it is not there.

    Any number of processes may start at once: one makes the file, all get its key. Raises SettingsError, also where
    the file is gone but what it encrypted is not.
    """
    if secret_keys:
        return tuple(secret_keys)
    return _with_key_file(key_file(database_url), lambda keys: keys or (_first_key(database_url),))


def add_key(database_url: str) -> tuple[str, ...]:
    """Put a new key first in the key file; the old ones stay, to decrypt and to verify. Returns all."""
    return _with_key_file(key_file(database_url), lambda keys: (new_key(), *keys))


def new_key() -> str:
    """A fresh secret key."""
    return Fernet.generate_key().decode("ascii")


def key_file(database_url: str) -> Path:
    """Where the keys are when no setting gives them: beside SQLite's file, else below the working directory."""
    database = sqlite_path(database_url)
    if database is None:
        return Path(_KEY_FILE_WITHOUT_SQLITE).absolute()
    return database.with_name(database.name + ".key")


def _first_key(database_url: str) -> str:
    """The first key of a new file; a lost one is not replaced, because it may still be found."""
    if count := count_stored(open_engine(database_url)):
        raise SettingsError(
            f"key file {key_file(database_url)}: missing or empty, but {count} stored provider keys and headers were "
            "encrypted with it; bring it back, or give the keys in CCPROXY_SECRET_KEYS"
        )
    return new_key()


def _with_key_file(path: Path, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> tuple[str, ...]:
    """Read the file, let `change` decide on its keys and write them back, all under the file's lock."""
    try:
        make_private_folder(path.parent)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_mode & 0o077:
                os.fchmod(file.fileno(), 0o600)
            before = parse_keys(path, file.read())
            after = change(before)
            if after != before:
                file.seek(0)
                file.write("".join(f"{key}\n" for key in after))
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
            return after
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(f"key file {path}: {reason}; it must be a file that this user can read and write") from None


def parse_keys(path: Path, text: str) -> tuple[str, ...]:
    """The keys in a key file's text. Raises SettingsError for one that is damaged."""
    keys = tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key)
        except ValueError:
            raise SettingsError(
                f"key file {path}: key {number} is damaged; each must be 32 bytes in url-safe base64"
            ) from None
    return keys
