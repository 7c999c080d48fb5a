"""What is told of each request: two log lines and one row, exactly once, whatever happens to it.

Knows names and numbers of a request. Never a key, a prompt or an answer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import structlog
from msgspec import structs

from ccproxy.errors import CCProxyError
from ccproxy.gateway.credentials import keys
from ccproxy.gateway.disconnect import ClientGone
from ccproxy.gateway.recording import Recording
from ccproxy.store.logbook import RequestRow
from ccproxy.store.models import CLIENT_CLOSED
from ccproxy.translate.messages import CacheCreation, MessagesRequest, Usage
from ccproxy.translate.target import Target

_LEAVING = (ClientGone, GeneratorExit)
_UNHEARD = (CLIENT_CLOSED, 504)
"""Statuses of requests that nobody waited for any longer, the client or we."""

_PROGRAM = re.compile(r"([A-Za-z][\w.+-]{0,39})(?:/([\w.+-]{1,20}))?", re.ASCII)
_LONGEST_ERROR = 1000
_LONGEST_HEADER = 512  # characters; an index of PostgreSQL holds no more than 2,704 bytes
_COUNTED = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_MOST_TOKENS = 10**9  # of one answer; no window is near it
_MOST_USD = 1e6

_MOST_DROPPED = 100  # paths kept of one request: a hostile body could hold thousands


class Entry:
    """One request, from its arrival to its end. A context manager: leaving it ends the entry.

    `recording` is that of its bodies, where they may be kept. `settle` is told the row at the end: what the request
    was charged with before gives way to what it came to.
    """

    def __init__(
        self, record: Callable[[RequestRow], None], row: RequestRow, cost: Callable[[Target, Usage], float | None]
    ) -> None:
        self.row = row
        self.recording: Recording | None = None
        self.settle: Callable[[RequestRow], None] | None = None
        self._estimate = 0
        self._asked = False
        self._paid: float | None = 0.0
        self._before = Usage()
        self._record = record
        self._cost = cost
        self._target: Target | None = None
        self._begun = time.monotonic()
        self._ended = False
        self._delivered = False
        self._error: BaseException | None = None
        self._line: dict[str, Any] = {}
        self._attempt: dict[str, Any] | None = None

    def arrived(self, request: MessagesRequest, route: str) -> None:
        """The request is understood and has a plan."""
        self.row.model = request.model
        self.row.route = route
        self.row.stream = bool(request.stream)
        self._line = {
            "model": request.model,
            "messages": len(request.messages),
            "tools": len(request.tools or ()),
            "max_tokens": request.max_tokens,
        }

    def asks(
        self,
        target: Target,
        dropped: Sequence[str],
        *,
        upstream: bool = True,
        resumed: bool = False,
        input_tokens: int = 0,
    ) -> None:
        """The request goes to a target now: the first time, this is the first log line.

        `upstream`: an attempt begins, that is, the provider is asked. `resumed`: for the rest of an answer.
        `input_tokens` is the estimate of its prompt.
        """
        row = self.row
        self._asked = upstream
        self._estimate = input_tokens
        self._target = target
        row.provider = target.provider
        row.upstream_model = target.model
        if resumed:
            dropped = tuple(dict.fromkeys((*row.dropped, *dropped)))  # of both, for both parts are with the client
        row.dropped = list(dropped[:_MOST_DROPPED])
        if dropped[_MOST_DROPPED:]:
            row.dropped.append(f"(+{len(dropped) - _MOST_DROPPED} more)")
        if upstream:
            self._attempt = {
                "provider": target.provider,
                "model": target.model,
                "key": keys.fingerprint(target.key) if target.keys and target.key else None,
                "started_ms": self._elapsed(),
                **({"resumed": True} if resumed else {}),
            }
        if self._line:
            _log().info(
                "API action",
                type="api_action",
                action="anthropic_request",
                request_id=row.request_id,
                provider=target.provider,
                **self._line,
            )
            self._line = {}

    @property
    def tried(self) -> list[tuple[str, int | None]]:
        """Each attempt so far: whom it went to, and its status; 200 for one that answers, None for one that may yet."""
        ended = [(f"{one['provider']}/{one['model']}", one["status"]) for one in self.row.attempts]
        now = self._attempt
        answers = 200 if self.row.ttft_ms is not None else None
        return ended if now is None else [*ended, (f"{now['provider']}/{now['model']}", answers)]

    def first_byte(self) -> None:
        """The answer's first meaningful part is on its way to the client."""
        if self.row.ttft_ms is None:
            self.row.ttft_ms = self._elapsed()

    def attempted(self, error: CCProxyError | None) -> None:
        """The attempt at the target has ended."""
        self._attempted(*((200, None) if error is None else (error.status, error.type)))

    def answered(self, stop_reason: str | None, usage: Usage, estimated: bool) -> None:
        """What the answer came to, as far as it got."""
        row = self.row
        usage = _plausible(usage)
        row.stop_reason = stop_reason
        row.input_tokens = usage.input_tokens
        row.output_tokens = usage.output_tokens
        row.cache_read_input_tokens = usage.cache_read_input_tokens
        row.cache_creation_input_tokens = usage.cache_creation_input_tokens
        row.thinking_tokens = _count(usage.output_tokens_details.thinking_tokens)
        row.usage_estimated = estimated
        cost = self._priced(usage)
        row.cost_usd = None if cost is None else min(max(cost, 0.0), _MOST_USD)

    def broke_off(self, usage: Usage) -> None:
        """The answer broke off at the target and may go on at another; `usage` is that of all its parts so far."""
        usage = _plausible(usage)
        self._paid = self._priced(usage)
        self._before = usage

    def delivered(self) -> None:
        """The client was sent the whole of a stream: from now on it may leave."""
        self._delivered = True

    def failed(self, error: BaseException) -> None:
        """The request failed after its answer had begun: the row tells the failure, though 200 was sent."""
        self._error = error

    def __enter__(self) -> Entry:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._error = error
        self.end()

    def end(self) -> None:
        """Write the row and the second line; further calls do nothing."""
        if self._ended:
            return
        self._ended = True
        row = self.row
        row.duration_ms = self._elapsed()
        if self._delivered and isinstance(self._error, _LEAVING):
            self._error = None
        row.status, row.error_type = _outcome(self._error)
        row.error = _in_words(self._error)
        if self._asked and row.input_tokens is None and row.status in _UNHEARD:
            # The provider works on, and is paid, though nobody hears what it came to
            self.answered(None, Usage(input_tokens=self._estimate), True)
        if row.status != 200:
            self._attempted(row.status, row.error_type)  # broken off: by the client, or with this worker
        try:
            if self.settle is not None:
                self.settle(row)  # first: what is in the log and yet under way would be counted twice
        finally:
            self._record(row)  # before the line, whose writing can fail
        if self.recording is not None:
            self.recording.ended(row, self._error)
        line: dict[str, Any] = {}
        if isinstance(self._error, CCProxyError):
            line["error"] = row.error
        if row.usage_estimated:
            line["usage_estimated"] = True
        log = _log()
        (log.info if row.status < 500 else log.warning)(
            "API action",
            type="api_action",
            action="anthropic_response",
            request_id=row.request_id,
            provider=row.provider,
            model=row.model,
            status=row.status,
            stop_reason=row.stop_reason,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cache_read_input_tokens=row.cache_read_input_tokens,
            cache_creation_input_tokens=row.cache_creation_input_tokens,
            upstream_model=row.upstream_model,
            stream=row.stream,
            ttft_ms=row.ttft_ms,
            duration_ms=row.duration_ms,
            dropped=row.dropped,
            error_type=row.error_type,
            attempts=len(row.attempts),
            **line,
        )

    def _priced(self, usage: Usage) -> float | None:
        """What the answer costs, each part at the price of its target; None where one of them has no known price."""
        part = _beyond(usage, self._before)
        if self._target is None or self._paid is None:
            return None
        nothing = part == Usage() and self._before != Usage()  # the last target gave none, so its price does not matter
        cost = 0.0 if nothing else self._cost(self._target, part)
        return None if cost is None else self._paid + cost

    def _attempted(self, status: int, error_type: str | None) -> None:
        if self._attempt is not None:
            ended = {"status": status, "error_type": error_type, "ended_ms": self._elapsed()}
            self.row.attempts.append(self._attempt | ended)
            self._attempt = None

    def _elapsed(self) -> float:
        return round((time.monotonic() - self._begun) * 1000, 1)


def begin(
    record: Callable[[RequestRow], None],
    *,
    request_id: str,
    caller: str,
    client_ip: str,
    session_id: str | None,
    user_agent: str | None,
    cost: Callable[[Target, Usage], float | None] = lambda _target, _usage: None,
) -> Entry:
    """Open the entry of a request; `record` takes its row at the end, `cost` says what an answer costs in USD."""
    row = RequestRow(
        request_id=request_id,
        started_at=datetime.now(UTC),
        caller=caller,
        client_ip=client_ip,
        session_id=session_id and session_id[:_LONGEST_HEADER],
        user_agent=user_agent and user_agent[:_LONGEST_HEADER],
        client=program(user_agent),
    )
    return Entry(record, row, cost)


def program(user_agent: str | None) -> str | None:
    """The program that a `User-Agent` begins with, without its version: `claude-cli`, `anthropic/python`, `curl`.

    None where it names none. Anthropic's SDKs write their language where others write a version (SDK sources).
    """
    found = _PROGRAM.match(user_agent or "")
    if found is None:
        return None
    name, behind = found[1].lower(), (found[2] or "").lower()
    return f"{name}/{behind}" if behind and not behind[0].isdigit() else name


def _beyond(usage: Usage, before: Usage) -> Usage:
    """What of an answer's usage came after a part of it."""
    counts = {name: max(0, getattr(usage, name) - getattr(before, name)) for name in _COUNTED}
    hour = usage.cache_creation.ephemeral_1h_input_tokens - before.cache_creation.ephemeral_1h_input_tokens
    return Usage(**counts, cache_creation=CacheCreation(ephemeral_1h_input_tokens=max(0, hour)))


def _plausible(usage: Usage) -> Usage:
    """The same usage, or where a provider says what cannot be, what can be of it: it goes into sums that last."""
    counts = {name: getattr(usage, name) for name in _COUNTED}
    if all(0 <= count <= _MOST_TOKENS for count in counts.values()):
        return usage
    return structs.replace(usage, **{name: _count(count) for name, count in counts.items()})


def _count(tokens: int) -> int:
    """A number of tokens that can be one."""
    return min(max(tokens, 0), _MOST_TOKENS)


def _in_words(error: BaseException | None) -> str | None:
    match error:
        case CCProxyError():
            return error.logged[:_LONGEST_ERROR]
        case None:
            return None
        case _ if isinstance(error, _LEAVING):
            return "the client closed the connection"
        case _:
            return "internal error"


def _outcome(error: BaseException | None) -> tuple[int, str | None]:
    match error:
        case None:
            return 200, None
        case CCProxyError():
            return error.status, error.type
        case _ if isinstance(error, _LEAVING):
            return CLIENT_CLOSED, "client_closed"
        case _:
            return 500, "api_error"


def _log() -> Any:
    return structlog.get_logger()
