"""Making what others wrote fit to be shown or kept: a provider's error names the provider, and no secret."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ccproxy.errors import UpstreamError, UpstreamRefused
from ccproxy.gateway.credentials import keys
from ccproxy.store.providers import Provider
from ccproxy.translate.redact import redact
from ccproxy.translate.target import Target

SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie|password|credential", re.IGNORECASE)
"""Headers whose values are credentials, going by their names."""


def fit_to_show(error: UpstreamError, target: Target) -> UpstreamError:
    """The same error. A body that was to be sent as it is goes if one of the target's secrets is in it."""
    message = redact(error.message, target.secrets)
    if error.status == 401 and isinstance(error, UpstreamRefused):
        message = f"provider {target.provider!r} refused its API key: {message}"
    error.message = message
    if error.payload is not None and any(secret.encode() in error.payload for secret in target.secrets):
        error.payload = None
    return error


def secrets_of(providers: Iterable[Provider]) -> tuple[str, ...]:
    """All that is known to be secret: the providers' keys, and what their headers authorize with."""
    found: dict[str, None] = {}
    for provider in providers:
        for key in provider.keys:
            found |= dict.fromkeys(keys.secrets(key))
        for name, value in provider.headers.items():
            if SECRET_HEADER.search(name):
                found |= dict.fromkeys((value, value.rpartition(" ")[2]))
    return tuple(found)
