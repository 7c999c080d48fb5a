"""The bytes of the benchmark: what the small upstream answers and what the load generator sends and expects.

Every answer is the words w0000, w0001, … so that a client can tell whether each came once and in order. A model's
name says what it answers: `words-300` sends 300 words as fast as it can, `words-100-gap-20` sends 100 of them 20 ms
apart. Whether that comes as JSON or as a stream is for the request to say.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_NAME = re.compile(rb'words-(\d+)(?:-gap-(\d+))?"')
_STREAM = re.compile(rb"\s*:\s*true")
PROMPT_TOKENS = 17


@dataclass(frozen=True)
class Profile:
    """What a model answers: so many words, so many milliseconds apart."""

    words: int
    gap: int = 0

    @property
    def model(self) -> str:
        """The name that asks for it."""
        return f"words-{self.words}" + (f"-gap-{self.gap}" if self.gap else "")


def asked_for(body: bytes | bytearray) -> tuple[Profile, bool]:
    """The profile that a chat-completions request names, and whether it wants a stream."""
    found = _NAME.search(body)
    if found is None:
        raise ValueError("the request names no words-N model")
    profile = Profile(int(found[1]), int(found[2] or 0))
    at = body.find(b'"stream"')
    return profile, at >= 0 and _STREAM.match(body, at + 8) is not None


def words(count: int) -> list[str]:
    """The words of an answer."""
    return [f"w{number:04d} " for number in range(count)]


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chunked(payload: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(payload), payload)


@lru_cache
def completion(profile: Profile) -> bytes:
    """A whole HTTP response with a `chat.completion`."""
    body = _json(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": profile.model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "".join(words(profile.words)), "refusal": None},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": _usage(profile),
        }
    )
    return http_answer(body)


def http_answer(body: bytes, status: str = "200 OK") -> bytes:
    """A whole HTTP response around a JSON body."""
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        status.encode(),
        len(body),
        body,
    )


@lru_cache
def stream(profile: Profile) -> list[bytes]:
    """A streamed answer as the writes that make it: the head with the first word, each further word, the end."""

    def made(choices: list[Any], **more: Any) -> bytes:
        value = {
            "id": "chatcmpl-bench",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": profile.model,
            "system_fingerprint": "fp_bench",
            "choices": choices,
            **more,
        }
        return _chunked(b"data: " + _json(value) + b"\n\n")

    def choice(delta: dict[str, Any], finish_reason: str | None = None) -> list[Any]:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]

    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    writes = [made(choice({"content": word})) for word in words(profile.words)]
    writes[0] = head + made(choice({"role": "assistant", "content": "", "refusal": None})) + writes[0]
    end = [made(choice({}, "stop")), made([], usage=_usage(profile)), _chunked(b"data: [DONE]\n\n"), b"0\r\n\r\n"]
    return [*writes, b"".join(end)]


def _usage(profile: Profile) -> dict[str, int]:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": profile.words,
        "total_tokens": PROMPT_TOKENS + profile.words,
    }


def small_request(model: str, *, streamed: bool) -> bytes:
    """A Messages request of one line. (Chat completions understands it too, which the baselines use.)"""
    asked: dict[str, Any] = {
        "model": model,
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "Say hello."}],
    }
    return _json(asked | {"stream": True} if streamed else asked)


_TOPICS = (
    "the parser reads one record at a time and keeps nothing of the last",
    "a retry must not repeat what the server has already done",
    "the cache is keyed by path and by the time of the last change",
    "every row is written once, by whoever took it from the queue",
    "the lock is held for the length of a copy, never for a call",
    "an empty list and a missing one mean two different things here",
    "the test starts the server on a port of its own and stops it again",
    "numbers arrive as strings and must be compared as numbers",
)


def coding_request(model: str) -> bytes:
    """A Messages request as a coding agent sends it late in a session: about 100 kB, 20 tools, 41 messages.

    The same bytes every time. System blocks and the last message carry cache marks, assistant turns call tools,
    user turns answer them with listings of code.
    """
    source = random.Random(41)

    def prose(size: int) -> str:
        lines: list[str] = []
        while sum(map(len, lines)) < size:
            lines.append(source.choice(_TOPICS).capitalize() + ". ")
        return "".join(lines)[:size]

    def listing(size: int) -> str:
        lines: list[str] = []
        while sum(map(len, lines)) < size:
            number = len(lines) + 1
            lines.append(f'{number:5d}\t    value_{number} = table["{source.randrange(10_000):04d}"]  # {prose(40)}\n')
        return "".join(lines)[:size]

    mark = {"cache_control": {"type": "ephemeral"}}
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": prose(1500)}]}]
    for turn in range(20):
        id = f"toolu_01bench{turn:012d}"
        call = {"type": "tool_use", "id": id, "name": f"tool_{turn % 20}", "input": {"path": f"src/part_{turn}.py"}}
        messages.append({"role": "assistant", "content": [{"type": "text", "text": prose(300)}, call]})
        result = {"type": "tool_result", "tool_use_id": id, "content": listing(2430)}
        messages.append({"role": "user", "content": [result]})
    messages[-1]["content"].append({"type": "text", "text": "Go on.", **mark})
    return _json(
        {
            "model": model,
            "max_tokens": 4096,
            "system": [{"type": "text", "text": prose(600)}, {"type": "text", "text": prose(9000), **mark}],
            "tools": [_tool(number, prose(700)) for number in range(20)],
            "messages": messages,
        }
    )


def _tool(number: int, description: str) -> dict[str, Any]:
    properties = {
        "path": {"type": "string", "description": "An absolute path inside the working tree."},
        "pattern": {"type": "string", "description": "A regular expression; matched line by line."},
        "limit": {"type": "integer", "minimum": 1, "maximum": 2000, "default": 200},
        "mode": {"type": "string", "enum": ["content", "files", "count"]},
        "edits": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"old": {"type": "string"}, "new": {"type": "string"}},
                "required": ["old", "new"],
                "additionalProperties": False,
            },
        },
    }
    schema = {"type": "object", "properties": properties, "required": ["path"], "additionalProperties": False}
    return {"name": f"tool_{number}", "description": description, "input_schema": schema}


def http_request(path: str, host: str, body: bytes) -> bytes:
    """A whole HTTP request, ready to send again and again."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nUser-Agent: ccproxy-bench\r\n"
        f"Accept: */*\r\nanthropic-version: 2023-06-01\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
