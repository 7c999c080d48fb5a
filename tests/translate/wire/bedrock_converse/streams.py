"""Streams of Converse's, written in a line: frames of events, as the recorded ones have them."""

from __future__ import annotations

from typing import Any

from ccproxy.gateway.connecting import connect, for_model
from ccproxy.store.providers import Provider
from ccproxy.translate import render
from ccproxy.translate.events import Event
from ccproxy.translate.replay import events_of
from ccproxy.translate.target import DecodeContext
from ccproxy.translate.wire.bedrock_converse import StreamDecoder, decode
from tests.translate.grammar import Said, check, frames
from tests.translate.replaying import fed_in_all_ways
from tests.translate.wire.bedrock_converse.reference import event, frame

KEY = b"k" * 32
USAGE = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}


def context(model: str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", **more: Any) -> DecodeContext:
    """A context of the preset's, with the message id `msg_01test`."""
    keys = more.pop("keys", (KEY,))
    provider = Provider(name="bedrock", type="bedrock", api_base_url="", options={"api": "converse"})
    to = for_model(connect(provider, keys), model)
    return DecodeContext(message_id="msg_01test", target=to, input_tokens=11, **more)


def delta(number: int = 0, **what: Any) -> bytes:
    """More of a block."""
    return event("contentBlockDelta", contentBlockIndex=number, delta=what)


def text(words: str, number: int = 0) -> bytes:
    return delta(number, text=words)


def begun(number: int = 0, **what: Any) -> bytes:
    """A block begins."""
    return event("contentBlockStart", contentBlockIndex=number, start=what)


def call(number: int = 0, *parts: str, id: str = "tooluse_1", name: str = "look", **more: Any) -> bytes:
    """A whole call, its input in parts."""
    pieces = [begun(number, toolUse={"toolUseId": id, "name": name, **more})]
    pieces += [delta(number, toolUse={"input": part}) for part in parts]
    return b"".join([*pieces, stop(number)])


def stop(number: int = 0) -> bytes:
    return event("contentBlockStop", contentBlockIndex=number)


def ended(reason: str = "end_turn", **more: Any) -> bytes:
    """The end of a message, without its usage."""
    return event("messageStop", stopReason=reason, **more)


def told(**more: Any) -> bytes:
    """The last event."""
    return event("metadata", **({"usage": USAGE, "metrics": {"latencyMs": 5}} | more))


def whole(*pieces: bytes, reason: str = "end_turn") -> bytes:
    """A stream with its end."""
    return b"".join([event("messageStart", role="assistant"), *pieces, ended(reason), told()])


def exception(name: str, message: str = "no", kind: str = "exception") -> bytes:
    """An exception among the events."""
    key = ":exception-type" if kind == "exception" else ":error-code"
    return frame({"message": message}, **{key: name, ":content-type": "application/json", ":message-type": kind})


def said(data: bytes, about: DecodeContext | None = None) -> Said:
    """What the client reads of a stream, however it is cut."""
    about = about or context()
    return read(fed_in_all_ways(lambda: StreamDecoder(about), data, "seed"))


def read(events: list[Event]) -> Said:
    """What the client reads of events."""
    return check(frames(render.events(events)))


def body_said(body: bytes, about: DecodeContext | None = None) -> Said:
    """What the client reads of a whole answer."""
    return read(events_of(decode(body, about or context())))
