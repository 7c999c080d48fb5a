"""What encoding needs to know of a target, and what it makes: the two values at the edge of every wire.

A Target comes out of routing; an UpstreamRequest goes to `gateway.upstream`; a DecodeContext goes back into the
same wire with the answer. Nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct

from ccproxy.translate.dialect import Dialect

Auth = Literal["headers", "aws", "google"]


class Keepsakes(Protocol):
    """A bounded memory for what a provider wants back with a tool call and what no block has room for."""

    def get(self, id: str) -> bytes | None:
        """What was kept for the tool call of this id, as the client knows it."""

    def put(self, id: str, kept: bytes) -> None:
        """Keep it."""


class Target(Struct, frozen=True, kw_only=True):
    """One provider and one of its models.

    `kind` is the provider's type (a preset's name or a bare wire's): signatures and replayed reasoning are bound to
    it. `dialect` is resolved for this model, with the options on top. `headers` hold the provider's key and `secrets`
    the texts that no message may show: both are left out of `repr`. `options` are the provider's own, as its preset
    documents them. `seal_keys` sign thinking blocks: the first signs, all verify. `auth` is how the request is
    authorized: by `headers` as they are, or by what `gateway.credentials` makes of `key` for each request. `keys` are
    all that the provider has, where there are several; `key` is the one to use. `parameters` stand in place of the
    client's own (`translate.overrides`).
    """

    provider: str
    kind: str
    wire: str
    model: str
    base_url: str
    dialect: Dialect
    headers: dict[str, str] = {}
    auth: Auth = "headers"
    key: str | None = None
    keys: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = {}
    options: dict[str, Any] = {}
    secrets: tuple[str, ...] = ()
    seal_keys: tuple[bytes, ...] = ()
    keepsakes: Keepsakes | None = None

    @property
    def label(self) -> str:
        """The name that answers carry: `provider/upstream-model`."""
        return f"{self.provider}/{self.model}"

    def __repr__(self) -> str:
        return f"Target({self.label}, wire={self.wire}, base_url={self.base_url})"


class UpstreamRequest(Struct, frozen=True, kw_only=True):
    """What to send: `path` is relative to the target's base URL and may carry a query.

    `losses` are the paths of what could not be carried (`top_k`, `tools[3].cache_control`). `names` maps the tool
    names that the provider sees to the client's, only where they differ. `used_ids` are the tool ids of the
    conversation so far, which an answer must not repeat. `local_stops` are stop sequences that the provider does
    not take, so decoding enforces them.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    losses: tuple[str, ...] = ()
    names: dict[str, str] = {}
    used_ids: frozenset[str] = frozenset()
    local_stops: tuple[str, ...] = ()


class DecodeContext(Struct, frozen=True, kw_only=True):
    """What decoding needs besides the bytes.

    `message_id` is the fresh `msg_` id of the answer; tool ids that the provider leaves out are derived from it.
    `input_tokens` is the estimate for `message_start` and for answers without usage.
    """

    message_id: str
    target: Target
    input_tokens: int
    names: dict[str, str] = {}
    used_ids: frozenset[str] = frozenset()
    local_stops: tuple[str, ...] = ()
