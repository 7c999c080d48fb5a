"""What goes between one client and ccproxy while a request runs, for those of whom it is to be kept.

Only bytes are collected here; taking keys out of them, packing and encrypting is done beside the hub by
`store.captures`. The client's own credentials never come here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from ccproxy.errors import GENERIC, CCProxyError
from ccproxy.gateway.discretion import SECRET_HEADER
from ccproxy.store.captures import Capture
from ccproxy.store.client_keys import Capture as Wish
from ccproxy.store.logbook import RequestRow
from ccproxy.translate.masking import masked, masked_stream

OFF: Wish = "off"
LONGEST_ANSWER = 4 * 1024 * 1024
"""Bytes of an answer that are kept; of a longer one its beginning."""

_BY_STRENGTH: tuple[Wish, ...] = ("off", "errors", "all")


class Recording:
    """The bodies of one request. `keep` takes them at its end, if that is one that was asked for.

    `headers` are those that an upstream of the Messages API gets too, names in lower case.
    """

    def __init__(self, keep: Callable[[Capture], None], headers: Mapping[str, str], request: bytes) -> None:
        self._keep = keep
        self._headers = {name: value for name, value in headers.items() if not SECRET_HEADER.search(name)}
        self._request = request
        self._wish = OFF
        self._answer: list[bytes] = []
        self._room = LONGEST_ANSWER
        self._truncated = False

    def ask(self, wish: Wish) -> None:
        """Which ends are to be kept; of several wishes the strongest holds."""
        self._wish = max(self._wish, wish, key=_BY_STRENGTH.index)

    def take(self, data: bytes) -> None:
        """This goes to the client."""
        if len(data) > self._room:
            self._truncated = True
            data = data[: self._room]
        self._room -= len(data)
        if data:
            self._answer.append(data)

    def following(self, frames: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
        """The frames of a stream, each noted on its way."""
        with closing(frames):
            for frame in frames:
                self.take(frame)
                yield frame

    def ended(self, row: RequestRow, error: BaseException | None) -> None:
        """The request is over, as `row` says; an `error` that came before any answer is the answer."""
        if self._wish == OFF or (self._wish == "errors" and not row.failed):
            return
        if row.failed and not self._answer:
            self.take(_told(error, row.request_id))
        self._keep(
            Capture(
                request_id=row.request_id,
                captured_at=datetime.now(UTC),
                headers=self._headers,
                request=self._request,
                answer=b"".join(self._answer),
                truncated=self._truncated,
            )
        )


def without_keys(capture: Capture, secrets: Iterable[str]) -> Capture:
    """The capture as it may be kept: without `secrets`, and without what looks like a key."""
    secrets = tuple(secrets)
    hide = masked_stream if capture.streamed else masked
    return replace(
        capture,
        headers={name: masked(value.encode(), secrets).decode() for name, value in capture.headers.items()},
        request=masked(capture.request, secrets),
        answer=hide(capture.answer, secrets),
    )


def _told(error: BaseException | None, request_id: str) -> bytes:
    """The body that `web.errors` makes of an error."""
    told = error if isinstance(error, CCProxyError) else CCProxyError(GENERIC)
    return told.payload or json.dumps(told.body(request_id)).encode()
