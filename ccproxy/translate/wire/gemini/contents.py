"""The conversation as contents, in an order that Gemini takes: user and model in turns, none of them empty.

The responses to all calls of a turn stand first in one content, as many as there were calls; what user and system
said behind them follows in the same content, because two contents of one role may not follow each other.
"""

from __future__ import annotations

from typing import Any

from ccproxy.errors import InvalidRequest
from ccproxy.translate import system as prompts
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest, RequestBlock, ToolResultBlock
from ccproxy.translate.passages import Where
from ccproxy.translate.turns import Turn, turns
from ccproxy.translate.wire.gemini.parts import Part, parts
from ccproxy.translate.wire.gemini.results import response, told
from ccproxy.translate.wire.gemini.spoken import spoken

Content = dict[str, Any]

_GO_ON = {"text": "Continue."}


def system(request: MessagesRequest, draft: Draft) -> list[Part]:
    """The system prompt as parts."""
    found: list[Part] = []
    for path, block in prompts.system(request, draft):
        draft.lose(block.cache_control, f"{path}.cache_control")
        found.append({"text": block.text})
    return found


def contents(request: MessagesRequest, draft: Draft) -> list[Content]:
    """All contents for the provider. Raises InvalidRequest where nothing is left to answer."""
    out: list[Content] = []
    for turn in turns(request.messages, draft):
        _emit(turn, draft, out)
    if not out:
        raise InvalidRequest("messages: there is no user message with any content")
    if out[0]["role"] != "user":
        out.insert(0, {"role": "user", "parts": [_GO_ON]})
    if out[-1]["role"] == "model" and draft.dialect.prefill != "continued":
        draft.losses.append(f"messages[{len(request.messages) - 1}]")
        out.append({"role": "user", "parts": [_GO_ON]})
    return out


def _emit(turn: Turn, draft: Draft, out: list[Content]) -> None:
    said = spoken(turn, draft)
    if said.parts:
        _append(out, "model", said.parts)
    heard: list[Part] = []
    beside: list[Part] = []
    for id, call in said.calls.items():
        part, more = response(call, turn.results.get(id), draft)
        heard.append(part)
        beside += more
    heard += beside
    for speaker, blocks in turn.after:
        pieces = [piece for where, block in blocks for piece in _said(block, draft, where)]
        heard += pieces if speaker == "user" else [_reminded(piece) for piece in pieces]
    if heard:
        _append(out, "user", heard)


def _append(out: list[Content], role: str, pieces: list[Part]) -> None:
    if out and out[-1]["role"] == role:
        out[-1]["parts"] += pieces
    else:
        out.append({"role": role, "parts": pieces})


def _said(block: RequestBlock, draft: Draft, where: Where) -> list[Part]:
    if isinstance(block, ToolResultBlock):
        return told(block, draft, where)
    return parts(block, draft, where)


def _reminded(piece: Part) -> Part:
    """A system message's part as the user's."""
    return {"text": prompts.reminder(piece["text"])} if "text" in piece else piece
