"""A running proxy's HTTP API, as the commands ask it: one request on a connection of its own, JSON in and out.

http.client, because nothing in the environment (proxies, netrc) may come between a command and the address it names.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from ccproxy.errors import CCProxyError, InvalidRequest

SECONDS = 30.0
"""How long an answer may take. A test of a provider waits for a model, and says so."""


class NoAnswer(CCProxyError):
    """Nothing answers there."""


class Strange(CCProxyError):
    """What answers there is not ccproxy."""


class Refused(CCProxyError):
    """The proxy said no; the message is its own. `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """The proxy at a URL (without a path of the API), with the key to send, if any."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url
        self.key = key

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> tuple[int, Any]:
        """Status and document of a request that succeeded. Raises NoAnswer, Strange, Refused.

        InvalidRequest is for a body that no JSON can hold, and nothing was sent.
        """
        status, text = self._send(method, path, body, headers or {}, seconds)
        return status, self._document(method, path, status, text)

    def _document(self, method: str, path: str, status: int, text: bytes) -> Any:
        try:
            document = json.loads(text) if text else None
        except ValueError:
            raise Strange(f"{self.url} answers {method} {path} without JSON (HTTP {status}); is it ccproxy?") from None
        if status >= 300:
            raise Refused(_reason(document) or f"{self.url} answers {method} {path} with HTTP {status}", status)
        return document

    def get(self, path: str) -> Any:
        """The document at a path."""
        return self.ask("GET", path)[1]

    def text(self, path: str) -> bytes:
        """What is at a path, where it is no JSON. Raises NoAnswer, Strange, Refused."""
        status, text = self._send("GET", path, None, {}, SECONDS)
        if status >= 300:
            self._document("GET", path, status, text)
        return text

    def _send(self, method: str, path: str, body: Any, extra: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        headers = {"accept": "application/json", "user-agent": "ccproxy-cli", **extra}
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        data = None
        if body is not None:
            headers["content-type"] = "application/json"
            data = _encoded(body)
        connection = kind(parts.hostname or "", parts.port, timeout=seconds)
        try:
            connection.request(method, parts.path + path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException, ssl.SSLError) as error:
            raise NoAnswer(f"nothing answers at {self.url}: {_words(error)}") from None
        finally:
            connection.close()


def in_path(name: str) -> str:
    """A name as one step of a path. An argument may hold bytes that are no text; no name has them, which is told."""
    return quote(name, safe="", errors="surrogateescape")


def _encoded(body: Any) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise InvalidRequest("what is given is not text in UTF-8") from None
    except ValueError:
        raise InvalidRequest("what is given holds NaN or Infinity, which are no numbers in JSON") from None


def _reason(document: Any) -> str | None:
    error = document.get("error") if isinstance(document, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) else None


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
