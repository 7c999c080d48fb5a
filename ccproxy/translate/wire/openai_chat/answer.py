"""One answer while it comes in: takes what was said, in whole or in part, and writes it as events.

The common ground of bodies and streams, so that both say the same. Knows what a delta means, but nothing of how
it got here.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from ccproxy.translate import searches
from ccproxy.translate.blocks import Blocks
from ccproxy.translate.calls import Calls
from ccproxy.translate.messages import OutputTokensDetails, StopReason, Usage
from ccproxy.translate.searches import Page
from ccproxy.translate.stops import StopWatch
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.openai_chat import finish, reasoning, tool_calls
from ccproxy.translate.wire.openai_chat.chunks import (
    CallPart,
    Choice,
    Chunk,
    ContentPart,
    Delta,
    UsageBody,
)
from ccproxy.translate.wire.openai_chat.pages import Pages
from ccproxy.translate.wire.openai_chat.usage import estimated, usage


class Answer:
    """What has been said so far.

    `plain` tells that text can go straight to the blocks. `done` becomes True with the last event: the end, or a
    stop sequence that is enforced here. `finished` is the provider's finish reason, None until it came.
    """

    def __init__(self, context: DecodeContext) -> None:
        self.calls = Calls(context)
        self.blocks = Blocks(context, self.calls, reasoning.packed)
        self.characters = 0
        self.done = False
        self.finished: str | None = None
        self.reported: UsageBody | None = None
        self.stop_reason: StopReason | None = None
        self.stop_sequence: str | None = None
        self._context = context
        self._refused = False
        self._pages = Pages(context.message_id)
        self._sources: dict[str, Page] = {}
        target = context.target
        dialect = target.dialect
        # Details are kept where the provider wants them back; then they may come without any text.
        self._details = bool(target.seal_keys) and dialect.replay == "reasoning_details"
        self._signed = bool(target.seal_keys) and dialect.replay == "content"
        self._tags = reasoning.ThinkTags(opened=dialect.think_unopened) if dialect.think_tags else None
        self._watch = StopWatch(context.local_stops) if context.local_stops else None
        self.plain = self._tags is None and self._watch is None

    @property
    def usage(self) -> Usage:
        """The provider's usage as far as it came, else an estimate."""
        if self.reported is not None:
            known = usage(self.reported)
        else:
            known = estimated(self._context.input_tokens, self.characters)
        known.server_tool_use = searches.counted(self._pages.count)
        return known

    def add(self, delta: Delta, *, whole: bool = False) -> None:
        """Takes in what was said: reasoning first, then text, then calls, which is the order within one delta.

        `whole` tells that it is a complete message and no part of one.
        """
        thought = reasoning.text_of(delta)
        details = delta.reasoning_details if self._details else None
        if thought or details:
            self._think(thought, details or ())
        if delta.executed_tools and not self._over():
            self._pages.ran(delta.executed_tools, self.blocks)
        content = delta.content
        if isinstance(content, str):
            self.text(content)
        elif content:
            self._parts(content)
        if delta.refusal or delta.annotations or delta.audio is not None or delta.images:
            self._beside(delta)
        for position, part in enumerate(delta.tool_calls or ()):
            # Neighbours in one list are different calls, unless numbers say otherwise.
            self._call(part, new=whole or (position > 0 and part.index is None))
        function = delta.function_call
        if function is not None and (function.name or function.arguments):
            self._call(CallPart(index=0, function=function))

    def end_of(self, choice: Choice) -> None:
        """Notes the finish reason; `""` is none. vLLM and SGLang tell the stop sequence that they met."""
        if choice.finish_reason:
            self.finished = choice.finish_reason
        for met in (choice.stop_reason, choice.matched_stop):
            if isinstance(met, str) and met and choice.finish_reason == "stop":
                self.stop_sequence = met

    def notes(self, chunk: Chunk) -> None:
        """What a chunk says beside its choices: usage and sources, each time more complete."""
        reported = chunk.usage or (chunk.x_groq.usage if chunk.x_groq is not None else None)
        if reported is not None:
            self.report(reported)
        if chunk.search_results or chunk.web_search or chunk.citations:
            self._found(chunk)

    def report(self, counts: UsageBody) -> None:
        """Usage from the provider; where it comes before the first word, the answer begins with its input count.

        Counts of nothing at all are a placeholder.
        """
        if not counts.prompt_tokens and not counts.completion_tokens:
            return
        self.reported = counts
        served = counts.server_tool_use_details
        searched = (served.web_search_requests if served is not None else None) or counts.num_search_queries
        if searched:
            self._pages.reported = searched
        if not self.blocks.started and counts.prompt_tokens:
            known = usage(counts)
            self.blocks.prompt = structs.replace(known, output_tokens=0, output_tokens_details=OutputTokensDetails())

    def text(self, text: str) -> None:
        """More text, which may hold tags and stop sequences."""
        if not text or self.done:
            return
        self.characters += len(text)
        if self.plain:
            self.blocks.text(text)
            return
        if self._tags is not None:
            thought, text = self._tags.feed(text)
            self._release_tags()
            if thought:
                self.blocks.thinking(thought)
        if text:
            self._watched(text)

    def end(self) -> None:
        """The answer is complete: everything held back is written, then the stop reason and the usage.

        Raises UpstreamRefused where the finish reason is a failure.
        """
        if self._over():
            return
        self._text_after_all()
        reason = finish.stop_reason(self.finished, self._calls_state())
        if self._refused and reason == "end_turn":
            reason = "refusal"
        if self.stop_sequence is not None and reason == "end_turn":
            reason = "stop_sequence"
        if reason != "stop_sequence":
            self.stop_sequence = None
        self._write_end(reason)

    def _found(self, chunk: Chunk) -> None:
        """Web pages that the whole text rests on, cited at its end; older servers list only where they are."""
        for result in chunk.search_results or chunk.web_search or ():
            url = result.url or result.link
            if url:
                self._sources[url] = Page(url, result.title or "", result.date or result.publish_date)
        if not self._sources:
            self._sources = {url: Page(url) for url in chunk.citations or () if url}
        for page in self._sources.values():
            self._pages.add(page)
        if not self.characters and not self.done:
            self._pages.tell(self.blocks)

    def _beside(self, delta: Delta) -> None:
        """What comes beside the text: a refusal, spoken words, images, the pages that it rests on."""
        if delta.refusal:
            self._refused = True
            self.text(delta.refusal)
        if delta.audio is not None and delta.audio.transcript:
            self.text(delta.audio.transcript)
        for image in delta.images or ():
            url = image.image_url.url if image.image_url is not None else ""
            # Answers of the Messages API hold no images; a link can be told, and the loss of one must be.
            self.text(f"![image]({url})" if url.startswith("http") else "[an image that cannot be shown here]")
        for note in delta.annotations or ():
            cited = note.url_citation
            if cited is not None and cited.url:
                self._cite(Page(cited.url, cited.title or ""), cited.content or "")

    def _think(self, text: str, details: Any) -> None:
        if self._over():
            return
        self.characters += len(text)
        self.blocks.thinking(text, details)

    def _call(self, part: CallPart, *, new: bool = False) -> None:
        if self._over():
            return
        touched = tool_calls.add(self.calls, part, new=new)
        if part.function is not None and isinstance(part.function.arguments, str):
            self.characters += len(part.function.arguments)
        self.blocks.calls(touched)

    def _parts(self, parts: list[ContentPart]) -> None:
        """A content array: items of text and of reasoning, in their order."""
        for part in parts:
            if part.thinking or part.signature:
                thought = part.thinking or ""
                if not isinstance(thought, str):
                    thought = "".join(item.text or "" for item in thought)
                details = [{"signature": part.signature}] if part.signature and self._signed else []
                if thought or details:
                    self._think(thought, details)
            if part.refusal:
                self._refused = True
            text = part.text or part.refusal
            if text:
                self.text(text)

    def _watched(self, text: str) -> None:
        """Text without tags, up to a stop sequence; one that is met ends the answer."""
        if self._watch is None:
            self.blocks.text(text)
            return
        sure, met = self._watch.feed(text)
        if sure:
            self.blocks.text(sure)
        if met is not None:
            self.stop_sequence = met
            self._write_end("stop_sequence")

    def _over(self) -> bool:
        """Writes what is held back, because no more of this text follows; tells whether that ended the answer."""
        if not self.done:
            self._flush()
        return self.done

    def _flush(self) -> None:
        if self._tags is not None:
            thought, text = self._tags.flush()
            self._release_tags()
            if thought:
                self.blocks.thinking(thought)
            if text:
                self._watched(text)
        if self._watch is not None and not self.done:
            text = self._watch.flush()
            if text:
                self.blocks.text(text)

    def _release_tags(self) -> None:
        """Past the head of the answer there are no tags to look for."""
        if self._tags is not None and self._tags.done:
            self._tags = None
            self.plain = self._watch is None

    def _text_after_all(self) -> None:
        text = self._tags.text_after_all() if self._tags is not None else ""
        if text and not self.calls.all and finish.stop_reason(self.finished, "none") == "end_turn":
            self.blocks.text(text)

    def _cite(self, page: Page, text: str = "") -> None:
        self._pages.add(page)
        self.blocks.citation(searches.citation(page, text))

    def _calls_state(self) -> finish.Calls:
        if not self.calls.all:
            return "none"
        return "cut" if all(call.cut for call in self.calls.all) else "complete"

    def _write_end(self, reason: StopReason) -> None:
        for page in self._sources.values():
            self._cite(page)
        self._pages.tell(self.blocks)
        self.stop_reason = reason
        self.blocks.end(reason, self.stop_sequence, self.usage)
        self.done = True
