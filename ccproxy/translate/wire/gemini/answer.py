"""One answer while it comes in: takes chunks, and writes what they say as events.

The common ground of bodies and streams, so that both say the same. Knows what a chunk means, but nothing of how it
got here.
"""

from __future__ import annotations

from msgspec import structs

from ccproxy.translate.blocks import Blocks
from ccproxy.translate.calls import Calls
from ccproxy.translate.messages import OutputTokensDetails, ResponseBlock, StopReason, Usage
from ccproxy.translate.served import SERVER_ID
from ccproxy.translate.stops import StopWatch
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.gemini import code_runs, finish, signatures
from ccproxy.translate.wire.gemini.chunks import Blob, Candidate, Chunk, CodeResult, FunctionCall, Part, UsageBody
from ccproxy.translate.wire.gemini.function_calls import Streamed
from ccproxy.translate.wire.gemini.grounding import Sources
from ccproxy.translate.wire.gemini.signatures import Mark
from ccproxy.translate.wire.gemini.usage import estimated, merged, usage


class Answer:
    """What has been said so far.

    `done` becomes True with the last event: the end, or a stop sequence that is enforced here. `finished` is the name
    of the provider's finish reason, or of the reason for which it blocked the prompt; "" until one came.
    """

    def __init__(self, context: DecodeContext) -> None:
        self.calls = Calls(context)
        self.blocks = Blocks(context, self.calls, signatures.packer(context.target))
        self.characters = 0
        self.done = False
        self.finished = ""
        self.reported: UsageBody | None = None
        self.stop_reason: StopReason | None = None
        self.stop_sequence: str | None = None
        self._context = context
        self._seals = bool(context.target.seal_keys)
        self._message: str | None = None  # the provider's words on the finish reason
        self._blocked = False  # the prompt was
        self._said = False  # anything but thoughts
        self._thinking = False  # the last block is of thoughts
        self._streamed: Streamed | None = None  # the call whose input is coming in
        self._run = ""  # of code, whose result is to come
        self._runs = 0
        self._sources = Sources()
        self._ahead = False  # the sources are known and to be told before the text
        self._told = False  # the sources are
        self._watch = StopWatch(context.local_stops) if context.local_stops else None
        self._plain = self._watch is None  # text goes straight to the blocks

    @property
    def usage(self) -> Usage:
        """The provider's usage as far as it came, else an estimate."""
        if self.reported is not None:
            known = usage(self.reported)
        else:
            known = estimated(self._context.input_tokens, self.characters)
        known.server_tool_use = self._sources.counted
        return known

    def add(self, chunk: Chunk, *, whole: bool = False) -> None:
        """Takes in a chunk: its usage first, because the answer begins with the input's count.

        `whole` tells that it is a complete answer, whose sources can be told where they were found: before the text.
        """
        if chunk.usage_metadata is not None:
            self._report(chunk.usage_metadata)
        feedback = chunk.prompt_feedback
        if feedback is not None and (blocked := finish.block_name(feedback.block_reason)):
            self._blocked = True
            self.finished = blocked
            self._message = feedback.block_reason_message
        for candidate in chunk.candidates or ():
            if not candidate.index:  # else it is one of several answers; the client asked for one
                self._candidate(candidate, whole=whole)

    def end(self) -> None:
        """The answer is complete: everything held back is written, then the stop reason and the usage.

        Raises UpstreamRefused where the finish reason is a failure and nothing was said that is of use.
        """
        self._end_call(cut=True)
        if self._over():
            return
        self._last_words()
        self._cite(None)
        self._tell_sources()
        self._write_end(self._reason())

    def _candidate(self, candidate: Candidate, *, whole: bool) -> None:
        if candidate.grounding_metadata is not None or candidate.url_context_metadata is not None:
            self._sources.add(candidate)
            if whole:
                self._ahead = True
                self._plain = False
        content = candidate.content
        if content is not None:
            for part in content.parts or ():
                self._part(part)
                if whole and part.text and not part.thought and self._watch is None:
                    self._cite(part.text)
        reason = candidate.finish_reason
        if reason:
            self.finished = finish.name(reason) or self.finished
            self._message = candidate.finish_message

    def _part(self, part: Part) -> None:
        if part.function_call is not None:
            self._call(part.function_call, part.thought_signature or "")
        elif part.thought:
            self._think(part)
        elif part.text is not None:
            if part.thought_signature and self._thinking:
                self._mark(Mark("text", part.thought_signature))
            if part.text:
                self._text(part.text)
        else:
            self._beside(part)

    def _text(self, text: str) -> None:
        if self.done:
            return
        self.characters += len(text)
        self._thinking = False
        self._said = True
        if self._plain:
            self.blocks.text(text)
            return
        self._settle()
        if self._ahead:
            self._tell_sources()
        if self._watch is None:
            self._plain = True
            self.blocks.text(text)
            return
        sure, met = self._watch.feed(text)
        if sure:
            self.blocks.text(sure)
        if met is not None:
            self.stop_sequence = met
            self._write_end("stop_sequence")

    def _think(self, part: Part) -> None:
        if self._over():
            return
        text = part.text or (_in_words(part.inline_data) if part.inline_data is not None else "")
        if text:
            self.characters += len(text)
            self.blocks.thinking(text)
            self._thinking = True
        if part.thought_signature and (self._thinking or self._seals):
            self._mark(Mark("thought", part.thought_signature))

    def _mark(self, mark: Mark) -> None:
        """Puts a signature into the thinking block that is being written, or into one for it alone."""
        self.blocks.thinking("", [mark])
        self._thinking = True

    def _call(self, given: FunctionCall, signature: str) -> None:
        streamed = self._streamed
        if streamed is not None and given.name:
            self._end_call()
            streamed = None
        if streamed is None:
            if not (given.name or given.id or given.args is not None or given.partial_args):
                return  # the end of a call, told once more
            streamed = self._streamed = Streamed()
        streamed.add(given, signature)
        if not given.will_continue:
            self._end_call()

    def _end_call(self, *, cut: bool = False) -> None:
        """The call whose input was coming in has all of it, or all that will come."""
        streamed, self._streamed = self._streamed, None
        if streamed is None or self._over():
            return
        if self._ahead:
            self._tell_sources()
        signature = streamed.signature
        if signature and (self._thinking or self._seals):
            self._mark(Mark("call", signature))
        call = self.calls.begin(None, streamed.id, streamed.name or "unknown")
        call.add(streamed.text(cut=cut))
        self.characters += len(call.arguments)
        self.blocks.calls([call])
        self._thinking = False
        self._said = True
        if signature and call.client_id:
            signatures.keep(self._context.target, call.client_id, signature)

    def _beside(self, part: Part) -> None:
        """What is neither text nor a call: the work of the provider's own tools, and what cannot be shown."""
        if part.executable_code is not None:
            if not self._over():
                self._runs += 1
                self._run = f"{SERVER_ID}{self._context.message_id.removeprefix('msg_')}c{self._runs}"
                self._whole(code_runs.asked(self._run, part.executable_code.code or ""))
                self._plain = False
        elif part.code_execution_result is not None:
            self._ran(part.code_execution_result)
        elif part.tool_call is not None:
            if part.tool_call.args is not None:
                self._sources.ask(part.tool_call.args.queries or [])
        elif part.inline_data is not None or part.file_data is not None:
            self._text(_in_words(part.inline_data or part.file_data or Blob()))

    def _ran(self, result: CodeResult) -> None:
        if self._run:
            self._whole(code_runs.gave(self._run, result))
            self._run = ""
        elif result.output:
            self._text(f"\n```\n{result.output}\n```\n")  # of a run that was told to have none, or in another answer

    def _whole(self, block: ResponseBlock) -> None:
        self.blocks.whole(block)
        self._thinking = False
        self._said = True

    def _settle(self) -> None:
        """A run of code whose result did not come right behind it has none."""
        if self._run:
            self._whole(code_runs.gave(self._run, None))
            self._run = ""

    def _over(self) -> bool:
        """Writes what is held back, because no more of this text follows; tells whether the answer is over."""
        if self.done:
            return True
        self._settle()
        if self._watch is not None:
            text = self._watch.flush()
            if text:
                self.blocks.text(text)
        return False

    def _cite(self, text: str | None) -> None:
        """The citations whose passages are in this text, which came last; None: all that were not told yet."""
        for citation in self._sources.citations(text):
            self.blocks.citation(citation)

    def _tell_sources(self) -> None:
        """The searches and what they found, once."""
        self._ahead = False
        if not self._told:
            for block in self._sources.blocks(self._context.message_id):
                self._told = True
                self._whole(block)

    def _report(self, counts: UsageBody) -> None:
        """Usage from the provider; where it comes before the first word, the answer begins with its input count."""
        self.reported = merged(self.reported, counts)
        if not self.blocks.started and self.reported is not None:
            known = usage(self.reported)
            self.blocks.prompt = structs.replace(known, output_tokens=0, output_tokens_details=OutputTokensDetails())

    def _last_words(self) -> None:
        """What the finish reason means, in words, where the answer does not say it itself."""
        words = finish.failure(self.finished, self._message)
        if words and not self._said:
            raise finish.raised(self.finished, words)
        if words and not self.calls.all:
            self.blocks.text(f"\n\n[{words}]")
        elif not self._said:
            words = finish.refused(self.finished, self._message, prompt=self._blocked)
            if words:
                self.blocks.text(words)

    def _reason(self) -> StopReason:
        if self._blocked:
            return "refusal"
        calls = self.calls.all
        return finish.stop_reason(self.finished, calls=bool(calls), cut=bool(calls) and calls[-1].cut)

    def _write_end(self, reason: StopReason) -> None:
        self.stop_reason = reason
        self.blocks.end(reason, self.stop_sequence, self.usage)
        self.done = True


def _in_words(blob: Blob) -> str:
    """What the model made beside text. Answers of the Messages API hold no such thing; its loss must be told."""
    kind = (blob.mime_type or "").partition("/")[0]
    if blob.file_uri and blob.file_uri.startswith("http"):
        return f"![image]({blob.file_uri})" if kind == "image" else f"[file]({blob.file_uri})"
    match kind:
        case "image":
            return "[an image that cannot be shown here]"
        case "audio":
            return "[a sound that cannot be played here]"
        case _:
            return "[a file that cannot be shown here]"
