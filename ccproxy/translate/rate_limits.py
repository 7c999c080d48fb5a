"""Rate limits that a provider tells in headers, as Anthropic's headers tell them."""

from __future__ import annotations

from collections.abc import Mapping

_PREFIX = "anthropic-ratelimit-"


def headers(upstream: Mapping[str, str], now: float) -> dict[str, str]:
    """The `anthropic-ratelimit-*` headers for the client. `now`: seconds since 1970, for waits that become moments."""
    return {name.lower(): value for name, value in upstream.items() if name.lower().startswith(_PREFIX)}
