"""Requests to Google's cloud: an access token, made from an account in JSON or from the machine's own credentials.

google-auth knows how tokens are asked for; what it asks goes through our own connections, so nothing here holds the
hub. It is imported when a provider of that kind first needs a token: 25 ms and 2 MB (measured).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import gevent
from msgspec import Struct

from ccproxy.errors import CCProxyError
from ccproxy.gateway.credentials.keys import account
from ccproxy.gateway.credentials.lease import Failure, Lease

Ask = Callable[[str, str, Mapping[str, str], "bytes | None", float], tuple[int, Mapping[str, str], bytes]]

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TIMEOUT = 20.0
"""Seconds for a token, with google-auth's own retries."""
ONE_CALL = 10.0
EARLY = 225.0
"""Seconds before its end from which on a token is replaced: from then on Google gives a new one."""
LAST = 15.0
"""Seconds before its end from which on a token is not used: it has to get there, and clocks differ."""
UNKNOWN = 300.0
"""Seconds for which a token is used whose end nobody told."""
AT_LEAST = 10.0


def plain(key: str) -> dict[str, str]:
    """The header for a key that is one word: an access token that somebody made, or an API key (express mode)."""
    return {"authorization": f"Bearer {key}"} if key.startswith("ya29.") else {"x-goog-api-key": key}


def token(key: str | None, ask: Ask) -> Lease[Mapping[str, str]] | Failure:
    """Headers with an access token, for the account in `key` or for the machine's own credentials.

    `ask` sends a request (method, URL, headers, body, timeout) and gives status, headers and body.
    """
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError

    try:
        with gevent.Timeout(TIMEOUT):
            credentials = _credentials(key, _Transport(ask))
            credentials.refresh(_Transport(ask))
    except gevent.Timeout:
        return Failure(f"no access token came from Google within {TIMEOUT:g} s")
    except TransportError as error:
        return Failure(f"no access token from Google: {error}")
    except DefaultCredentialsError:
        return Failure(
            "there are no Google credentials: neither an api_key nor application default credentials "
            "(GOOGLE_APPLICATION_CREDENTIALS)",
            refused=True,
        )
    except GoogleAuthError as error:
        reason = f"Google gave no access token: {_words(error)}"
        return Failure(reason, refused=not error.retryable)
    except ValueError:
        # Of the JSON or of the private key in it; its text may hold parts of them
        return Failure("Google's account in api_key cannot be read", refused=True)
    except Exception as error:  # noqa: BLE001 - google-auth looks into answers as if they were what they should be
        return Failure(f"no access token from Google: its answer makes no sense ({type(error).__name__})")
    headers: dict[str, str] = {}
    credentials.apply(headers)
    left = _left(credentials.expiry)
    return Lease(headers, max(AT_LEAST, left - EARLY), left - LAST)


def _credentials(key: str | None, transport: _Transport) -> Any:
    if key is None:
        import google.auth

        found, _ = google.auth.default(scopes=[SCOPE], request=cast("Any", transport))
        return found
    info = account(key)
    if info["type"] == "service_account":
        from google.oauth2 import service_account

        account_of: Any = service_account.Credentials
        return account_of.from_service_account_info(info, scopes=[SCOPE])
    from google.oauth2 import credentials

    user_of: Any = credentials.Credentials
    return user_of.from_authorized_user_info(info, scopes=[SCOPE])


def _left(expiry: datetime | None) -> float:
    """Seconds until a moment that google-auth gives in UTC without saying so."""
    return UNKNOWN if expiry is None else (expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()


def _words(error: Exception) -> str:
    return str(error.args[0])[:2000] if error.args else type(error).__name__


class _Answer(Struct, frozen=True):
    """An answer as google-auth wants one."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class _Transport:
    """How google-auth sends a request: as we send all others."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> _Answer:
        from google.auth import exceptions

        sent = body.encode() if isinstance(body, str) else body
        try:
            return _Answer(*self._ask(method, url, headers or {}, sent, min(timeout or ONE_CALL, ONE_CALL)))
        except CCProxyError as error:
            failed: Any = exceptions.TransportError
            raise failed(error.message) from error
