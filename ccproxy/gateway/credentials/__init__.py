"""What authorizes a request to a provider, where a key in a header is not all there is to it.

Amazon's clouds want each request signed, Google's want an access token that lasts an hour. `keys` knows the forms that
such a key has, `lease` keeps what expires, `aws` and `google` make what goes into the headers.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccproxy.errors import NoCredentials, Unreachable
from ccproxy.gateway.credentials import aws, google, keys
from ccproxy.gateway.credentials.lease import Failure, Leases
from ccproxy.gateway.upstream import Upstream
from ccproxy.translate.redact import redact
from ccproxy.translate.target import Target


class Credentials:
    """The credentials of one worker's targets."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._chain = aws.Chain()
        self._frozen: Leases[keys.Pair] = Leases()
        self._tokens: Leases[Mapping[str, str]] = Leases()

    def headers(
        self, target: Target, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Mapping[str, str]:
        """The headers of a request with what authorizes it; the same ones where that is in them already.

        May wait for a token, at most once at a time for each key. Raises NoCredentials where there are none or they
        are refused, Unreachable where nobody could be asked.
        """
        if target.auth == "headers":
            return headers
        if any(name.lower() == "authorization" for name in headers):
            return headers  # the administrator's own
        if target.auth == "google":
            return {**headers, **self._google(target)}
        key = target.key
        pair = keys.pair(key) if key else self._ours(target)
        if pair is None:
            return {**headers, "authorization": f"Bearer {key}"}  # an API key of Bedrock's
        service, region = aws.service(url, target.kind), aws.region(url, target.options)
        return {**headers, **aws.signature(pair, service, region, method, url, headers, body)}

    def refused(self, target: Target) -> None:
        """The provider took what authorized a request for nothing: it is not used again."""
        if target.auth == "google":
            self._tokens.drop(target.key)
        elif target.auth == "aws" and not target.key:
            profile = _profile(target)
            self._chain.forget(profile)
            self._frozen.drop(profile)

    def close(self) -> None:
        """End the thread that looks for the machine's credentials, if there is one."""
        self._chain.close()

    def _google(self, target: Target) -> Mapping[str, str]:
        key = target.key
        if key and not keys.is_json(key):
            return google.plain(key)
        held = self._tokens.get(key, lambda: google.token(key, self._upstream.ask))
        if isinstance(held, Failure):
            raise _error(held, target)
        return held

    def _ours(self, target: Target) -> keys.Pair:
        """The credentials that this machine has of its own: from the environment, a profile, its role."""
        profile = _profile(target)
        held = self._frozen.get(profile, lambda: self._chain.load(profile))
        if isinstance(held, Failure):
            raise _error(held, target)
        return held


def made_anew(target: Target) -> tuple[str, ...]:
    """The headers that authorize a request to the target, where they are made for each request anew."""
    if target.auth == "headers":
        return ()
    if target.auth == "google" and target.key and not keys.is_json(target.key):
        return tuple(google.plain(target.key))
    return ("authorization",)


def _profile(target: Target) -> str | None:
    profile = target.options.get("profile")
    return profile if isinstance(profile, str) and profile else None


def _error(failure: Failure, target: Target) -> NoCredentials | Unreachable:
    """A new error each time, for whoever shows one writes into it."""
    kind = NoCredentials if failure.refused else Unreachable
    return kind(redact(f"provider {target.provider!r}: {failure.message}", target.secrets))
