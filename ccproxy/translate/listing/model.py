"""A model as GET /v1/models shows it."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

# What the Messages API gives for a model whose release date is not known
UNKNOWN_DATE = "1970-01-01T00:00:00Z"


class Model(Struct, frozen=True, tag="model", kw_only=True):
    """Limits are in tokens. `capabilities` hold `{"supported": …}` by name, some with more inside; Anthropic's own come
    as they are. What is not known is left out. `line`, `deprecated_at` and `retires_at` are there where a provider
    tells them; dates are RFC 3339.
    """

    id: str
    display_name: str
    created_at: str = UNKNOWN_DATE
    # What a provider lists can be used; SDKs take the field for granted.
    lifecycle: str = "active"
    max_input_tokens: int | UnsetType = UNSET
    max_tokens: int | UnsetType = UNSET
    line: str | UnsetType | None = UNSET
    deprecated_at: str | UnsetType | None = UNSET
    retires_at: str | UnsetType | None = UNSET
    capabilities: dict[str, Any] | UnsetType = UNSET
