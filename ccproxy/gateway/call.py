"""One request to one target: made ready, sent, and its answer taken in, whole or up to the first events of a stream.

The only place where a wire and the upstream connection meet. Knows nothing of other targets and nothing of the client.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import gevent
import structlog
from msgspec import UNSET, Struct, structs

from ccproxy.errors import DeadlinePassed, UpstreamRefused
from ccproxy.gateway.credentials import Credentials
from ccproxy.gateway.upstream import Answer, Silence, Upstream
from ccproxy.gateway.wires import RELAYING, request_for, wire_of
from ccproxy.translate import overrides, rate_limits, searches, tokens
from ccproxy.translate.events import Event
from ccproxy.translate.messages import Message, Relayed, Usage
from ccproxy.translate.parse import Parsed
from ccproxy.translate.replay import events_of
from ccproxy.translate.target import DecodeContext, Target, UpstreamRequest
from ccproxy.translate.thoughtless import is_stale, thoughtless


class Incoming(Struct, frozen=True):
    """What a client asks: its request, the headers that an upstream of the Messages API gets too, and its ids.

    `message_id` is that of the answer. `session` is the client's name of the conversation, if it has one. `estimates`
    remembers those that were made.
    """

    parsed: Parsed
    headers: Mapping[str, str]
    message_id: str
    request_id: str
    session: str | None = None
    estimates: dict[str, int] = {}

    def estimate(self, label: str) -> int:
        """About how many input tokens the request has for a target of that label (`tokens.estimate`)."""
        found = self.estimates.get(label)
        if found is None:
            found = self.estimates[label] = tokens.estimate(self.parsed.request, label)
        return found


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


class Whole(Struct, frozen=True):
    """A whole answer, and whether its usage is our estimate."""

    message: Any
    estimated: bool = False


class Finished(Struct, frozen=True):
    """Stands in for a decoder where a stream was asked for and the whole message came at once."""

    stop_reason: str | None
    usage: Usage
    usage_estimated: bool
    done: bool = True
    failure: None = None


class Opened(Struct, frozen=True):
    """A stream that has begun: its first events, and the decoder (or Finished) that the rest goes through.

    `answer` is None where no upstream was asked.
    """

    answer: Answer | None
    events: list[Event]
    decoder: Any


def prepare(incoming: Incoming, target: Target) -> Call:
    """The call of a target. Raises InvalidRequest for what the target cannot be given."""
    parsed = overrides.applied(incoming.parsed, target.parameters)
    encoded = request_for(parsed, incoming.headers, target)
    context = DecodeContext(
        message_id=incoming.message_id,
        target=target,
        input_tokens=incoming.estimate(target.label)
        if parsed is incoming.parsed
        else tokens.estimate(parsed.request, target.label),
        names=encoded.names,
        used_ids=encoded.used_ids,
        local_stops=encoded.local_stops,
    )
    return Call(
        wire=wire_of(target),
        target=target,
        request=encoded,
        context=context,
        max_tokens=parsed.request.max_tokens,
        request_id=incoming.request_id,
        relays=target.wire in RELAYING,
        ready=searches.unanswered(parsed.request, context),
        again=partial(_thoughtless, parsed, incoming.headers, target),
        told={},
    )


class Caller:
    """Makes the calls of one worker."""

    def __init__(self, upstream: Upstream, credentials: Credentials) -> None:
        self._upstream = upstream
        self._credentials = credentials

    @property
    def idle(self) -> float:
        """Seconds of silence that an upstream may keep."""
        return self._upstream.idle

    def whole(self, call: Call, deadline: float) -> Whole:
        """The answer, by `deadline` (monotonic seconds). Raises an UpstreamError."""
        if call.ready is not None:
            return Whole(call.ready)
        return _decoded(call, self._send(call).read_all(deadline))

    def open(self, call: Call, deadline: float, first_byte: float | None = None) -> Opened:
        """The answer up to its first events, by `deadline` and within `first_byte` seconds. Raises an UpstreamError."""
        if call.ready is not None:
            return Opened(None, events_of(call.ready), Finished(call.ready.stop_reason, call.ready.usage, False))
        if first_byte is None:
            return self._open(call, deadline)
        with gevent.Timeout(first_byte, DeadlinePassed(f"the provider said nothing within {first_byte:g} s")):
            return self._open(call, deadline)

    def _open(self, call: Call, deadline: float) -> Opened:
        answer: Answer | None = None
        opened: Opened | None = None
        try:
            answer = self._send(call)
            if not (answer.is_event_stream or call.relays):
                whole = _decoded(call, answer.read_all(deadline))
                finished = Finished(whole.message.stop_reason, whole.message.usage, whole.estimated)
                opened = Opened(answer, events_of(whole.message), finished)
                return opened
            decoder = call.wire.StreamDecoder(call.context)
            events: list[Event] = []
            while not events and not decoder.done:
                data = answer.read(min(self.idle, max(0.0, deadline - time.monotonic())))
                events = decoder.feed(data) if data else decoder.close()
            opened = Opened(answer, events, decoder)
        except Silence:
            raise DeadlinePassed(f"the provider sent nothing for {self.idle:g} s") from None
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
            body = answer.read_all(time.monotonic() + self.idle)
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


def _decoded(call: Call, body: bytes) -> Whole:
    """The Message in `body` (or the answer Relayed)."""
    message: Message | Relayed = call.wire.decode(body, call.context)
    estimated = message.usage.estimated is True
    message.usage.estimated = UNSET
    return Whole(message, estimated)
