"""Decode contexts for tests."""

from __future__ import annotations

from typing import Any

from ccproxy.translate.dialect import Dialect
from ccproxy.translate.target import DecodeContext, Target

SEAL_KEY = b"k" * 32


def target(*, kind: str = "openai-chat", keys: tuple[bytes, ...] = (SEAL_KEY,), **flags: Any) -> Target:
    """A target of a provider whose dialect has these flags."""
    return Target(
        provider="somewhere",
        kind=kind,
        wire="openai-chat",
        model="some-model",
        base_url="http://127.0.0.1:1/v1",
        dialect=Dialect(**flags),
        seal_keys=keys,
    )


def context(
    *,
    input_tokens: int = 11,
    names: dict[str, str] | None = None,
    used_ids: frozenset[str] = frozenset(),
    local_stops: tuple[str, ...] = (),
    **target_options: Any,
) -> DecodeContext:
    """A context with the message id `msg_01test`."""
    return DecodeContext(
        message_id="msg_01test",
        target=target(**target_options),
        input_tokens=input_tokens,
        names=names or {},
        used_ids=used_ids,
        local_stops=local_stops,
    )
