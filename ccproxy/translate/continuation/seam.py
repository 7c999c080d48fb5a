"""The stream of a second target, made the rest of the first one's.

Its beginning goes, its text goes on where the first one's stopped, what it thinks goes too, and all further blocks
follow with the next indexes. The usage at the end is that of all targets together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import structs

from ccproxy.errors import BadAnswer
from ccproxy.translate.continuation.joint import Joint
from ccproxy.translate.continuation.parts import Part, moved, parts
from ccproxy.translate.continuation.request import Continued
from ccproxy.translate.events import (
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    Event,
    MessageDelta,
    MessageStart,
    MessageStop,
    Ping,
    Stop,
    TextDelta,
    Verbatim,
)
from ccproxy.translate.messages import OutputTokensDetails, RedactedThinkingBlock, TextBlock, ThinkingBlock, Usage
from ccproxy.translate.misfits import Halves
from ccproxy.translate.stops import StopWatch
from ccproxy.translate.wire.anthropic import frames
from ccproxy.translate.wire.anthropic.members import decoded, edited, members, named, put

_COUNTED = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_THOUGHT = ("thinking", "redacted_thinking")


class Seam:
    """Feed it the second target's events as they come.

    `open` and `blocks` are those of Spoken, where the first one stopped; `before` is the usage until then, and `spent`
    gives that of the second target so far.
    """

    def __init__(
        self,
        continued: Continued,
        open: int | None,
        blocks: int,
        before: Usage,
        spent: Callable[[], Usage],
        stops: Sequence[str] = (),
    ) -> None:
        self.done = False
        """Whether the answer ended here: at a stop sequence that both targets said together."""
        self.thought = False
        """Whether thinking of the second target was left out."""
        self._joint = Joint(continued.said, continued.lead)
        self._mute = continued.lead is not None  # not even the words that it was asked to copy have come
        self._open = open
        self._next = blocks
        self._before = before
        self._spent = spent
        self._places: dict[int, int | None] = {}  # of its blocks; None: left out. A text's is open
        self._texts: set[int] = set()
        self._halves: Halves = {}
        watch = StopWatch(stops)
        self._known = _begun(watch, continued.said, stops)  # characters that the watch holds and the client has
        self._watch = watch if self._known else None

    def take(self, events: Iterable[Event]) -> list[Event]:
        """What goes to the client for these events.

        Raises BadAnswer for what is no event, and where the second target ends the answer without a word.
        """
        out: list[Event] = []
        for event in events:
            if self.done:
                break
            if isinstance(event, Verbatim):
                for part, data in parts(event.data, self._halves):
                    if not self.done:
                        self._relayed(part, data, out)
            else:
                self._typed(event, out)
        return out

    @property
    def usage(self) -> Usage:
        """The usage of all targets so far."""
        return added(self._before, self._spent())

    def _typed(self, event: Event, out: list[Event]) -> None:
        match event:
            case MessageStart():
                pass
            case ContentBlockStart(content_block=TextBlock()):
                self._text_begins(event.index)
            case ContentBlockStart(content_block=ThinkingBlock() | RedactedThinkingBlock()):
                self._leave_out(event.index)
            case ContentBlockStart():
                out.append(structs.replace(event, index=self._place(event.index, out)))
            case ContentBlockDelta(delta=TextDelta(text=text)):
                self._say(text, out)
            case ContentBlockDelta() | ContentBlockStop():
                self._rest(event, out)
            case MessageDelta():
                self._expect_words(event.delta.stop_reason)
                self._settle(out)
                out.append(structs.replace(event, usage=added(self._before, event.usage)))
            case _:
                out.append(event)

    def _rest(self, event: ContentBlockDelta | ContentBlockStop, out: list[Event]) -> None:
        """What a block other than text grows by, a citation, and the end of any block."""
        if event.index in self._texts:
            if isinstance(event, ContentBlockStop):
                self._text_ends(out)
            else:
                self._flush(out)
                out.append(structs.replace(event, index=self._begin(out)))
        elif (place := self._places.get(event.index)) is not None:
            out.append(structs.replace(event, index=place))

    def _relayed(self, part: Part | None, data: bytes, out: list[Event]) -> None:
        if part is None:
            raise BadAnswer("the provider sent an event that is none of the Messages API")
        kind = part.type
        match kind:
            case "message_start":
                pass
            case "content_block_start":
                self._relayed_start(part, data, out)
            case "content_block_delta" if part.index in self._texts:
                if part.delta.type == "text_delta":
                    self._say(part.delta.text, out)
                else:
                    self._flush(out)
                    out.append(_frame(kind, moved(data, self._begin(out))))
            case "content_block_stop" if part.index in self._texts:
                self._text_ends(out)
            case "content_block_delta" | "content_block_stop":
                if (place := self._places.get(part.index)) is not None:
                    out.append(_frame(kind, moved(data, place)))
            case "message_delta":
                self._expect_words(part.delta.stop_reason)
                self._settle(out)
                out.append(_frame(kind, self._summed(data)))
            case "message_stop":
                out.append(MessageStop())
            case "ping":
                out.append(Ping())
            case _:
                out.append(_frame(kind, data))

    def _relayed_start(self, part: Part, data: bytes, out: list[Event]) -> None:
        if part.content_block.type == "text":
            self._text_begins(part.index)
            self._say(part.content_block.text, out)
        elif part.content_block.type in _THOUGHT:
            self._leave_out(part.index)
        else:
            out.append(_frame(part.type, moved(data, self._place(part.index, out))))

    def _leave_out(self, index: int) -> None:
        self.thought = True
        self._places[index] = None

    def _text_begins(self, index: int) -> None:
        """A text block: it is begun towards the client with its first character, if none is open."""
        self._texts.add(index)

    def _place(self, index: int, out: list[Event]) -> int:
        """The index of a block that is no text; what was open before it ends."""
        self._mute = False
        self._settle(out)
        self._places[index] = place = self._next
        self._next += 1
        return place

    def _say(self, text: str, out: list[Event]) -> None:
        if self._mute and text.strip():
            self._mute = False
        self._give(self._joint.feed(text), out)

    def _flush(self, out: list[Event]) -> None:
        """Give out what was held back: nothing that follows could tell more of it."""
        self._give(self._joint.close(), out)

    def _text_ends(self, out: list[Event]) -> None:
        """The block ends here too, unless what is held back may still belong to it."""
        if self._joint.settled and self._watch is None:
            self._end_block(out)

    def _expect_words(self, stop_reason: str | None) -> None:
        """Raises BadAnswer where nothing was said at all: the client would take its half of a sentence for the whole.

        The words to copy and nothing more are an end, for then the answer was over but for its ending. So are other
        stop reasons, which say themselves why there is no more.
        """
        if self._mute and stop_reason == "end_turn":
            raise BadAnswer("the provider was asked to go on with an answer and said nothing")

    def _settle(self, out: list[Event]) -> None:
        """All text is said: whatever is held or open ends."""
        self._flush(out)
        if self._watch is not None and not self.done:
            self._put(self._watch.flush(), out)
            self._watch = None
        self._end_block(out)

    def _give(self, text: str, out: list[Event]) -> None:
        """Text for the client, watched for a stop sequence that began in what it has already."""
        if self._watch is None:
            self._put(text, out)
            return
        if not text:
            return
        passed, stop = self._watch.feed(text)
        self._put(passed, out)
        if stop is not None:
            self._end_block(out)
            out += (MessageDelta(Stop("stop_sequence", stop), self.usage), MessageStop())
            self.done = True
        elif not self._known:
            rest, self._watch = self._watch.flush(), None
            self._put(rest, out)

    def _put(self, text: str, out: list[Event]) -> None:
        if self._known:
            gone = min(len(text), self._known)
            self._known -= gone
            text = text[gone:]
        if text:
            out.append(ContentBlockDelta(self._begin(out), TextDelta(text)))

    def _begin(self, out: list[Event]) -> int:
        """The index of the open text block; one is begun where there is none."""
        if self._open is None:
            self._open = self._next
            self._next += 1
            out.append(ContentBlockStart(self._open, TextBlock("")))
        return self._open

    def _end_block(self, out: list[Event]) -> None:
        if self._open is not None:
            out.append(ContentBlockStop(self._open))
            self._open = None

    def _summed(self, data: bytes) -> bytes:
        """A relayed `message_delta` with the usage of all targets in it."""
        found = members(data)
        usage = named(found, "usage")
        total = self.usage
        sums = {name: b"%d" % getattr(total, name) for name in _COUNTED}
        if usage is None or decoded(usage.value) is None:
            return data
        return edited(data, put(members(usage.value, usage.start), usage.start, sums))


def added(one: Usage, other: Usage) -> Usage:
    """The tokens of two answers together."""
    sums = {name: getattr(one, name) + getattr(other, name) for name in _COUNTED}
    thought = one.output_tokens_details.thinking_tokens + other.output_tokens_details.thinking_tokens
    created = structs.replace(
        other.cache_creation,
        **{
            name: getattr(one.cache_creation, name) + getattr(other.cache_creation, name)
            for name in other.cache_creation.__struct_fields__
        },
    )
    return structs.replace(other, **sums, cache_creation=created, output_tokens_details=OutputTokensDetails(thought))


def _begun(watch: StopWatch, said: str, stops: Sequence[str]) -> int:
    """How many characters at the end of what was said may begin a stop sequence; the watch holds them."""
    longest = max(map(len, stops), default=0)
    if longest < 2:
        return 0
    tail = said[1 - longest :]
    passed, stop = watch.feed(tail)
    return 0 if stop is not None else len(tail) - len(passed)


def _frame(kind: str, data: bytes) -> Verbatim:
    return Verbatim(frames.write(kind, data))
