"""One request's exchange with its target: encode, send, decode, render; whole or as a stream.

The only place where a wire, the upstream connection and time meet. Knows no HTTP framework: it answers with bytes or
raises an error that has a status. Nothing reaches the client before the first meaningful event, so that an early
failure keeps its real status; after HEAD_AFTER seconds without one the stream begins with a ping.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import gevent
import structlog
from msgspec import UNSET, Struct, structs

from ccproxy.errors import CCProxyError, DeadlinePassed, UpstreamError, UpstreamRefused
from ccproxy.gateway.counting import Counter
from ccproxy.gateway.credentials import Credentials
from ccproxy.gateway.discretion import fit_to_show
from ccproxy.gateway.journal import Entry
from ccproxy.gateway.opening import Opening
from ccproxy.gateway.routing import Plan
from ccproxy.gateway.upstream import Answer, Silence, Upstream
from ccproxy.gateway.wires import RELAYING, request_for, wire_of
from ccproxy.translate import rate_limits, render, searches, tokens
from ccproxy.translate.events import Event
from ccproxy.translate.messages import Message, Relayed, Usage
from ccproxy.translate.parse import Parsed
from ccproxy.translate.replay import events_of
from ccproxy.translate.target import DecodeContext, Target, UpstreamRequest
from ccproxy.translate.thoughtless import is_stale, thoughtless

HEAD_AFTER = 20.0
"""Seconds without a meaningful event after which the stream's head and a ping go out all the same."""
PING_EVERY = 10.0
"""Seconds of silence towards the client after which it gets a ping; its own watchdogs wait minutes."""

PLENTY = 4096
"""Bytes in one read that tell of an upstream that is faster than we are."""
TURN = 0.01
"""Seconds that one such stream may go on before the others have their turn."""


class Call(Struct, frozen=True):
    """A request made ready for one target.

    `relays`: the wire hands the answer on as it comes. `ready` is an answer that needs no upstream. `again` makes the
    request without the thinking in its history (None where there is none). `told` collects the upstream's headers that
    the client gets too, once they are there.
    """

    wire: Any
    target: Target
    request: UpstreamRequest
    context: DecodeContext
    max_tokens: int | None
    request_id: str
    relays: bool = False
    ready: Message | None = None
    again: Callable[[], UpstreamRequest | None] | None = None
    told: dict[str, str] = {}


class Finished(Struct, frozen=True):
    """Stands in for a decoder where a stream was asked for and the whole message came at once."""

    stop_reason: str | None
    usage: Usage
    usage_estimated: bool
    done: bool = True
    failure: None = None


class Opened(Struct, frozen=True):
    """A stream that has begun: its first events, and the decoder (or Finished) that the rest goes through."""

    answer: Answer
    events: list[Event]
    decoder: Any


class Exchange:
    """Exchanges of one worker. `total` bounds each of them, in seconds."""

    def __init__(self, upstream: Upstream, credentials: Credentials, *, total: float) -> None:
        self._upstream = upstream
        self._credentials = credentials
        self._counter = Counter(upstream, credentials)
        self._total = total

    def prepare(self, parsed: Parsed, headers: Mapping[str, str], plan: Plan, message_id: str, request_id: str) -> Call:
        """Encode for the plan's target. `headers` are the client's.

        Raises InvalidRequest for what the target cannot be given.
        """
        target = plan.targets[0]
        tokens_in = tokens.estimate(parsed.request, target.label)
        encoded = request_for(parsed, headers, target)
        context = DecodeContext(
            message_id=message_id,
            target=target,
            input_tokens=tokens_in,
            names=encoded.names,
            used_ids=encoded.used_ids,
            local_stops=encoded.local_stops,
        )
        relays = target.wire in RELAYING
        return Call(
            wire=wire_of(target),
            target=target,
            request=encoded,
            context=context,
            max_tokens=parsed.request.max_tokens,
            request_id=request_id,
            relays=relays,
            ready=searches.unanswered(parsed.request, context),
            again=partial(_thoughtless, parsed, headers, target),
            told={},
        )

    def count(self, parsed: Parsed, headers: Mapping[str, str], plan: Plan | None) -> bytes:
        """The answer to a question for the request's tokens; without a plan, for a model that nobody knows."""
        target = plan.targets[0] if plan is not None else None
        return self._counter.count(parsed, headers, target, wire_of(target) if target is not None else None)

    def answer(self, call: Call, entry: Entry) -> bytes:
        """The whole answer as the client gets it. Raises an UpstreamError."""
        if call.ready is not None:
            return _ready(call.ready, entry)
        try:
            with gevent.Timeout(self._total, _too_long(self._total)):
                answer = self._send(call)
                message, estimated = _decoded(call, answer.read_all(time.monotonic() + self._total))
        except UpstreamError as error:
            raise _told(error, call.target, entry) from None
        entry.attempted(None)
        entry.first_byte()
        entry.answered(message.stop_reason, message.usage, estimated)
        return render.message(message)

    def stream(self, call: Call, entry: Entry) -> Iterator[bytes]:
        """The answer as frames of server-sent events.

        Raises an UpstreamError until the first frame was given out; from then on a failure is an `error` frame, the
        last one. Closing the iterator, or an exception thrown into it, lets go of the upstream at once.
        """
        if call.ready is not None:
            yield render.events(events_of(call.ready))
            _ready(call.ready, entry)
            entry.delivered()
            return
        deadline = time.monotonic() + self._total
        opened: Opened | None = None
        started = False
        opening = Opening(partial(self._open, call, deadline))
        target, request_id = call.target, call.request_id
        del call  # its body of perhaps megabytes is of no use once sent, and streams last
        try:
            wait = HEAD_AFTER
            while not opening.wait(min(wait, deadline - time.monotonic())):
                if time.monotonic() >= deadline:
                    raise _too_long(self._total)
                yield render.PING
                started = True
                wait = PING_EVERY
            opened = _opened(opening.result)
            entry.first_byte()
            started = True
            yield render.events(opened.events)
            yield from self._rest(opened, deadline)
            entry.attempted(None)
            entry.delivered()
            opened.answer.finish()
        except CCProxyError as error:
            if isinstance(error, UpstreamError):
                _told(error, target, entry)
            if not started:
                raise
            entry.failed(error)
            yield render.error_event(error.payload or error.body(request_id))
        except Exception as error:
            if not started:
                raise
            structlog.get_logger().exception("bug in a stream", request_id=request_id)
            entry.failed(error)
            yield render.error_event(CCProxyError("internal error").body(request_id))
        finally:
            opening.end()
            if opened is None and isinstance(opening.result, Opened):
                opened = opening.result  # it came after the last look
            if opened is not None:
                opened.answer.close()
                decoder = opened.decoder
                entry.answered(decoder.stop_reason, decoder.usage, decoder.usage_estimated)

    def _rest(self, opened: Opened, deadline: float) -> Iterator[bytes]:
        """The frames after the first, up to the end of the answer; pings where the upstream gives none to send."""
        answer, decoder, idle = opened.answer, opened.decoder, self._upstream.idle
        heard = spoken = turn = time.monotonic()
        while not decoder.done:
            if decoder.failure is not None:
                raise decoder.failure
            now = time.monotonic()
            try:
                data = answer.read(max(0.0, min(spoken + PING_EVERY, heard + idle, deadline) - now))
            except Silence:
                data = None
            now = time.monotonic()
            if now >= deadline:
                raise _too_long(self._total)
            if data is None:
                if now >= heard + idle:
                    raise DeadlinePassed(f"the provider sent nothing for {idle:g} s")
                events = []
            else:
                heard = now
                events = decoder.feed(data) if data else decoder.close()
            if events:
                spoken = now
                yield render.events(events)
            elif now >= spoken + PING_EVERY:
                spoken = now
                yield render.PING
            if data == b"":
                return
            if data is None or len(data) < PLENTY:
                turn = now  # that was all there was, so the next read waits and the others have their turn
            elif now >= turn + TURN:
                gevent.sleep(0)
                turn = time.monotonic()

    def _open(self, call: Call, deadline: float) -> Opened | Exception:
        """Send, and read on to the first events. Returns what went wrong, for it runs in an Opening."""
        answer: Answer | None = None
        opened: Opened | None = None
        try:
            answer = self._send(call)
            if not (answer.is_event_stream or call.relays):
                message, estimated = _decoded(call, answer.read_all(deadline))
                finished = Finished(message.stop_reason, message.usage, estimated)
                opened = Opened(answer, events_of(message), finished)
                return opened
            decoder = call.wire.StreamDecoder(call.context)
            events: list[Event] = []
            while not events and not decoder.done:
                data = answer.read(min(self._upstream.idle, max(0.0, deadline - time.monotonic())))
                events = decoder.feed(data) if data else decoder.close()
            opened = Opened(answer, events, decoder)
        except Silence:
            if time.monotonic() >= deadline:
                return _too_long(self._total)
            return DeadlinePassed(f"the provider sent nothing for {self._upstream.idle:g} s")
        except Exception as error:  # noqa: BLE001 - handed to whoever waits, who raises it
            return error
        finally:
            if opened is None and answer is not None:
                answer.close()
        return opened

    def _send(self, call: Call) -> Answer:
        """Send the call, and once more without its thinking where the provider refuses just that."""
        try:
            return self._sent(call, call.request)
        except UpstreamRefused as error:
            again = call.again() if call.again is not None and is_stale(error) else None
            if again is None:
                raise
        structlog.get_logger().warning(
            "the provider cannot read the thinking of earlier turns; sent again without it",
            request_id=call.request_id,
            provider=call.target.provider,
        )
        return self._sent(call, again)

    def _sent(self, call: Call, request: UpstreamRequest) -> Answer:
        """Send a request of the call; an answer that is an error is raised as what it means."""
        url = call.target.base_url + request.path
        headers = self._credentials.headers(call.target, request.method, url, request.headers, request.body)
        answer = self._upstream.send(request.method, url, headers, request.body)
        limits = rate_limits.headers(answer.headers, time.time())
        if answer.status >= 300:
            body = answer.read_all(time.monotonic() + self._upstream.idle)
            error: UpstreamRefused = call.wire.decode_error(
                answer.status,
                answer.headers,
                body,
                model=call.target.model,
                max_tokens=call.max_tokens,
                now=time.time(),
            )
            if error.status == 401:
                self._credentials.refused(call.target)
            error.headers = {**limits, **error.headers}
            raise error
        call.told.update(limits)
        return answer


def _thoughtless(parsed: Parsed, headers: Mapping[str, str], target: Target) -> UpstreamRequest | None:
    """The request without the thinking in its history, and without what was kept of it here."""
    without = thoughtless(parsed)
    if without is None:
        return None
    return request_for(without, headers, structs.replace(target, keepsakes=None))


def _opened(result: Opened | Exception) -> Opened:
    if isinstance(result, Exception):
        raise result
    return result


def _ready(message: Message, entry: Entry) -> bytes:
    """An answer that was there without asking the upstream: no attempt was made, and no token was used."""
    entry.first_byte()
    entry.answered(message.stop_reason, message.usage, False)
    return render.message(message)


def _decoded(call: Call, body: bytes) -> tuple[Any, bool]:
    """The Message in `body` (or the answer Relayed), and whether its usage is our estimate."""
    message: Message | Relayed = call.wire.decode(body, call.context)
    estimated = message.usage.estimated is True
    message.usage.estimated = UNSET
    return message, estimated


def _told(error: UpstreamError, target: Target, entry: Entry) -> UpstreamError:
    """The same error, fit to be shown."""
    entry.attempted(fit_to_show(error, target))
    return error


def _too_long(total: float) -> DeadlinePassed:
    return DeadlinePassed(f"the request took more than {total:g} s")
