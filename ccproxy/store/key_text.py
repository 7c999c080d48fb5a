"""The text of a client key: `ccp_`, 32 random bytes and a checksum, in letters and digits that cannot be mixed up.

The checksum tells a key that was mistyped or cut off from one that is unknown, without a look at the database. Only the
digest of a key is kept. It needs no slow hash, for nobody can guess 256 random bits.
"""

from __future__ import annotations

import hashlib
import secrets
from zlib import crc32

MARK = "ccp_"
"""What every key begins with, so that people and secret scanners know it."""
SHOWN = len(MARK) + 8
"""Characters of a key that may be shown: enough to tell keys apart, and no help in guessing the rest."""

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # base58: without 0, O, I and l
_RANDOM_BYTES = 32
_RANDOM_LENGTH = 44  # digits of base 58 that 32 bytes take at most
_CHECK_LENGTH = 6
_LENGTH = len(MARK) + _RANDOM_LENGTH + _CHECK_LENGTH


def new_key() -> str:
    """A fresh key, 54 characters of ASCII."""
    body = MARK + _digits(int.from_bytes(secrets.token_bytes(_RANDOM_BYTES), "big"), _RANDOM_LENGTH)
    return body + _checksum(body)


def is_marked(text: str) -> bool:
    """Whether it is meant as a client key."""
    return text.startswith(MARK)


def is_whole(text: str) -> bool:
    """Whether the checksum fits: False for a key that was mistyped or cut off."""
    return len(text) == _LENGTH and is_marked(text) and _checksum(text[:-_CHECK_LENGTH]) == text[-_CHECK_LENGTH:]


def digest(text: str) -> str:
    """What is kept of a key: its SHA-256 in hex. Bytes that are no ASCII come from headers, as latin-1."""
    return hashlib.sha256(text.encode("latin-1", "replace")).hexdigest()


def _checksum(body: str) -> str:
    return _digits(crc32(body.encode("latin-1", "replace")), _CHECK_LENGTH)


def _digits(number: int, length: int) -> str:
    found = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        found.append(_ALPHABET[digit])
    return "".join(reversed(found))
