"""What a scripted provider says in one turn, on the wire that it is asked on: chat completions, Responses or Gemini.

The frames have the shape of recorded ones: the fields that the real services send with every chunk are there, used or
not, and texts and arguments come in pieces. A `Turn` and a `Refused` are answers for tests.fake_upstream.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.fake_answers import DONE, Cut, Json, Pause, Step, Stream
from tests.fake_upstream import Received

Spoken = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class Page:
    """A page that the provider's own search has found."""

    url: str
    title: str


@dataclass(frozen=True)
class Turn:
    """One answer: thinking, then searches, then text, then calls as (name, arguments).

    `cut` ends the connection after this share of the body (0.0: after the head). `late` and `pause` are seconds of
    silence, before the head and in the middle of the body.
    """

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    thinking: str = ""
    found: tuple[Page, ...] = ()
    tokens: tuple[int, int] = (1200, 40)
    cut: float | None = None
    late: float = 0.0
    pause: float = 0.0

    def steps(self, received: Received) -> Iterable[Step]:
        """The steps of an answer to this request."""
        wire = wire_of(received)
        if not is_stream(received):
            return Json(WHOLE[wire](self)).steps(received)
        pieces = [_framed(wire, one) for one in STREAMED[wire](self)] + ([DONE] if wire == "chat" else [])
        if self.cut is not None:
            body = b"".join(pieces)
            return Stream([body[: int(self.cut * len(body))] or b": \n\n", Cut()]).steps(received)
        half = len(pieces) // 2
        pauses = (Pause(self.pause),) if self.pause else ()
        before = (Pause(self.late),) if self.late else ()
        return Stream([*pieces[:half], *pauses, *pieces[half:]], before=before).steps(received)


@dataclass(frozen=True)
class Refused:
    """An HTTP error in the words and the form of the provider that is asked.

    `retry_after` in seconds; Google says it in the body.
    """

    status: int
    words: str
    retry_after: int | None = None
    code: str | None = None

    def steps(self, received: Received) -> Iterable[Step]:
        """The steps of an answer to this request."""
        if wire_of(received) == "gemini":
            error: dict[str, Any] = {"code": self.status, "message": self.words, "status": _GOOGLES.get(self.status)}
            if self.retry_after is not None:
                delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{self.retry_after}s"}
                error["details"] = [delay]
            return Json({"error": error}, self.status).steps(received)
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        kind = "invalid_request_error" if self.status == 400 else "server_error"
        refusal = {"message": self.words, "type": kind, "param": None, "code": self.code}
        return Json({"error": refusal}, self.status, headers).steps(received)


_GOOGLES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}


def wire_of(received: Received) -> str:
    """`chat`, `responses` or `gemini`, by the path."""
    if received.path.endswith("/chat/completions"):
        return "chat"
    if received.path.endswith("/responses"):
        return "responses"
    assert "enerateContent" in received.path, received.path
    return "gemini"


def is_stream(received: Received) -> bool:
    """Whether a stream is asked for."""
    return "streamGenerateContent" in received.path or bool(received.json.get("stream"))


def words(text: str, length: int = 12) -> list[str]:
    """The text in pieces."""
    return [text[start : start + length] for start in range(0, len(text), length)]


def _framed(wire: str, data: dict[str, Any]) -> bytes:
    named = f"event: {data['type']}\n" if wire == "responses" else ""
    return f"{named}data: {json.dumps(data)}\n\n".encode()


def _new(prefix: str) -> str:
    return prefix + uuid.uuid4().hex


# --- chat completions --------------------------------------------------------------------------------------------


def _chat_usage(turn: Turn) -> dict[str, Any]:
    taken, given = turn.tokens
    return {
        "prompt_tokens": taken,
        "completion_tokens": given,
        "total_tokens": taken + given,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 8 if turn.thinking else 0, "audio_tokens": 0},
    }


def _chat_streamed(turn: Turn) -> Spoken:
    same = {
        "id": _new("chatcmpl-"),
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "gpt-5.2-2025-12-11",
        "service_tier": "default",
        "system_fingerprint": None,
    }

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return same | {"choices": [choice], "usage": None, "obfuscation": "x1"}

    yield chunk({"role": "assistant", "content": "" if turn.text else None, "refusal": None})
    for piece in words(turn.thinking):
        yield chunk({"reasoning_content": piece})
    for piece in words(turn.text):
        yield chunk({"content": piece})
    for index, (name, arguments) in enumerate(turn.calls):
        opening = {"id": _new("call_"), "type": "function", "function": {"name": name, "arguments": ""}}
        yield chunk({"tool_calls": [{"index": index, **opening}]})
        for piece in words(json.dumps(arguments)):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, "tool_calls" if turn.calls else "stop")
    yield same | {"choices": [], "usage": _chat_usage(turn), "obfuscation": "x2"}


def _chat_whole(turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": turn.text or None, "refusal": None, "annotations": []}
    if turn.calls:
        message["tool_calls"] = [
            {"id": _new("call_"), "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for name, arguments in turn.calls
        ]
    return {
        "id": _new("chatcmpl-"),
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "gpt-5.2-2025-12-11",
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls" if turn.calls else "stop"}
        ],
        "usage": _chat_usage(turn),
    }


# --- Responses ---------------------------------------------------------------------------------------------------


def _items(turn: Turn) -> list[dict[str, Any]]:
    """The items of the output, complete."""
    items: list[dict[str, Any]] = []
    if turn.thinking:
        summary = [{"type": "summary_text", "text": turn.thinking}]
        items.append({"id": _new("rs_"), "type": "reasoning", "encrypted_content": "gAAA-sealed", "summary": summary})
    if turn.found:
        sources = [{"type": "url", "url": page.url} for page in turn.found]
        action = {"type": "search", "queries": ["asked"], "query": "asked", "sources": sources}
        items.append({"id": _new("ws_"), "type": "web_search_call", "status": "completed", "action": action})
    if turn.text:
        notes = [
            {
                "type": "url_citation",
                "start_index": 0,
                "end_index": len(turn.text),
                "title": page.title,
                "url": page.url,
            }
            for page in turn.found
        ]
        part = {"type": "output_text", "annotations": notes, "logprobs": [], "text": turn.text}
        items.append(
            {"id": _new("msg_"), "type": "message", "status": "completed", "content": [part], "role": "assistant"}
        )
    for name, arguments in turn.calls:
        call = {"arguments": json.dumps(arguments), "call_id": _new("call_"), "name": name}
        items.append({"id": _new("fc_"), "type": "function_call", "status": "completed", **call})
    return items


def _response(turn: Turn, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    taken, given = turn.tokens
    usage = {
        "input_tokens": taken,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": given,
        "output_tokens_details": {"reasoning_tokens": 8 if turn.thinking else 0},
        "total_tokens": taken + given,
    }
    return {
        "id": _new("resp_"),
        "object": "response",
        "created_at": 1_790_000_000,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": "gpt-5.6-sol",
        "output": output,
        "parallel_tool_calls": True,
        "service_tier": "default",
        "store": False,
        "tool_choice": "auto",
        "usage": usage if status == "completed" else None,
        "metadata": {},
    }


def _responses_streamed(turn: Turn) -> Spoken:
    items = _items(turn)
    for number, one in enumerate(_responses_events(turn, items)):
        yield one | {"sequence_number": number}


def _responses_events(turn: Turn, items: list[dict[str, Any]]) -> Spoken:
    begun = _response(turn, "in_progress", [])
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(items):
        where = {"item_id": item["id"], "output_index": index}
        opening = item | {
            name: empty
            for name, empty in (("content", []), ("summary", []), ("arguments", ""), ("status", "in_progress"))
            if name in item
        }
        opening.pop("action", None)
        yield {"type": "response.output_item.added", "output_index": index, "item": opening}
        yield from _inside(item, where)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": begun | _ended(turn, items)}


def _ended(turn: Turn, items: list[dict[str, Any]]) -> dict[str, Any]:
    whole = _response(turn, "completed", items)
    return {name: whole[name] for name in ("status", "output", "usage")}


def _inside(item: dict[str, Any], where: dict[str, Any]) -> Spoken:
    """What comes between an item's beginning and its end."""
    match item["type"]:
        case "reasoning":
            part = {**where, "summary_index": 0}
            told = item["summary"][0]
            yield {"type": "response.reasoning_summary_part.added", **part, "part": told | {"text": ""}}
            for piece in words(told["text"]):
                yield {"type": "response.reasoning_summary_text.delta", **part, "delta": piece, "obfuscation": "x"}
            yield {"type": "response.reasoning_summary_text.done", **part, "text": told["text"]}
            yield {"type": "response.reasoning_summary_part.done", **part, "part": told}
        case "web_search_call":
            for name in ("in_progress", "searching", "completed"):
                yield {"type": f"response.web_search_call.{name}", **where}
        case "message":
            part = {**where, "content_index": 0}
            told = item["content"][0]
            yield {"type": "response.content_part.added", **part, "part": told | {"text": "", "annotations": []}}
            for piece in words(told["text"]):
                yield {"type": "response.output_text.delta", **part, "delta": piece, "logprobs": [], "obfuscation": "x"}
            for at, note in enumerate(told["annotations"]):
                yield {
                    "type": "response.output_text.annotation.added",
                    **part,
                    "annotation_index": at,
                    "annotation": note,
                }
            yield {"type": "response.output_text.done", **part, "text": told["text"], "logprobs": []}
            yield {"type": "response.content_part.done", **part, "part": told}
        case "function_call":
            for piece in words(item["arguments"]):
                yield {"type": "response.function_call_arguments.delta", **where, "delta": piece, "obfuscation": "x"}
            yield {"type": "response.function_call_arguments.done", **where, "arguments": item["arguments"]}


# --- Gemini ------------------------------------------------------------------------------------------------------


def _gemini_parts(turn: Turn) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"text": piece, "thought": True} for piece in words(turn.thinking, 40)]
    parts += [{"text": piece} for piece in words(turn.text, 40)]
    for index, (name, arguments) in enumerate(turn.calls):
        part: dict[str, Any] = {"functionCall": {"name": name, "args": arguments}}
        if index == 0:
            part["thoughtSignature"] = "c2lnbmVkIGJ5IHRoZSBtb2RlbA=="
        parts.append(part)
    return parts


def _gemini_answer(turn: Turn, parts: list[dict[str, Any]], **candidate: Any) -> dict[str, Any]:
    taken, given = turn.tokens
    thought = {"thoughtsTokenCount": 8} if turn.thinking else {}
    return {
        "candidates": [{"content": {"parts": parts, "role": "model"}, "index": 0, **candidate}],
        "usageMetadata": {
            "promptTokenCount": taken,
            "candidatesTokenCount": given,
            "totalTokenCount": taken + given,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": taken}],
            **thought,
        },
        "modelVersion": "gemini-3-pro-preview",
        "responseId": _new("r"),
    }


def _grounding(turn: Turn) -> dict[str, Any]:
    if not turn.found:
        return {}
    segment = {"endIndex": len(turn.text.encode()), "text": turn.text}
    return {
        "groundingMetadata": {
            "searchEntryPoint": {"renderedContent": "<div></div>"},
            "webSearchQueries": ["asked"],
            "groundingChunks": [{"web": {"uri": page.url, "title": page.title}} for page in turn.found],
            "groundingSupports": [{"segment": segment, "groundingChunkIndices": [*range(len(turn.found))]}],
        }
    }


def _gemini_streamed(turn: Turn) -> Spoken:
    *first, last = _gemini_parts(turn) or [{"text": ""}]
    for part in first:
        yield _gemini_answer(turn, [part])
    yield _gemini_answer(turn, [last], finishReason="STOP", **_grounding(turn))


def _gemini_whole(turn: Turn) -> dict[str, Any]:
    return _gemini_answer(turn, _gemini_parts(turn), finishReason="STOP", **_grounding(turn))


STREAMED = {"chat": _chat_streamed, "responses": _responses_streamed, "gemini": _gemini_streamed}
WHOLE = {
    "chat": _chat_whole,
    "responses": lambda turn: _response(turn, "completed", _items(turn)),
    "gemini": _gemini_whole,
}
