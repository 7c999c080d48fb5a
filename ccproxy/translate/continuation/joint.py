"""Where two texts meet: what of the second one the client has already is taken off, and nothing else.

The client has `said`. The next target was shown it without the white space at its end (many providers refuse or trim
that) and either had it as the beginning of its own message, or was asked to copy its last words, the `lead`, and to
write on. The rules, in their order:

1. White space before the first word is looked at only as said in 4.
2. With a lead: where the text begins with it, it goes. Where it does not, a repeat of any longer or shorter tail of
   what was said goes, if it has LEAST characters, or if the continuation would otherwise run two words into one; but
   not where that tail repeats itself (`ha ha ha`, rows of a table): then it may well be meant.
3. Without a lead only a repeat of all that was said goes, which some providers give back before they go on.
4. White space that the client has at the end and that the text goes on with is given out once.

Held back is only what may still become such a repeat: most continuations pass from their first or second word on.
"""

from __future__ import annotations

LEAST = 12
"""Characters from which on a repeat of the end is no accident."""

_WORD = 3
_BLANK = 1024  # white space at most that is held back while waiting for a word


class Joint:
    """Feed it the second text as it comes, then close it; it answers with what the client has to get."""

    def __init__(self, said: str, lead: str | None) -> None:
        """`lead`: the words that the target was asked to begin with; None where the text was its own beginning."""
        self._core = said.rstrip()
        self._space = said[len(self._core) :]
        self._lead = lead
        self._held = ""
        self._matching = bool(self._core)
        self._spacing = bool(self._space)

    @property
    def settled(self) -> bool:
        """Whether everything passes from now on."""
        return not (self._matching or self._spacing)

    def feed(self, text: str) -> str:
        """What of all text so far can be given out."""
        if self.settled:
            return text
        self._held += text
        return self._given(ended=False)

    def close(self) -> str:
        """What was held back, where the text ends."""
        return self._given(ended=True)

    def _given(self, *, ended: bool) -> str:
        if self._matching:
            taken = self._repeated(ended)
            if taken is None:
                return ""
            self._matching = False
            self._held = self._held[taken:]
        return self._after_space(ended)

    def _repeated(self, ended: bool) -> int | None:
        """How many characters of what is held are a repeat; None: too early to say."""
        text = self._held.lstrip()
        blank = len(self._held) - len(text)
        if not text:
            return 0 if ended or blank > _BLANK else None
        if self._lead is None:
            return self._whole(text, blank, ended)
        if text.startswith(self._lead):
            return blank + len(self._lead)
        if self._lead.startswith(text):
            return blank + len(text) if ended else None
        if not ended and self._core.find(text, 0, len(self._core) - 1) >= 0:
            return None  # a tail that is longer than all that came
        length = self._tail(text)
        return blank + length if length else 0

    def _whole(self, text: str, blank: int, ended: bool) -> int | None:
        if text.startswith(self._core):
            return blank + len(self._core)
        return None if not ended and self._core.startswith(text) else 0

    def _tail(self, text: str) -> int:
        """The length of the longest tail of what was said that the text begins with, if it is a repeat of it."""
        place = max(0, len(self._core) - len(text))
        head = text[:_WORD]
        while (place := self._core.find(head, place)) >= 0:
            length = len(self._core) - place
            if text.startswith(self._core[place:]):
                surely = length >= LEAST or self._runs_together(place)
                return length if surely and not _loops(self._core, length) else 0
            place += 1
        return 0

    def _runs_together(self, place: int) -> bool:
        """Whether a text that is no repeat from `place` on would put the beginning of a word to the end of another."""
        begins = self._core[place].isalpha() and (place == 0 or self._core[place - 1].isspace())
        return begins and self._core[-1].isalpha()

    def _after_space(self, ended: bool) -> str:
        held = self._held
        if self._spacing and held:
            text = held.lstrip()
            blank = held[: len(held) - len(text)]
            shared = _shared(blank, self._space)
            if not ended and not text and shared == len(blank) < len(self._space):
                return ""
            held = held[shared:]
            self._spacing = False
        self._held = ""
        return held


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def loops(text: str) -> bool:
    """Whether the text is one piece over and over, at least twice.

    >>> loops("ha ha ha"), loops("ha ho ha")
    (True, False)
    """
    half = len(text) // 2
    head = text[: len(text) - half]
    step = text.find(head, 1)
    while 0 < step <= half:
        if text[step:] == text[:-step]:
            return True
        step = text.find(head, step + 1)
    return False


def _loops(text: str, length: int) -> bool:
    """Whether the last characters repeat themselves, or what stands before them."""
    tail = text[-length:]
    return loops(tail) or text.find(tail, max(0, len(text) - 2 * length), len(text) - 1) >= 0
