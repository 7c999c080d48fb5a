"""Ids of tool calls, outward to Anthropic clients and inward to a provider.

Anthropic's ids are `[a-zA-Z0-9_-]+`. Some models answer ids such as `functions.search:0` and expect them back in
that form, so an illegal id is written reversibly outward. Inward some providers refuse what they did not make
themselves; such an id is replaced by a hash of it, the same for the call and for its result. No table is kept:
both directions depend on the id alone, so they hold in every worker and after a restart.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Literal

IdRule = Literal["any", "long", "short", "nine"]

_PREFIX = "ccpid_"
_LEGAL = re.compile(r"[a-zA-Z0-9_-]+").fullmatch
_NINE = re.compile(r"[a-zA-Z0-9]{9}").fullmatch
_LONG = 64  # the longest `call_id` that OpenAI takes
_SHORT = 40  # the longest `tool_call_id` that it takes
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def outward(id: str) -> str:
    """The provider's id as one that Anthropic clients take; legal ids stay as they are.

    >>> outward("functions.search:0")
    'ccpid_ZnVuY3Rpb25zLnNlYXJjaDow'
    """
    if _LEGAL(id) and not id.startswith(_PREFIX):
        return id
    return _PREFIX + base64.urlsafe_b64encode(id.encode("utf-8", "surrogatepass")).rstrip(b"=").decode()


def inward(id: str, rule: IdRule = "any") -> str:
    """The client's id as the provider takes it: `outward` undone, then the provider's rule.

    `long` allows 64 characters, `short` 40, `nine` exactly nine letters and digits.
    """
    original = _undone(id) if id.startswith(_PREFIX) else id
    match rule:
        case "long" | "short":
            most = _LONG if rule == "long" else _SHORT
            return original if len(original) <= most else "call_" + _digest(original).hex()[:32]
        case "nine":
            return original if _NINE(original) else _nine(original)
        case _:
            return original


def _undone(id: str) -> str:
    packed = id[len(_PREFIX) :]
    try:
        original = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode("utf-8", "surrogatepass")
    except (binascii.Error, UnicodeDecodeError):
        return id
    return original if outward(original) == id else id


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _nine(text: str) -> str:
    number = int.from_bytes(_digest(text)[:16], "big")
    letters = []
    for _ in range(9):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return "".join(letters)
