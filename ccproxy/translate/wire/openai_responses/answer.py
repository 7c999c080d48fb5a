"""One answer while it comes in: takes items, in whole or in part, and writes them as events.

The common ground of bodies and streams, so that both say the same. Knows what an item means, but nothing of how it
got here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ccproxy.translate import searches
from ccproxy.translate.blocks import Blocks
from ccproxy.translate.calls import Call, Calls
from ccproxy.translate.messages import ResponseBlock, StopReason, Usage
from ccproxy.translate.served import SERVER_ID
from ccproxy.translate.stops import StopWatch
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.openai_responses import endings, items, ran, searched
from ccproxy.translate.wire.openai_responses.frames import Delta, Done, Noted, Told
from ccproxy.translate.wire.openai_responses.items import Annotation, Item, Response
from ccproxy.translate.wire.openai_responses.progress import Output, Part, Progress
from ccproxy.translate.wire.openai_responses.reasoning import Reasoning, packed
from ccproxy.translate.wire.openai_responses.searched import Searches
from ccproxy.translate.wire.openai_responses.usage import UsageBody, estimated, usage
from ccproxy.translate.wire.openai_responses.waiting import waiting

_BLANK_LINE = "\n\n"


class Answer:
    """What has been said so far.

    `done` becomes True with the last event: the end, or a stop sequence that is enforced here.
    """

    def __init__(self, context: DecodeContext) -> None:
        self.calls = Calls(context)
        self.blocks = Blocks(context, self.calls, packed)
        self.characters = 0
        self.done = False
        self.reported: UsageBody | None = None
        self.stop_reason: StopReason | None = None
        self.stop_sequence: str | None = None
        self._context = context
        self._output = Output()
        self._searches = Searches()
        self._served = 0
        self._refused = False
        self._sealed = bool(context.target.seal_keys)
        self._watch = StopWatch(context.local_stops) if context.local_stops else None
        # The part that text was added to last: most deltas go there too.
        self._index: int | None = None
        self._within: int | None = None
        self._item = Progress("message")
        self._part = Part()
        self._thinking: Progress | None = None

    @property
    def usage(self) -> Usage:
        """The provider's usage as far as it came, else an estimate."""
        if self.reported is not None:
            return usage(self.reported, self._searches.count)
        return estimated(self._context.input_tokens, self.characters, self._searches.count)

    def text(self, frame: Delta) -> None:
        """More text."""
        delta = frame.delta
        if not delta or self.done:
            return
        if frame.output_index is None or frame.output_index != self._index or frame.content_index != self._within:
            self._turn_to(self._output.item(frame.output_index, frame.item_id, "message"), frame.content_index)
            self._index = frame.output_index
        self._say(delta)

    def refusal(self, frame: Delta) -> None:
        """More of the model's words on why it does not answer."""
        self._refused = True
        self.text(frame)

    def whole_text(self, frame: Done) -> None:
        """All of a part of text: what of it did not come before."""
        part = frame.part
        if part is not None and part.type == "reasoning_text":
            self.thought(frame, "content")
            return
        text = frame.text or frame.refusal or (part.words if part is not None else "")
        if frame.refusal or (part is not None and part.refusal):
            self._refused = True
        item = self._output.item(frame.output_index, frame.item_id, "message")
        known = item.parts.get(frame.content_index)
        rest = text[known.length if known is not None else 0 :]
        if rest and not self.done:
            self._turn_to(item, frame.content_index)
            self._say(rest)

    def thought(self, frame: Delta | Done, channel: str) -> None:
        """More reasoning, of the item's summary or of its content; or all of a part of it."""
        item = self._output.item(frame.output_index, frame.item_id, "reasoning")
        at = frame.summary_index if channel == "summary" else frame.content_index
        known = item.parts.get(at)
        if isinstance(frame, Delta):
            text = frame.delta
        else:
            text = frame.text or (frame.part.words if frame.part is not None else "")
            text = text[known.length if known is not None else 0 :]
        if not text or item.channel not in ("", channel):
            return
        item.channel = channel
        if known is None:
            known = item.parts[at] = Part()
            if item.length:
                text = _BLANK_LINE + text
                known.length = -len(_BLANK_LINE)
        known.length += len(text)
        self._think(item, text)

    def arguments(self, frame: Delta) -> None:
        """More of a call's input."""
        item = self._output.item(frame.output_index, frame.item_id, "function_call")
        self._called(item, "", "", frame.delta)

    def whole_arguments(self, frame: Done) -> None:
        """All of a call's input: what of it did not come before."""
        item = self._output.item(frame.output_index, frame.item_id, "function_call")
        item.name = frame.name or item.name
        known = item.call is not None and item.call.id
        self._called(item, "", item.name if known else "", _rest(items.text_of(frame.arguments), item))

    def noted(self, frame: Noted) -> None:
        """A note on the text that came last; where no text did, the item itself has the note again."""
        item = self._output.item(frame.output_index, frame.item_id, "message")
        if frame.annotation is not None and item.length:
            item.notes += 1
            self._cite(frame.annotation)

    def began(self, frame: Told) -> None:
        """An item began; only of a call there is something to tell yet."""
        item = frame.item
        known = self._output.item(frame.output_index, item.id, item.type, begins=True)
        self._index = None
        if item.type == "function_call":
            self._called(known, item.call_id or item.id or "", item.name or "", "")

    def told(self, frame: Told) -> None:
        """An item is complete."""
        item = frame.item
        self._complete(self._output.item(frame.output_index, item.id, item.type), item)

    def end(self, response: Response) -> None:
        """The answer is over: what did not come before is told, then the stop reason and the usage.

        Raises UpstreamRefused where it failed, BadAnswer where it is not over.
        """
        if response.usage is not None and (response.usage.input_tokens or response.usage.output_tokens):
            self.reported = response.usage
        self._flush()
        endings.check(response)
        for known, item in self._output.missing(response.output or []):
            self._complete(known, item)
        if self.done:
            return
        self._flush()
        self._output.name_calls()
        calls = self.calls.all
        state: endings.Calls = "none" if not calls else "cut" if all(call.cut for call in calls) else "complete"
        self._write_end(endings.stop_reason(response, state, refusal=self._refused))

    def _complete(self, known: Progress, item: Item) -> None:
        """Takes in all of an item: what of it did not come before."""
        if known.over or self.done:
            return
        # A message without its content may have it in the whole output.
        known.over = item.type != "message" or bool(item.content)
        match item.type:
            case "message":
                self._message(known, item)
            case "reasoning":
                self._reasoned(known, item)
            case "function_call":
                rest = _rest(items.text_of(item.arguments), known)
                self._called(known, item.call_id or item.id or "", item.name or "", rest)
                self._settle(known.call)
            case _ if searched.is_search(item):
                self._tell(self._searches.told(item, self._id(SERVER_ID)))
            case _ if (asked := waiting(item)) is not None:
                self._called(known, item.call_id or item.id or "", asked[0], items.text_of(asked[1]))
            case _:
                self._tell(ran.told(item, self._id, self._context.names))

    def _message(self, known: Progress, item: Item) -> None:
        if item.role not in (None, "assistant"):
            return
        told, passed, notes = known.length, 0, 0
        for part in items.parts(item.content):
            text = part.words
            rest = text[max(told - passed, 0) :]
            passed += len(text)
            self._refused = self._refused or bool(part.refusal)
            if rest and not self.done:
                if rest == text or self._item is not known:
                    self._turn_to(known, -passed)  # no number of the provider's
                self._say(rest)
            for note in part.annotations or ():
                notes += 1
                if notes > known.notes and not self.done:
                    self._cite(note)

    def _reasoned(self, known: Progress, item: Item) -> None:
        """The rest of the reasoning, and what the provider wants back of it."""
        summary, content = items.thoughts(item.summary), items.thoughts(item.content)
        text = summary if known.channel == "summary" or (summary and not known.channel) else content
        details: list[Reasoning] = []
        if self._sealed and (item.encrypted_content or content):
            details.append(Reasoning(item.id, item.encrypted_content, _raw(item.summary), _raw(item.content)))
        self._think(known, text[known.length :], details)

    def _turn_to(self, item: Progress, within: int | None) -> None:
        """What is said next belongs to this part of this item."""
        part = item.parts.setdefault(within, Part())
        if part is not self._part:
            self._flush()
            self.blocks.apart()
        self._item, self._part = item, part
        self._index, self._within = None, within

    def _say(self, text: str) -> None:
        """Text, up to a stop sequence; one that is met ends the answer."""
        length = len(text)
        self.characters += length
        self._part.length += length
        self._item.length += length
        if self._watch is None:
            self.blocks.text(text)
            return
        sure, met = self._watch.feed(text)
        if sure:
            self.blocks.text(sure)
        if met is not None:
            self.stop_sequence = met
            self._write_end("stop_sequence")

    def _think(self, item: Progress, text: str, details: Sequence[Reasoning] = ()) -> None:
        if not (text or details):
            return
        self._flush()
        self.characters += len(text)
        item.length += len(text)
        if item is not self._thinking:
            self._thinking = item
            self.blocks.apart()
        self.blocks.thinking(text, details)

    def _called(self, item: Progress, id: str, name: str, fragment: str) -> None:
        """A call: new, or with more input. One that begins inside the input of another has the same name."""
        self._flush()
        call = item.call or self.calls.begin(None, id, name)
        call.id, call.name = call.id or id, call.name or name
        touched = [call]
        item.length += len(fragment)
        if call.complete and fragment.strip() == call.arguments.strip():
            fragment = ""  # all of it once more
        self.characters += len(fragment)
        while fragment:
            fragment = call.add(fragment).lstrip()
            if fragment[:1] != "{":
                break
            call = self.calls.begin(None, "", call.name)
            touched.append(call)
        item.call = call
        self.blocks.calls(touched)

    def _settle(self, call: Call | None) -> None:
        """No more input comes; what is still incomplete was cut."""
        if call is not None and not call.cut:
            call.complete = True
            self.blocks.calls(())

    def _tell(self, told: Iterable[ResponseBlock | str]) -> None:
        """Blocks that came whole, and words for what has none."""
        self._flush()
        for one in told:
            if isinstance(one, str):
                self.characters += len(one)
                self.blocks.apart()
                self.blocks.text(one)
                self.blocks.apart()
            else:
                self.blocks.whole(one)

    def _cite(self, note: Annotation) -> None:
        page = searched.page_of(note)
        if page is not None:
            self._searches.cited(page)
            self.blocks.citation(searches.citation(page))

    def _id(self, prefix: str) -> str:
        """A fresh id for what the provider ran itself."""
        self._served += 1
        return f"{prefix}{self._context.message_id.removeprefix('msg_')}{self._served}"

    def _flush(self) -> None:
        """Writes what is held back, because no more of this text follows."""
        if self._watch is not None:
            text = self._watch.flush()
            if text:
                self.blocks.text(text)

    def _write_end(self, reason: StopReason) -> None:
        for block in self._searches.rest():
            self.blocks.whole(block)
        self.stop_reason = reason
        self.blocks.end(reason, self.stop_sequence, self.usage)
        self.done = True


def _rest(arguments: str, item: Progress) -> str:
    """What of a call's whole input did not come before; behind the end of one there is nothing more."""
    return "" if item.call is not None and item.call.complete else arguments[item.length :]


def _raw(value: Any) -> Raw | UnsetType:
    return Raw(msgspec.json.encode(value)) if value else UNSET
