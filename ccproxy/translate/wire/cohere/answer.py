"""One answer while it comes in: takes what was said, in whole or in part, and writes it as events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import structs

from ccproxy.translate.blocks import Blocks
from ccproxy.translate.calls import Call, Calls
from ccproxy.translate.messages import OutputTokensDetails, StopReason, Usage
from ccproxy.translate.refusals import refused, words
from ccproxy.translate.stops import StopWatch
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.cohere import citations, finish
from ccproxy.translate.wire.cohere.chunks import CallPart, Citation, Content, Delta, Said, UsageBody
from ccproxy.translate.wire.cohere.usage import counted, estimated, usage
from ccproxy.translate.wire.openai_chat import tool_calls


class Answer:
    """What has been said so far. `done` becomes True with the last event; `finished` tells that the provider's came."""

    def __init__(self, context: DecodeContext) -> None:
        self.calls = Calls(context)
        self.blocks = Blocks(context, self.calls, _no_details)
        self.done = False
        self.finished = False
        self.reported: UsageBody | None = None
        self.stop_reason: StopReason | None = None
        self._stop_sequence: str | None = None
        self._context = context
        self._characters = 0
        self._cited: set[bytes] = set()
        self._finish: str | None = None
        stops = context.local_stops
        self._watch = StopWatch(stops) if stops else None
        # The provider does not tell which sequence it met, so it is given one at most.
        self._sent = stops[0] if len(stops) == 1 else None

    @property
    def usage(self) -> Usage:
        """The provider's usage as far as it came, else an estimate."""
        if self.reported is not None:
            return usage(self.reported)
        return estimated(self._context.input_tokens, self._characters)

    def content(self, part: Content) -> None:
        """An item of content, or more of it."""
        if part.text:
            self.text(part.text)
        elif part.thinking and not self._over():
            self._characters += len(part.thinking)
            self.blocks.thinking(part.thinking)

    def text(self, text: str) -> None:
        """More text, which may hold stop sequences; a plan for tool calls is text too."""
        if self.done or not text:
            return
        self._characters += len(text)
        if self._watch is None:
            self.blocks.text(text)
            return
        sure, met = self._watch.feed(text)
        if sure:
            self.blocks.text(sure)
        if met is not None:
            self._stop_sequence = met
            self._write_end("stop_sequence")

    def call(self, index: int | None, part: CallPart, *, new: bool) -> None:
        """A call that begins (`new`) or gets more input."""
        function = part.function
        if function is None or self._over():
            return
        call = None if new else self._known(index)
        if call is None:
            call = self.calls.begin(index, part.id or "", function.name or "")
        fragment = tool_calls.text_of(function.arguments)
        self._characters += len(fragment)
        if fragment:
            call.add(fragment)
        self.blocks.calls((call,))

    def cite(self, found: Citation) -> None:
        """Sources of the text so far, each once. What the thinking rests on is no citation of the answer."""
        if found.type == "THINKING_CONTENT" or self._over():
            return
        for source in found.sources or ():
            raw = citations.citation(source)
            if raw is not None and bytes(raw) not in self._cited:
                self._cited.add(bytes(raw))
                self.blocks.citation(raw)

    def all_of(self, said: Said) -> None:
        """A whole message: thinking and the plan first, then the text with its citations, then the calls."""
        if said.tool_plan:
            self.text(said.tool_plan)
        content = said.content
        if isinstance(content, str):
            self.text(content)
        else:
            for part in _listed(content):
                self.content(part)
        for citation in _listed(said.citations):
            self.cite(citation)
        for position, call in enumerate(_listed(said.tool_calls)):
            self.call(position, call, new=True)

    def ended(self, delta: Delta) -> None:
        """The provider's end. Raises UpstreamRefused where it is an error."""
        self.finished = True
        self._finish = delta.finish_reason
        if delta.usage is not None and counted(delta.usage) is not None:
            self.reported = delta.usage
        if delta.error:
            raise refused(words(delta.error))
        self.end()

    def starts_with(self, counts: UsageBody) -> None:
        """Usage that is known before the first word, as in a whole body."""
        if counted(counts) is not None:
            self.reported = counts
            known = usage(counts)
            self.blocks.prompt = structs.replace(known, output_tokens=0, output_tokens_details=OutputTokensDetails())

    def end(self) -> None:
        """Everything held back is written, then the stop reason and the usage."""
        if self._over():
            return
        reason = finish.stop_reason(self._finish, bool(self.calls.all), self._sent)
        if reason == "tool_use" and all(call.cut for call in self.calls.all):
            reason = "max_tokens"  # the inputs just stop, whatever the provider says of it
        if reason == "stop_sequence":
            self._stop_sequence = self._sent
        self._write_end(reason)

    def _known(self, index: int | None) -> Call | None:
        return next((call for call in reversed(self.calls.all) if index is None or call.index == index), None)

    def _over(self) -> bool:
        """Writes what is held back, because no more of this text follows; tells whether the answer is over."""
        if self._watch is not None and not self.done:
            held = self._watch.flush()
            if held:
                self.blocks.text(held)
        return self.done

    def _write_end(self, reason: StopReason) -> None:
        self.stop_reason = reason
        self.blocks.end(reason, self._stop_sequence, self.usage)
        self.done = True


def _listed(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _no_details(_: Sequence[Any]) -> bytes:
    """Thinking goes back as its text, so the signature carries nothing but its seal."""
    return b""
