"""Sending one request to a provider, and reading its answer under deadlines.

Knows `requests`, sockets and time; nothing of what the bytes mean. Everything that can go wrong on the way becomes
one of our own errors here, so nobody above sees an exception of requests, urllib3 or the socket module. Nothing is
retried, for a request that may have reached the provider may have been paid for; only where a kept connection turns
out to have been gone, so that it reached nobody, it is sent on another one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import gevent
import requests
from requests.hooks import default_hooks
from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from ccproxy import __version__
from ccproxy.errors import BadAnswer, CCProxyError, DeadlinePassed, Unreachable
from ccproxy.gateway import connections
from ccproxy.gateway.chunks import Body, open_body

_JSON_LIMIT = 64 * 1024 * 1024  # far over any model's answer; a body without end must not eat the worker
_ERROR_LIMIT = 256 * 1024
_REUSE_WAIT = 0.02  # seconds

COMMON = {
    # Compressed streams would arrive in the compressor's blocks instead of event by event.
    "Accept-Encoding": "identity",
    "User-Agent": f"ccproxy/{__version__}",
}
"""What every request has, whoever it goes to."""


class Silence(Exception):
    """Nothing came for as long as the reader wanted to wait; it may go on reading."""


class Upstream:
    """The way out: one connection pool for all providers of this worker.

    `connect` bounds the connecting, `idle` the silence between two bytes, both in seconds.
    """

    def __init__(self, *, connect: float, idle: float) -> None:
        self.connect = connect
        self.idle = idle
        # As many kept connections as a worker may have streams, or each burst would connect anew.
        self._adapter = connections.adapter(1024)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send, and wait for the head of the answer, whatever its status.

        Raises Unreachable where no connection was made or it broke, DeadlinePassed where connecting or the head took
        too long. Redirects are answers like any other: none is followed.
        """
        # Not through a Session: it would read netrc and proxy variables, keep cookies, follow redirects, and cost
        # a quarter more a call.
        prepared = PreparedRequest()
        prepared.method = method
        prepared.url = url
        prepared.hooks = default_hooks()
        prepared.body = body
        merged: CaseInsensitiveDict[str] = CaseInsensitiveDict(COMMON)
        merged.update(headers)
        if body is not None:
            merged["Content-Length"] = str(len(body))
        prepared.headers = merged
        try:
            response = self._sent(prepared)
        except requests.ConnectTimeout as error:
            raise DeadlinePassed(f"connecting to the provider took more than {self.connect:g} s") from error
        except requests.ReadTimeout as error:
            raise DeadlinePassed(f"the provider sent nothing for {self.idle:g} s") from error
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise Unreachable(f"the provider could not be reached: {_cause(error)}") from error
        return Answer(response, self.idle)

    def _sent(self, prepared: PreparedRequest) -> requests.Response:
        tries = 3  # of the kept connections more than one may be gone
        while True:
            tries -= 1
            try:
                return self._adapter.send(prepared, stream=True, timeout=(self.connect, self.idle))
            except requests.ConnectionError as error:
                if tries == 0 or not connections.was_gone(error):
                    raise

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer, all of it within `timeout` seconds. Raises an UpstreamError."""
        with gevent.Timeout(timeout, DeadlinePassed(f"the provider did not answer within {timeout:g} s")):
            answer = self.send(method, url, headers, body)
            return answer.status, answer.headers, answer.read_all(time.monotonic() + timeout)

    def get(self, url: str, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
        """Status and body of a GET, as `ask` gives them."""
        status, _, body = self.ask("GET", url, headers, None, timeout)
        return status, body


class Answer:
    """The head of a provider's answer, and its body to be read."""

    def __init__(self, response: requests.Response, idle: float) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        response.request = None  # type: ignore[assignment] # and with it the body, for as long as a stream lasts
        self._response = response
        self._idle = idle
        self._body: Body | None = None

    @property
    def is_event_stream(self) -> bool:
        """Whether the body is server-sent events, or at least not said to be JSON."""
        kind = self.headers.get("content-type", "").lower()
        return "event-stream" in kind or not ("json" in kind or "html" in kind)

    def read_all(self, deadline: float) -> bytes:
        """The whole body, at most until `deadline` (monotonic seconds). Raises DeadlinePassed, Unreachable, BadAnswer.

        The connection goes back to the pool.
        """
        limit = _JSON_LIMIT if self.status < 400 else _ERROR_LIMIT
        pieces: list[bytes] = []
        size = 0
        try:
            while True:
                try:
                    piece = self.read(max(0.0, min(self._idle, deadline - time.monotonic())))
                except Silence:
                    raise DeadlinePassed("the provider's answer did not end in time") from None
                if not piece:
                    break
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    if self.status >= 400:
                        break
                    raise BadAnswer(f"the provider's answer is larger than {limit} bytes")
            if self.cut:
                raise Unreachable("the provider cut the connection in the middle of its answer")
        finally:
            self.close()
        return b"".join(pieces)

    def read(self, seconds: float) -> bytes:
        """What has arrived, waiting for at most `seconds`; `b""` at the end, which may be a cut.

        Raises Silence where nothing came. Interrupting the wait loses nothing: no byte has been taken off the
        socket at that point.
        """
        if self._body is None:
            self._body = open_body(self._response)
        timeout = gevent.Timeout.start_new(seconds, Silence)
        try:
            return self._body.read()
        except TimeoutError:
            raise Silence from None
        finally:
            timeout.close()

    @property
    def cut(self) -> bool:
        """Whether the connection ended before the body did."""
        return self._body is not None and self._body.cut

    def finish(self) -> None:
        """Wait a moment for the end of an answer that has said everything, so that its connection can be used again."""
        deadline = time.monotonic() + _REUSE_WAIT
        try:
            while (left := deadline - time.monotonic()) > 0 and self.read(left):
                pass
        except (Silence, CCProxyError):
            pass  # whatever comes now, the answer was whole

    def close(self) -> None:
        """Give the connection back where the body was read to its end, else close it."""
        if self._body is not None and self._body.ended and not self._body.cut:
            self._body.release()
        else:
            self._response.close()


def _cause(error: BaseException) -> str:
    """The innermost reason in words, without the pool and URL that urllib3 wraps around it."""
    while True:
        inner = getattr(error, "reason", None) or error.__cause__ or error.__context__
        if not isinstance(inner, BaseException) or inner is error:
            break
        error = inner
    return (str(error) or type(error).__name__).split("(Caused by")[0].strip()[:200]
