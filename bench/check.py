"""Whether an answer is whole: every word once and in order, the stream begun and ended as its API says.

Knows both forms that the benchmark meets: Anthropic's (from the proxy) and chat completions' (from the upstream, for
the baselines).
"""

from __future__ import annotations

import re

from bench import wire

_WORD = re.compile(rb'"(?:text|content)":\s?"(w\d{4} )"')
_FIRST_EVENT = re.compile(rb"event: ?message_start\r?\n")


class Faulty(Exception):
    """The answer is not what it should be; the text says how."""


class Checker:
    """Checks answers of so many words.

    A stream's events after the first are the same every time, so they are looked at word by word once, and later
    streams are compared with that, byte for byte: checking costs next to nothing. (The first event holds the id.)
    """

    def __init__(self, words: int) -> None:
        self._text = "".join(wire.words(words)).encode()
        self._good: bytes | None = None
        self._good_events = 0

    def json(self, got: bytearray, at: int) -> None:
        """Check a JSON answer whose body begins at `at`."""
        if got.find(b'"' + self._text + b'"', at) < 0 and got.find(b'"' + self._text.rstrip() + b'"', at) < 0:
            raise Faulty(f"not the words that were asked for: {bytes(got[at : at + 200])!r}")
        if got.find(b'"stop_reason"', at) < 0 and got.find(b'"finish_reason"', at) < 0:
            raise Faulty("no stop reason")

    def events(self, got: bytearray) -> int:
        """How many events have come, roughly where the last is cut."""
        return got.count(b"\ndata: ")

    def stream(self, got: bytearray, at: int) -> int:
        """Check a chunked stream whose body begins at `at`; gives the number of its events."""
        body = unchunked(got, at)
        second = body.find(b"\n\n") + 2
        rest = body[second:]
        if rest != self._good:
            events = self._look(body)
            self._good, self._good_events = rest, events
        elif not _FIRST_EVENT.match(body) and not body.startswith(b"data: "):
            raise Faulty("another first event than message_start")
        return self._good_events

    def _look(self, body: bytes) -> int:
        events = body.count(b"\ndata: ") + body.startswith(b"data: ")
        if b"event: error" in body or b'data: {"error"' in body:
            raise Faulty(f"an error in the stream: {body[-300:]!r}")
        if body.startswith(b"data: "):
            ended = body.endswith(b"data: [DONE]\n\n")
        else:
            if not _FIRST_EVENT.match(body) or body.count(b"event: message_start") != 1:
                raise Faulty("not one message_start at the beginning")
            last = body.rstrip(b"\n").rpartition(b"\n\n")[2]
            ended = last.startswith(b"event: message_stop\n") and body.count(b"event: message_stop") == 1
        if not ended:
            raise Faulty(f"no proper end: {body[-200:]!r}")
        words = b"".join(_WORD.findall(body))
        if words != self._text:
            raise Faulty(f"{len(words) // 6} words of {len(self._text) // 6}, or not in order")
        return events


def unchunked(got: bytearray, at: int) -> bytes:
    """The body that begins at `at`, without the framing of HTTP's chunks."""
    parts: list[bytearray] = []
    while True:
        line = got.find(b"\r\n", at)
        try:
            size = int(got[at:line], 16)
        except ValueError:
            raise Faulty(f"a bad chunk size: {bytes(got[at : at + 20])!r}") from None
        if size == 0:
            return b"".join(parts)
        at = line + 2 + size
        parts.append(got[line + 2 : at])
        if got[at : at + 2] != b"\r\n":
            raise Faulty("a chunk is longer than its size says")
        at += 2
