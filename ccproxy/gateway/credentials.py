"""What authorizes a request to a provider, where a key in a header is not all there is to it."""

from __future__ import annotations

from collections.abc import Mapping

from ccproxy.gateway.upstream import Upstream
from ccproxy.translate.target import Target


class Credentials:
    """The credentials of one worker's targets."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def headers(
        self, target: Target, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Mapping[str, str]:
        """The headers of a request with what authorizes it."""
        return headers
