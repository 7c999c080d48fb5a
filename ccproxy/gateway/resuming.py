"""An answer in plain text whose provider died in the middle, gone on with by another target.

Keeps what that takes: the request, what the client got so far and what it cost. What is said and where two answers meet
is `translate.continuation`'s to know, and who is asked next the attempts'.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from ccproxy.errors import UpstreamError
from ccproxy.gateway.call import Call, Incoming, Opened, prepare
from ccproxy.translate import tokens
from ccproxy.translate.continuation import Continued, Seam, Spoken, request_after
from ccproxy.translate.events import Event
from ccproxy.translate.messages import Usage
from ccproxy.translate.target import Target

_THINKING = "thinking"


class Resuming:
    """One stream's, from its beginning on; made only where the route wants it."""

    def __init__(self, incoming: Incoming) -> None:
        self._incoming = incoming
        self._spoken = Spoken()
        self._before = Usage()
        self._continued: Continued  # the latest that was prepared
        self._seams: list[Seam] = []

    @property
    def possible(self) -> bool:
        """Whether what the client got is text that somebody can go on with."""
        return self._spoken.resumable

    @property
    def dropped(self) -> list[str]:
        """What the client could not get of the continuations: thinking has no place in the middle of a text."""
        return [_THINKING] if any(seam.thought for seam in self._seams) else []

    def begun(self, opened: Opened) -> Opened:
        """The same stream, followed from now on; its first events go to the client."""
        self._spoken.take(opened.events)
        return Opened(opened.answer, opened.events, Followed(opened.decoder, self._spoken))

    def broke_off(self, decoder: Any) -> None:
        """The answer ends here, so far. What was written counts as output even if nobody told its tokens."""
        usage: Usage = decoder.usage
        written = tokens.of_text(self._spoken.text)
        self._before = structs.replace(usage, output_tokens=max(usage.output_tokens, written))

    def prepare(self, target: Target) -> Call:
        """The call that asks the target to go on. Raises InvalidRequest for what it cannot be given."""
        self._continued = request_after(self._incoming.parsed, self._spoken.text, target)
        parameters = {name: value for name, value in target.parameters.items() if name != "thinking"}
        incoming = structs.replace(self._incoming, parsed=self._continued.parsed)
        call = prepare(incoming, structs.replace(target, parameters=parameters))
        # That it does not think is our wish; where it cannot be told so, the client has lost nothing.
        losses = tuple(loss for loss in call.request.losses if loss != _THINKING)
        return structs.replace(call, request=structs.replace(call.request, losses=losses))

    @property
    def before(self) -> Usage:
        """The usage of all parts of the answer up to where it broke off last."""
        return self._before

    def joined(self, opened: Opened) -> Opened:
        """The stream of the target that was prepared last, as the rest of the answer."""
        decoder = opened.decoder
        seam = Seam(
            self._continued,
            self._spoken.open,
            self._spoken.blocks,
            self._before,
            lambda: decoder.usage,
            self._incoming.parsed.request.stop_sequences or (),
        )
        self._seams.append(seam)
        followed = Followed(decoder, self._spoken, seam)
        return Opened(opened.answer, followed.began(opened.events), followed)


class Followed:
    """Stands in for a decoder while what it gives is followed, and fitted in where another one has begun the answer."""

    def __init__(self, decoder: Any, spoken: Spoken, seam: Seam | None = None) -> None:
        self._decoder = decoder
        self._spoken = spoken
        self._seam = seam
        self._failure: UpstreamError | None = None

    def feed(self, data: bytes) -> list[Event]:
        """What `data` completes, as events of the answer. Raises an UpstreamError."""
        return self.took(self._decoder.feed(data))

    def close(self) -> list[Event]:
        """What was left at the end of the bytes. Raises Truncated where the answer was not over."""
        return self.took(self._decoder.close())

    def began(self, events: list[Event]) -> list[Event]:
        """What of the first events goes to the client. An error in them waits in `failure`, as it would later on."""
        try:
            return self.took(events)
        except UpstreamError as error:
            self._failure = error
            return []

    def took(self, events: list[Event]) -> list[Event]:
        """What of these events goes to the client. Raises an UpstreamError where they cannot be the rest of it."""
        if self._seam is not None:
            events = self._seam.take(events)
        self._spoken.take(events)
        return events

    @property
    def done(self) -> bool:
        """Whether the last event was handed on."""
        return self._failure is None and (self._decoder.done or (self._seam is not None and self._seam.done))

    @property
    def failure(self) -> UpstreamError | None:
        """What ended the answer, to be raised after its last events."""
        failure: UpstreamError | None = self._failure or self._decoder.failure
        return failure

    @property
    def stop_reason(self) -> str | None:
        """Why the answer ended; None before its end."""
        at_seam = self._seam is not None and self._seam.done
        reason: str | None = "stop_sequence" if at_seam else self._decoder.stop_reason
        return reason

    @property
    def usage(self) -> Usage:
        """The usage of all targets, as far as it is known."""
        usage: Usage = self._decoder.usage if self._seam is None else self._seam.usage
        return usage

    @property
    def usage_estimated(self) -> bool:
        """A target whose answer broke off never told the whole of its usage."""
        return self._seam is not None or bool(self._decoder.usage_estimated)
