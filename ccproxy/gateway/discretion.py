"""Making a provider's error fit to be shown: it names the provider, and no secret."""

from __future__ import annotations

from ccproxy.errors import UpstreamError, UpstreamRefused
from ccproxy.translate.redact import redact
from ccproxy.translate.target import Target


def fit_to_show(error: UpstreamError, target: Target) -> UpstreamError:
    """The same error. A body that was to be sent as it is goes if one of the target's secrets is in it."""
    message = redact(error.message, target.secrets)
    if error.status == 401 and isinstance(error, UpstreamRefused):
        message = f"provider {target.provider!r} refused its API key: {message}"
    error.message = message
    if error.payload is not None and any(secret.encode() in error.payload for secret in target.secrets):
        error.payload = None
    return error
