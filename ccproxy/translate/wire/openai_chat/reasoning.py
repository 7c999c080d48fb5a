"""Reasoning in its several forms: fields, details in the provider's own form, and tags at the head of the text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ccproxy.translate.stops import overlap
from ccproxy.translate.wire.openai_chat.chunks import Delta

_OPEN = "<think>"
_CLOSE = "</think>"
_TEXTS = ("text", "summary")


def text_of(delta: Delta) -> str:
    """The reasoning of a delta. The same text stands in up to three fields: the first of them counts."""
    found = delta.reasoning_content or delta.reasoning
    if found:
        return found
    if not delta.reasoning_details:
        return ""
    parts = (detail.get("text") or detail.get("summary") for detail in delta.reasoning_details)
    return "".join(part for part in parts if isinstance(part, str))


def packed(details: Sequence[dict[str, Any]]) -> bytes:
    """The details of a thinking block as its signature carries them to the next turn."""
    return msgspec.json.encode(merged(details))


def merged(details: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The details of a stream put together: neighbours of one type and index are parts of one detail.

    Encrypted ones come whole, each on its own.
    """
    whole: list[dict[str, Any]] = []
    for detail in details:
        last = whole[-1] if whole else None
        if detail == last and _encrypted(detail):
            continue
        if last is None or not _continues(last, detail):
            whole.append(dict(detail))
            continue
        for name, value in detail.items():
            if name in _TEXTS and isinstance(last.get(name), str) and isinstance(value, str):
                last[name] += value
            elif value is not None:
                last[name] = value
    return whole


def _continues(last: dict[str, Any], detail: dict[str, Any]) -> bool:
    if any(last.get(name) != detail.get(name) for name in ("type", "index")):
        return False
    if _encrypted(detail):
        return False
    known, given = last.get("id"), detail.get("id")
    return known is None or given is None or known == given


def _encrypted(detail: dict[str, Any]) -> bool:
    return str(detail.get("type")).endswith("encrypted")


class ThinkTags:
    """Splits text that begins with `<think>` into reasoning and text, however it is cut.

    Only the head of the answer is looked at, so a tag in the text itself, in code say, stays what it is. With
    `opened` the chat template has written the opening tag and the answer begins inside the reasoning; where the
    closing tag then never comes, there was no reasoning, and `text_after_all` is what had been taken for it.
    """

    def __init__(self, *, opened: bool = False) -> None:
        self.done = False
        """Whether everything from here on is text."""
        self._opened = opened
        self._phase = self._head
        self._held = ""
        self._assumed: list[str] | None = None

    def feed(self, text: str) -> tuple[str, str]:
        """The reasoning and the text in `text`, as far as they can be told apart yet."""
        self._held += text
        return self._phase()

    def flush(self) -> tuple[str, str]:
        """What was held back, at the end of the answer or where something other than text begins."""
        held, self._held = self._held, ""
        if self._phase == self._inside:
            return self._thought(held), ""
        self.done = True
        return "", "" if self._phase == self._after else held

    def text_after_all(self) -> str:
        """The text that was given out as reasoning on the template's word alone, at the end of the answer."""
        return "".join(self._assumed or ())

    def _head(self) -> tuple[str, str]:
        """Is there a tag?"""
        begun = self._held.lstrip()
        if begun.startswith(_OPEN):
            self._held = begun[len(_OPEN) :]
        elif _OPEN.startswith(begun):
            return "", ""
        elif self._opened:
            self._assumed = []
        else:
            self.done = True
            held, self._held = self._held, ""
            return "", held
        self._phase = self._inside_begin
        return self._phase()

    def _inside_begin(self) -> tuple[str, str]:
        """Space after the opening tag is no reasoning."""
        self._held = self._held.lstrip()
        if not self._held:
            return "", ""
        self._phase = self._inside
        return self._phase()

    def _inside(self) -> tuple[str, str]:
        """Reasoning, up to the closing tag; an end that may be the tag's beginning is held back."""
        at = self._held.find(_CLOSE)
        if at < 0:
            keep = overlap(self._held, _CLOSE)
            sure, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
            return self._thought(sure), ""
        thought, self._held = self._held[:at], self._held[at + len(_CLOSE) :]
        self._assumed = None
        self._phase = self._after
        return thought, self._phase()[1]

    def _after(self) -> tuple[str, str]:
        """Space after the closing tag is no text."""
        text, self._held = self._held.lstrip(), ""
        self.done = text != ""
        return "", text

    def _thought(self, text: str) -> str:
        if self._assumed is not None:
            self._assumed.append(text)
        return text
