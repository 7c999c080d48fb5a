"""One request's exchange: its attempts, and what of the answer goes to the client, whole or as a stream.

Knows no HTTP framework: it answers with bytes or raises an error that has a status. Nothing reaches the client before
the first meaningful event, so that an early failure keeps its real status, or never shows because another target
answers; after HEAD_AFTER seconds without one the stream begins with a ping.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Protocol, cast

import gevent
import structlog

from ccproxy.errors import CCProxyError, DeadlinePassed, UpstreamError
from ccproxy.gateway.attempts import Attempts, Health
from ccproxy.gateway.call import Call, Caller, Incoming, Opened, prepare
from ccproxy.gateway.journal import Entry
from ccproxy.gateway.opening import Opening
from ccproxy.gateway.resuming import Resuming
from ccproxy.gateway.routing import Plan
from ccproxy.gateway.upstream import Answer, Silence
from ccproxy.translate import render
from ccproxy.translate.target import Target

HEAD_AFTER = 20.0
"""Seconds without a meaningful event after which the stream's head and a ping go out all the same."""
PING_EVERY = 10.0
"""Seconds of silence towards the client after which it gets a ping; its own watchdogs wait minutes."""

PLENTY = 4096
"""Bytes in one read that tell of an upstream that is faster than we are."""
TURN = 0.01
"""Seconds that one such stream may go on before the others have their turn."""


class Choice(Protocol):
    """In which order a plan's targets are tried (`gateway.choice`)."""

    def order(  # noqa: D102
        self, plan: Plan, session: str | None, streams: bool, input_tokens: int, max_tokens: int | None
    ) -> Sequence[Target]: ...
    def settled(self, plan: Plan, session: str | None, target: Target) -> None: ...  # noqa: D102
    def former(self, plan: Plan, session: str | None) -> Target | None: ...  # noqa: D102


class _Told:
    """When one stream's client was last sent something: a silence may begin in one answer and go on in the next."""

    def __init__(self) -> None:
        self.at = time.monotonic()

    def now(self) -> None:
        self.at = time.monotonic()


class Exchange:
    """Exchanges of one worker. `total` bounds each of them, in seconds."""

    def __init__(self, caller: Caller, health: Health, choice: Choice, *, total: float) -> None:
        self._caller = caller
        self._health = health
        self._choice = choice
        self._total = total

    def begin(self, incoming: Incoming, plan: Plan, entry: Entry, targets: Sequence[Target] | None = None) -> Attempts:
        """The attempts of a request that is about to be made; nothing is sent yet.

        `targets` are what `order` has given, where that was asked before.
        """
        deadline = time.monotonic() + self._total
        targets = self.order(incoming, plan) if targets is None else targets
        resuming = Resuming(incoming) if plan.resume else None
        return Attempts(plan, targets, partial(prepare, incoming), self._health, entry, deadline, resuming=resuming)

    def order(self, incoming: Incoming, plan: Plan) -> tuple[Target, ...]:
        """The plan's targets in the order in which they are tried now."""
        if len(plan.targets) < 2:
            return plan.targets
        asked = incoming.parsed.request
        size = incoming.estimate(plan.targets[0].label) if plan.strategy == "cheapest" else 0
        return tuple(self._choice.order(plan, incoming.session, bool(asked.stream), size, asked.max_tokens))

    def former(self, incoming: Incoming, plan: Plan) -> Target | None:
        """The target that the request's session was at, if it is one of the plan's."""
        return self._choice.former(plan, incoming.session)

    def answer(self, attempts: Attempts) -> bytes:
        """The whole answer as the client gets it. Raises an UpstreamError or InvalidRequest."""
        with gevent.Timeout(self._total, _too_long(self._total)):
            whole = attempts.first(partial(self._caller.whole, deadline=attempts.deadline))
        self._settled(attempts)
        entry = attempts.entry
        entry.attempted(None)
        entry.first_byte()
        entry.answered(whole.message.stop_reason, whole.message.usage, whole.estimated)
        return render.message(whole.message)

    def stream(self, attempts: Attempts) -> Generator[bytes, None, None]:
        """The answer as frames of server-sent events.

        Raises an UpstreamError or InvalidRequest until the first frame was given out; from then on a failure is an
        `error` frame, the last one. Closing the iterator, or an exception thrown into it, lets go of the upstream at
        once.
        """
        entry = attempts.entry
        with closing(self._answered(attempts)) as frames:
            yield next(frames)
            try:
                yield from frames
            except CCProxyError as error:
                entry.failed(error)
                yield render.error_event(error.payload or error.body(entry.row.request_id))
            except Exception as error:  # noqa: BLE001 - the client is told that there is a bug, not only the log
                structlog.get_logger().exception("bug in a stream", request_id=entry.row.request_id)
                entry.failed(error)
                yield render.error_event(CCProxyError("internal error").body(entry.row.request_id))

    def _answered(self, attempts: Attempts) -> Generator[bytes, None, None]:
        """All frames of the answer. Raises what ended it early, and an UpstreamError where it broke off for good."""
        entry, resuming = attempts.entry, attempts.resuming
        opened: Opened | None = None
        told = _Told()
        opening = Opening(partial(self._open, attempts))
        try:
            opened = yield from self._begun(opening, HEAD_AFTER, attempts.deadline, told)
            self._settled(attempts)
            if resuming is None:
                attempts.release()
            else:
                opened = resuming.begun(opened)
            entry.first_byte()
            told.now()
            yield render.events(opened.events)
            while True:
                try:
                    yield from self._rest(opened, attempts.deadline, told)
                    break
                except UpstreamError as error:
                    broken = attempts.broke_off(error)
                opened = yield from self._resumed(attempts, opened, broken, told)
                if opened.events:
                    told.now()
                    yield render.events(opened.events)
            attempts.delivered()
            entry.delivered()
            if opened.answer is not None:
                opened.answer.finish()
        finally:
            opening.end()
            if opened is None and isinstance(opening.result, Opened):
                opened = opening.result  # it came after the last look
            if opened is not None:
                if opened.answer is not None:
                    opened.answer.close()
                decoder = opened.decoder
                entry.answered(decoder.stop_reason, decoder.usage, decoder.usage_estimated)
            if resuming is not None:
                entry.row.dropped += [lost for lost in resuming.dropped if lost not in entry.row.dropped]

    def _begun(
        self, opening: Opening[Opened | Exception], wait: float, deadline: float, told: _Told
    ) -> Generator[bytes, None, Opened]:
        """The stream once it has begun; pings until then, the first one after `wait` seconds.

        Raises what came in its place.
        """
        while not opening.wait(min(wait, deadline - time.monotonic())):
            if time.monotonic() >= deadline:
                raise _too_long(self._total)
            told.now()
            yield render.PING
            wait = PING_EVERY
        if isinstance(opening.result, Exception):
            raise opening.result
        return opening.result

    def _settled(self, attempts: Attempts) -> None:
        if attempts.call is not None:
            self._choice.settled(attempts.plan, attempts.entry.row.session_id, attempts.call.target)

    def _resumed(
        self, attempts: Attempts, broken: Opened, error: UpstreamError, told: _Told
    ) -> Generator[bytes, None, Opened]:
        """The rest of an answer that broke off, from the next target that goes on with it.

        Raises the error that broke it off where nobody can.
        """
        resuming, deadline = attempts.resuming, attempts.deadline
        if resuming is None or not resuming.possible or time.monotonic() >= deadline:
            raise error
        if broken.answer is not None:
            broken.answer.close()
        resuming.broke_off(broken.decoder)
        attempts.entry.broke_off(resuming.before)
        structlog.get_logger().warning(
            "the answer broke off; the next target is asked to go on with it",
            request_id=attempts.entry.row.request_id,
            error=error.logged,
        )
        joined: Opened | None = None
        opening = Opening(partial(self._open, attempts, resuming.prepare))
        try:
            opened = yield from self._begun(opening, told.at + PING_EVERY - time.monotonic(), deadline, told)
            self._settled(attempts)
            joined = resuming.joined(opened)
            return joined
        except CCProxyError:
            raise error from None
        finally:
            opening.end()
            late = opening.result
            if joined is None and isinstance(late, Opened) and late.answer is not None:
                late.answer.close()

    def _rest(self, opened: Opened, deadline: float, told: _Told) -> Iterator[bytes]:
        """The frames after the first, up to the end of the answer; pings where the upstream gives none to send."""
        # Where no upstream was asked the decoder is done, or has failed.
        answer, decoder, idle = cast("Answer", opened.answer), opened.decoder, self._caller.idle
        heard = turn = time.monotonic()
        while not decoder.done:
            if decoder.failure is not None:
                raise decoder.failure
            now = time.monotonic()
            try:
                data = answer.read(max(0.0, min(told.at + PING_EVERY, heard + idle, deadline) - now))
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
                told.at = now
                yield render.events(events)
            elif now >= told.at + PING_EVERY:
                told.at = now
                yield render.PING
            if data == b"":
                return
            if data is None or len(data) < PLENTY:
                turn = now  # that was all there was, so the next read waits and the others have their turn
            elif now >= turn + TURN:
                gevent.sleep(0)
                turn = time.monotonic()

    def _open(self, attempts: Attempts, prepare: Callable[[Target], Call] | None = None) -> Opened | Exception:
        """The first stream that begins. Returns what went wrong, for it runs in an Opening."""
        try:
            return attempts.first(partial(self._opened_by, attempts), prepare)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits, who raises it
            late = isinstance(error, DeadlinePassed) and time.monotonic() >= attempts.deadline
            return _too_long(self._total) if late else error

    def _opened_by(self, attempts: Attempts, call: Call) -> Opened:
        return self._caller.open(call, attempts.deadline, attempts.plan.first_byte_timeout)


def _too_long(total: float) -> DeadlinePassed:
    return DeadlinePassed(f"the request took more than {total:g} s")
