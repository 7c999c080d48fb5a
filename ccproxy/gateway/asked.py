"""What routing needs to know of one request, each fact looked up when a rule first asks for it and then remembered.

Pure. Most requests meet rules that want one or two of these facts, and none is worth a walk through the whole
conversation: of a request of 100 kB with twenty tools, all of them together cost some ten microseconds. Only a count
of tokens costs more, and it is made only where the length of the request and a look at samples of it do not settle the
question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from ccproxy.gateway import names
from ccproxy.translate import searches, tokens
from ccproxy.translate.effort import LEVELS, Wish
from ccproxy.translate.messages import (
    ContentSource,
    DocumentBlock,
    ImageBlock,
    MessagesRequest,
    RequestBlock,
    ToolResultBlock,
)
from ccproxy.translate.parse import Parsed

NEAR = 0.25
"""The share of a threshold by which an estimate may miss it; nearer than this, tokens are counted."""
MARGIN = 25_000
"""The same in tokens, at most: a count takes a millisecond for each 3,000 of them."""
HIGH = "high"
"""The effort of a request that names none (provider docs), and the least that is thinking where a route names none."""

_AGENT = "x-claude-code-agent-id"
# What `tokens.estimate` makes of a request at most: bytes to a token, and what is not measured by its length.
_BYTES = 2.8
_LIKELY_BYTES = 3.5
_TEMPLATE = 1000
_MEDIUM = 750
_TOOL = 220


class Asked:
    """The facts of one request.

    `model` is the name as it was asked for. `headers` are all of the client's, names in lower case. `caller` is the
    name of the client's key. `counting`: only the request's tokens are asked for.
    """

    def __init__(
        self,
        model: str,
        request: MessagesRequest | None,
        body: bytes,
        headers: Mapping[str, str],
        caller: str,
        counting: bool,
    ) -> None:
        """`request` is None where only a name is known; `body` is its JSON, empty where that is not known."""
        self.model = model
        self.headers = headers
        self.caller = caller
        self.counting = counting
        self._request = request
        self._body = body

    @classmethod
    def of(cls, parsed: Parsed, headers: Mapping[str, str], caller: str, counting: bool = False) -> Asked:
        """The facts of a request as it came."""
        return cls(parsed.request.model, parsed.request, parsed.body, headers, caller, counting)

    @classmethod
    def named(cls, model: str) -> Asked:
        """Those of a request of which only the model's name is known: it has nothing in it, and nobody sent it."""
        return cls(model, None, b"", {}, "", False)

    @cached_property
    def background(self) -> str:
        """The model's name if it is one of the class haiku, with which clients do their small chores; else ""."""
        return next((name for name in names.spellings(self.model) if names.is_of_class("haiku", name)), "")

    @cached_property
    def subagent(self) -> bool:
        """Whether a subagent of Claude Code's sent it (recorded traffic)."""
        return bool(self.headers.get(_AGENT))

    @cached_property
    def web_search(self) -> bool:
        """Whether it brings the server tool with which Anthropic searches the web."""
        tools = self._request.tools if self._request is not None else None
        return any(searches.is_search(tool) for tool in tools or ())

    @property
    def image(self) -> bool:
        """Whether there is an image anywhere in the conversation, in results of tools and in documents too."""
        return self._media[0] > 0

    def thinks(self, least: str) -> str:
        """How it asks for thinking, in words; "" where it does not, or adaptively and with less than this effort."""
        wish = self._wish
        if wish.on:
            return "thinking is enabled"
        if not wish.asked:
            return ""
        effort = wish.effort or HIGH
        return f"adaptive thinking with effort {effort}" if _level(effort) >= _level(least) else ""

    def over(self, limit: int) -> int:
        """About how many input tokens it has, if these are more than `limit`; else 0."""
        if self._ceiling <= limit * (1 - NEAR):
            return 0
        margin = min(limit * NEAR, MARGIN)
        low, high = limit - margin, limit + margin
        found = self.estimated
        if found <= high and found * self._density >= low:
            found = self.counted
        return found if found > limit else 0

    @cached_property
    def _ceiling(self) -> float:
        """What it surely has no more of: going by its length, and by how dense its text is."""
        return max(self._at_most, len(self._body) / _LIKELY_BYTES * self._density)

    @cached_property
    def _density(self) -> float:
        return tokens.density(self._body)

    @cached_property
    def estimated(self) -> int:
        """Input tokens going by lengths (see `tokens.estimate`)."""
        return tokens.estimate(self._request) if self._request is not None else 0

    @cached_property
    def counted(self) -> int:
        """Input tokens counted with care, which takes milliseconds (see `tokens.count`)."""
        return tokens.count(self._request) if self._request is not None else 0

    @cached_property
    def _at_most(self) -> float:
        """What the estimate cannot be above; infinite where the request's bytes are not known."""
        if self._request is None:
            return 0
        if not self._body:
            return float("inf")
        tools = len(self._request.tools or ())
        return len(self._body) / _BYTES + _TEMPLATE + sum(self._media) * _MEDIUM + tools * _TOOL

    @cached_property
    def _wish(self) -> Wish:
        return Wish.of(self._request) if self._request is not None else Wish()

    @cached_property
    def _media(self) -> tuple[int, int]:
        """How many images and how many documents there are.

        A search through the bytes for either word would take ten times as long as this walk over the blocks.
        """
        images = documents = 0
        for message in self._request.messages if self._request is not None else ():
            if type(message.content) is list:
                found = _found(message.content)
                images, documents = images + found[0], documents + found[1]
        return images, documents


def _found(blocks: Iterable[RequestBlock]) -> tuple[int, int]:
    """How many images and documents are among the blocks and in them."""
    images = documents = 0
    for block in blocks:
        kind = type(block)
        within = None
        if kind is ImageBlock:
            images += 1
        elif kind is ToolResultBlock:
            within = block.content  # type: ignore[union-attr]
        elif kind is DocumentBlock:
            documents += 1
            source = block.source  # type: ignore[union-attr]
            within = source.content if type(source) is ContentSource else None
        if type(within) is list:
            more = _found(within)
            images, documents = images + more[0], documents + more[1]
    return images, documents


def _level(effort: str) -> int:
    """The place of an effort; one that is not known counts as high."""
    return LEVELS.index(effort if effort in LEVELS else HIGH)
