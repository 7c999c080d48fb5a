"""What the client got so far of an answer, seen from what another target would need to go on with it."""

from __future__ import annotations

from collections.abc import Iterable

from ccproxy.translate.continuation.parts import parts
from ccproxy.translate.events import (
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    Event,
    MessageDelta,
    MessageStop,
    TextDelta,
    Verbatim,
)
from ccproxy.translate.misfits import Halves

_THOUGHT = ("thinking", "redacted_thinking")


class Spoken:
    """Follows the events on their way to the client. A text costs one append, once a tool was called nothing at all."""

    def __init__(self) -> None:
        self.barred: str | None = None
        """Why nobody can go on: what was said that is no plain text, or that the answer was over."""
        self.open: int | None = None
        """The index of the text block that is open."""
        self.blocks = 0
        """How many blocks have begun: the next one's index."""
        self._texts: list[str] = []
        self._halves: Halves = {}
        self._has_text = False
        self._thinks = False

    @property
    def text(self) -> str:
        """All text so far, of all blocks."""
        return "".join(self._texts)

    @property
    def resumable(self) -> bool:
        """Whether what was said is plain text. Thinking before it is history; thinking alone is no text yet.

        Nobody can give the client the other half of a character that it has one half of.
        """
        return self.barred is None and not (self._thinks or self._halves) and (self._has_text or not self.blocks)

    def take(self, events: Iterable[Event]) -> None:
        """Events that go to the client now."""
        if self.barred is not None:
            return
        for event in events:
            kind = type(event)
            if kind is ContentBlockDelta:
                if type(event.delta) is TextDelta:  # type: ignore[union-attr]
                    self._texts.append(event.delta.text)  # type: ignore[union-attr]
            elif kind is Verbatim:
                self._relayed(event.data)  # type: ignore[union-attr]
            else:
                self._framed(event)

    def _framed(self, event: Event) -> None:
        match event:
            case ContentBlockStart():
                kind = str(event.content_block.__struct_config__.tag)
                self._begun(event.index, kind, getattr(event.content_block, "text", ""))
            case ContentBlockStop():
                self._ended()
            case MessageDelta() | MessageStop():
                self.barred = "the answer was over"
            case _:
                pass

    def _relayed(self, data: bytes) -> None:
        for part, _ in parts(data, self._halves):
            match part.type if part is not None else None:
                case "content_block_delta" if part is not None:
                    if part.delta.type == "text_delta":
                        self._texts.append(part.delta.text)
                case "content_block_start" if part is not None:
                    self._begun(part.index, part.content_block.type, part.content_block.text)
                case "content_block_stop":
                    self._ended()
                case "message_delta" | "message_stop":
                    self.barred = "the answer was over"
                case "message_start" | "ping":
                    pass
                case _:
                    self.barred = "an event of an unknown kind"

    def _begun(self, index: int, kind: str, text: str) -> None:
        self.blocks = max(self.blocks, index + 1)
        if kind == "text":
            self.open, self._has_text = index, True
            self._texts.append(text)
        elif kind in _THOUGHT:
            self._thinks = True
        else:
            self.barred = f"a block of type {kind}"

    def _ended(self) -> None:
        self.open, self._thinks = None, False
