"""Asking a provider of several keys for something beside messages: with one key after the other, until one serves.

Such questions (counts, lists, batches, files) go by what messages have shown of the keys, and are no key's turn: the
first one in service is always asked first, so that what an account keeps is found again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from msgspec import structs

from ccproxy.errors import UpstreamError, UpstreamRefused
from ccproxy.gateway.connecting import with_key
from ccproxy.translate.target import Target

T = TypeVar("T")

# Of a key that is for messages alone and may list or keep nothing: a 403 or a 401 of OpenAI's, a 403 of Amazon's.
_NOT_ALLOWED = re.compile(r"\bscopes?\b|\bpermissions?\b", re.IGNORECASE)


class Health(Protocol):
    """What is known of targets and their keys (`gateway.health`)."""

    def rank(self, targets: Sequence[Target]) -> list[Target]: ...  # noqa: D102
    def failed(self, target: Target, error: UpstreamError, seconds: float) -> float | None: ...  # noqa: D102


def ask(health: Health | None, target: Target, send: Callable[[Target], T], *, scattered: bool = False) -> T:
    """What `send` gives for the target with the first of its keys that is not refused; each is tried once at most.

    `scattered`: what is asked for is with the account of one key, so any refusal leads on to the next one. Where all
    are refused, raises what the first was told, but a 404 only where none was told anything else. Time is up to
    `send`, which raises DeadlinePassed.
    """
    if health is None or len(target.keys) < 2:
        return send(target)
    told: list[UpstreamError] = []
    for key in _in_order(health, target):
        keyed, begun = with_key(target, key), time.monotonic()
        try:
            return send(keyed)
        except UpstreamError as error:
            if not (_of_its_key(error) or (scattered and isinstance(error, UpstreamRefused))):
                raise
            if _of_its_key(error) and not _not_allowed(error):
                health.failed(keyed, error, time.monotonic() - begun)
            told.append(error)
    raise next((error for error in told if error.status != 404), told[0])


def _in_order(health: Health, target: Target) -> list[str]:
    """The keys that are in service in the provider's order, then those that rest."""
    return [one.keys[0] for one in health.rank([structs.replace(target, key=key, keys=(key,)) for key in target.keys])]


def _of_its_key(error: UpstreamError) -> bool:
    return error.status in (401, 402, 403) or (isinstance(error, UpstreamRefused) and error.of_account)


def _not_allowed(error: UpstreamError) -> bool:
    """Whether the key may not do this, and messages may well be answered with it: no news for health."""
    return error.status == 403 or _NOT_ALLOWED.search(error.message) is not None
