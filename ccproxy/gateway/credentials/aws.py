"""Requests to Amazon's clouds: signed (SigV4) with a pair of keys, which may be the machine's own.

botocore signs, and finds the machine's credentials; no client of it is ever made here. It is imported when a provider
of that kind is first used: its signer takes 20 ms and 1 MB, its credential chain another 40 ms and 5 MB (measured).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from gevent.threadpool import ThreadPool

from ccproxy.gateway.credentials.keys import Pair
from ccproxy.gateway.credentials.lease import Failure, Lease

SERVICE = "bedrock"
"""What Bedrock's runtime and control plane are signed for, whatever their hosts are called (botocore's models)."""
MANTLE = "bedrock-mantle"
"""The endpoint with others' APIs is signed for under its own name (provider's SDK)."""
DEFAULT_REGION = "us-east-1"

LOOKED_AT = 60.0
"""Seconds after which the chain is asked again; it renews by itself what has fewer than 10 to 15 minutes left."""
GOOD = 540.0
"""Seconds for which what it gave is good, going by those 10 minutes."""

# The hosts of Amazon's that name their region: bedrock-runtime.us-east-1.amazonaws.com, and those of VPC endpoints.
_HOST = re.compile(r"(?:.*\.)?([a-z]{2,3}(?:-[a-z]+)+-\d+)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)", re.ASCII)
# What is signed of a request's own headers: what AWS asks for, and no more, because all else may change on the way.
_SIGNED = ("content-type", "x-amz")

_MISSING = (
    "there are no AWS credentials: neither an api_key nor any in the environment, a profile or the machine's role"
)


def region(url: str, options: Mapping[str, Any]) -> str:
    """The region to sign for: the one that the host names, for it is the one that checks; else the option's."""
    found = _HOST.fullmatch(urlsplit(url).hostname or "")
    if found:
        return found[1]
    given = options.get("region")
    return given if isinstance(given, str) and given else DEFAULT_REGION


def service(url: str, kind: str) -> str:
    """The service to sign for: the host says so, or the type of a provider that is somewhere else."""
    return MANTLE if kind == MANTLE or (urlsplit(url).hostname or "").startswith(MANTLE) else SERVICE


def signature(
    pair: Pair, service: str, region: str, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> dict[str, str]:
    """The headers that sign a request. The URL must go out as it is: its path is a part of what is signed."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    signed = {name: value for name, value in headers.items() if name.lower().startswith(_SIGNED)}
    request = AWSRequest(method=method, url=url, headers=dict(signed), data=body)
    SigV4Auth(pair, service, region).add_auth(request)
    return {name: value for name, value in request.headers.items() if name not in signed}


class Chain:
    """The machine's own credentials, by profile."""

    def __init__(self, sources: Callable[[str | None], Any] | None = None) -> None:
        """`sources` finds botocore's credentials for a profile's name, or None; it may wait and do what it likes."""
        self._sources = sources or _sources
        self._found: dict[str | None, Any] = {}
        self._pool: ThreadPool | None = None
        self._process = 0

    def load(self, profile: str | None) -> Lease[Pair] | Failure:
        """The credentials as they are now. They are looked for in a native thread, never on the hub.

        Files are read there, processes started, and the services asked that a container or an instance has. It is
        always the same thread, for connections that botocore keeps belong to it; and not one of the hub's pool, because
        name resolution lives there.
        """
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPool(1), os.getpid()
        outcome: Lease[Pair] | Failure = self._pool.apply(self._load, (profile,))
        return outcome

    def close(self) -> None:
        """End the thread. A later `load` starts another."""
        pool, self._pool = self._pool, None
        if pool is not None and self._process == os.getpid():
            pool.kill()

    def forget(self, profile: str | None) -> None:
        """Look anew the next time: what botocore reads from a file it never reads again."""
        self._found.pop(profile, None)

    def _load(self, profile: str | None) -> Lease[Pair] | Failure:
        # gevent prints the traceback of anything that a pooled function raises, so nothing may be
        from botocore.exceptions import BotoCoreError

        try:
            found = self._found.get(profile) or self._sources(profile)
            if found is None:
                return Failure(_MISSING, refused=True)
            self._found[profile] = found
            frozen = found.get_frozen_credentials()
        except BotoCoreError as error:
            return Failure(f"AWS credentials could not be loaded: {error}")
        except Exception as error:  # noqa: BLE001 - of a client that botocore makes to assume a role, or of its thread
            return Failure(f"AWS credentials could not be loaded: {type(error).__name__}")
        return Lease(Pair(frozen.access_key, frozen.secret_key, frozen.token), LOOKED_AT, GOOD)


def _sources(profile: str | None) -> Any:
    from botocore.session import Session

    return Session(profile=profile).get_credentials()
