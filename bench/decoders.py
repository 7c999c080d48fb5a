"""What each API's decoder costs per event, beside the chat completions one: bytes in, frames for the client out.

In this process, without a server: the decoders alone differ between the APIs. Each stream says the same words, an event
for each, in the form in which its provider sends them (recorded traffic). Two ways of arriving: `one by one`, as real
models send, and `in one piece`, as a provider does that is faster than we are.
"""

from __future__ import annotations

import base64
import json
import statistics
import struct
import time
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from bench import wire
from ccproxy.gateway.wires import RELAYING, TRANSLATING
from ccproxy.translate import render
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.target import DecodeContext, Target

WORDS = 1000
ROUNDS = 7
BASE = "openai-chat"

Frames = list[bytes]


class Cost(NamedTuple):
    """Microseconds per word, for both ways of arriving, and how many times the chat wire's they are."""

    wire: str
    one_by_one: float
    in_one_piece: float
    ratio_one_by_one: float
    ratio_in_one_piece: float


def costs() -> list[Cost]:
    """The costs of all wires; the rounds of all of them take turns."""
    known = {name: make for name, make in STREAMS.items() if name in TRANSLATING or name in RELAYING}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in known}
    streams = {name: make(wire.words(WORDS)) for name, make in known.items()}
    for _ in range(ROUNDS):
        for name, frames in streams.items():
            times[name].append((_time(name, frames), _time(name, [b"".join(frames)])))
    medians = {
        name: tuple(statistics.median(column) for column in zip(*rows, strict=True)) for name, rows in times.items()
    }
    base = medians[BASE]
    return [Cost(name, single, whole, single / base[0], whole / base[1]) for name, (single, whole) in medians.items()]


def table(found: list[Cost]) -> str:
    """The costs as text."""
    lines = [f"{'decoder, µs per event':<24}{'one by one':>12}{'in one piece':>14}   times the chat wire's"]
    lines += [
        f"{one.wire:<24}{one.one_by_one:>12.2f}{one.in_one_piece:>14.2f}   "
        f"{one.ratio_one_by_one:.2f} / {one.ratio_in_one_piece:.2f}"
        for one in found
    ]
    return "\n".join(lines)


def _time(name: str, pieces: Frames) -> float:
    """Microseconds per word; fails where the answer is not whole."""
    target = Target(
        provider="p", kind=name, wire=name, model="m", base_url="http://127.0.0.1", dialect=Dialect(), seal_keys=(b"k",)
    )
    context = DecodeContext(message_id="msg_0123456789", target=target, input_tokens=10)
    decoder: Any = (RELAYING.get(name) or TRANSLATING[name]).StreamDecoder(context)
    written = 0
    began = time.perf_counter()
    for piece in pieces:
        written += len(render.events(decoder.feed(piece)))
    if not decoder.done:
        written += len(render.events(decoder.close()))
    took = time.perf_counter() - began
    if not decoder.done or decoder.stop_reason != "end_turn" or written < WORDS * 20:
        raise RuntimeError(f"{name}: the stream was not whole")
    return took / WORDS * 1e6


def _data(value: Any, event: str = "", end: str = "\n\n") -> bytes:
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(value, separators=(',', ':'))}{end}".encode()


def _chat(words: list[str]) -> Frames:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return _data({**head, "service_tier": "default", "system_fingerprint": "fp", "choices": [choice]})

    usage = {"prompt_tokens": 10, "completion_tokens": len(words), "total_tokens": 10 + len(words)}
    last = _data({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": usage})
    head = chunk({"role": "assistant", "content": "", "refusal": None})
    return [head, *(chunk({"content": word}) for word in words), chunk({}, "stop"), last, b"data: [DONE]\n\n"]


def _responses(words: list[str]) -> Frames:
    numbers = iter(range(1_000_000))

    def event(kind: str, **fields: Any) -> bytes:
        return _data({"type": kind, "sequence_number": next(numbers), **fields}, kind)

    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    text = "".join(words)
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    item = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": len(words),
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 10 + len(words),
    }
    answer = {"id": "resp_1", "object": "response", "model": "m", "output": [], "error": None}
    done = {**answer, "status": "completed", "output": [item], "usage": usage}
    delta = "response.output_text.delta"
    return [
        event("response.created", response={**answer, "status": "in_progress"}),
        event("response.output_item.added", output_index=0, item={**item, "status": "in_progress", "content": []}),
        event("response.content_part.added", **place, part={**part, "text": ""}),
        *(event(delta, **place, delta=word, logprobs=[], obfuscation="xxxxxxxx") for word in words),
        event("response.output_text.done", **place, text=text, logprobs=[]),
        event("response.content_part.done", **place, part=part),
        event("response.output_item.done", output_index=0, item=item),
        event("response.completed", response=done),
    ]


def _gemini(words: list[str]) -> Frames:
    def chunk(word: str, finish: str | None = None) -> bytes:
        candidate = {"content": {"parts": [{"text": word}], "role": "model"}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        usage = {"promptTokenCount": 10, "candidatesTokenCount": len(words), "totalTokenCount": 10 + len(words)}
        value = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "abc"}
        return _data(value, end="\r\n\r\n")

    return [*(chunk(word) for word in words), chunk("", "STOP")]


def _cohere(words: list[str]) -> Frames:
    def event(kind: str, **fields: Any) -> bytes:
        return _data({"type": kind, **fields}, kind)

    counts = {"input_tokens": 10, "output_tokens": len(words)}
    start = {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}
    return [
        event("message-start", id="1", delta=start),
        event("content-start", index=0, delta={"message": {"content": {"type": "text", "text": ""}}}),
        *(event("content-delta", index=0, delta={"message": {"content": {"text": word}}}) for word in words),
        event("content-end", index=0),
        event("message-end", delta={"finish_reason": "COMPLETE", "usage": {"billed_units": counts, "tokens": counts}}),
    ]


def _aws(value: Any, kind: str) -> bytes:
    """One message of AWS's event stream."""
    headers = b""
    for name, text in ((":event-type", kind), (":content-type", "application/json"), (":message-type", "event")):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(text)) + text.encode()
    payload = json.dumps(value).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _converse(words: list[str]) -> Frames:
    usage = {"inputTokens": 10, "outputTokens": len(words), "totalTokens": 10 + len(words)}
    return [
        _aws({"role": "assistant", "p": "abcd"}, "messageStart"),
        *(
            _aws({"contentBlockIndex": 0, "delta": {"text": word}, "p": "abcdefghij"}, "contentBlockDelta")
            for word in words
        ),
        _aws({"contentBlockIndex": 0, "p": "abc"}, "contentBlockStop"),
        _aws({"stopReason": "end_turn", "p": "abc"}, "messageStop"),
        _aws({"usage": usage, "metrics": {"latencyMs": 5}, "p": "abc"}, "metadata"),
    ]


def _anthropic_events(words: list[str]) -> list[dict[str, Any]]:
    usage = {"input_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in words),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": len(words)}},
        {"type": "message_stop"},
    ]


def _anthropic(words: list[str]) -> Frames:
    return [_data(event, event["type"]) for event in _anthropic_events(words)]


def _invoke(words: list[str]) -> Frames:
    return [
        _aws({"bytes": base64.b64encode(json.dumps(event).encode()).decode(), "p": "abcdefghij"}, "chunk")
        for event in _anthropic_events(words)
    ]


STREAMS: dict[str, Callable[[list[str]], Frames]] = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "gemini": _gemini,
    "bedrock-converse": _converse,
    "cohere": _cohere,
    "anthropic": _anthropic,
    "anthropic-vertex": _anthropic,
    "anthropic-bedrock": _invoke,
}


if __name__ == "__main__":
    print(table(costs()))
