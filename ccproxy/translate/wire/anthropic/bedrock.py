"""The Messages API through Bedrock's InvokeModel: the model stands in the path, version and betas in the body.

After AWS's documentation and Anthropic's own client. A stream comes in AWS's binary events, each with one event of the
API inside; errors in it are events of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import msgspec
from msgspec import Struct, field, structs

from ccproxy.errors import BadAnswer, Truncated, UpstreamError, UpstreamRefused
from ccproxy.translate.events import Event
from ccproxy.translate.eventstream import EventStream
from ccproxy.translate.inference_profiles import base_model
from ccproxy.translate.messages import Usage
from ccproxy.translate.misfits import fitted, value
from ccproxy.translate.parse import Parsed
from ccproxy.translate.refusals import refused, words
from ccproxy.translate.target import DecodeContext, Target, UpstreamRequest
from ccproxy.translate.wire import anthropic
from ccproxy.translate.wire.anthropic import decode, decode_error, frames
from ccproxy.translate.wire.anthropic.members import decoded
from ccproxy.translate.wire.anthropic.request import allowed_betas, forwarded, rewritten

__all__ = ["StreamDecoder", "count", "counted", "decode", "decode_error", "relay"]

_VERSION = b'"bedrock-2023-05-31"'
_IN_BODY = ("anthropic-version", "anthropic-beta")


class _Chunk(Struct):
    """The payload of an event: an event of the API in base64. `p` beside it is padding.

    Some gateways that imitate it send the event itself; then there are no `bytes`.
    """

    event: bytes = field(name="bytes", default=b"")


class _Typed(Struct):
    type: str


class _Count(Struct, rename="camel"):
    input_tokens: int


_read_chunk: msgspec.json.Decoder[_Chunk] = msgspec.json.Decoder(_Chunk)
_read_type: msgspec.json.Decoder[_Typed] = msgspec.json.Decoder(_Typed)
_read_count: msgspec.json.Decoder[_Count] = msgspec.json.Decoder(_Count)


def relay(parsed: Parsed, headers: Mapping[str, str], target: Target) -> UpstreamRequest:
    """The request for the target; `headers` are the client's, with lower-case names.

    Raises ThreadUnsupported for a thread towards an upstream that keeps none.
    """
    method = "invoke-with-response-stream" if parsed.request.stream else "invoke"
    return _posted(method, *_body(parsed, headers, target), headers, target)


def count(parsed: Parsed, headers: Mapping[str, str], target: Target) -> UpstreamRequest | None:
    """The request that counts the tokens of this one (CountTokens); None where the model is not counted."""
    if not target.dialect.counts_tokens:
        return None
    body, losses = _body(parsed, headers, target)
    if parsed.request.max_tokens is None:  # what is counted must be a request that could be made
        body = body.replace(b"{", b'{"max_tokens":1,', 1)
    # Only models are known to it, no inference profiles (recorded traffic).
    base = structs.replace(target, model=base_model(target.model))
    wrapped = msgspec.json.encode({"input": {"invokeModel": {"body": body}}})
    return _posted("count-tokens", wrapped, losses, headers, base)


def counted(body: bytes) -> int:
    """The number in the answer to `count`. Raises BadAnswer."""
    try:
        return _read_count.decode(body).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadAnswer("the provider's count is not one") from None


class StreamDecoder:
    """Feed it the body's bytes as they come, then close it. `done` tells that nothing more is of interest."""

    def __init__(self, context: DecodeContext) -> None:
        self._inner = anthropic.StreamDecoder(context)
        self._events = EventStream()
        self._whole = False  # a body came in place of a stream
        self._heard = False
        self._failure: UpstreamError | None = None

    @property
    def done(self) -> bool:
        """Whether the last event was handed on."""
        return self._inner.done

    @property
    def stop_reason(self) -> str | None:
        """Why the answer ended; None before its end."""
        return self._inner.stop_reason

    @property
    def usage(self) -> Usage:
        """The usage as far as it is known."""
        return self._inner.usage

    @property
    def usage_estimated(self) -> bool:
        """Whether the upstream has given no usage so far."""
        return self._inner.usage_estimated

    @property
    def failure(self) -> UpstreamError | None:
        """What ended the answer, where its last events had to be told first: to be raised after them."""
        return self._failure or self._inner.failure

    def feed(self, data: bytes) -> list[Event]:
        """What `data` completes.

        Raises UpstreamRefused for an error in the stream, BadAnswer for nonsense. Where the same bytes held more of
        an answer that has begun, that is returned first and the error waits in `failure`.
        """
        if not self._heard and data:
            self._heard = True
            self._whole = data.lstrip()[:1] == b"{"
        if self._whole:
            return self._inner.feed(data)
        found: list[bytes] = []
        failure: UpstreamError | None = None
        for headers, payload in self._events.feed(data):
            if headers.get(":message-type", "event") != "event":
                failure = _refused(headers, payload)
                break
            found.append(_frame(payload))
        failure = failure or self._events.failure
        events = self._inner.feed(b"".join(found)) if found else []
        if failure is not None and not self._inner.done:
            if not events:
                raise failure
            self._failure = failure
        return events

    def close(self) -> list[Event]:
        """What was left at the end of the bytes. Raises Truncated where the answer was not over."""
        if self._events.unfinished and self._inner.stop_reason is None:
            raise Truncated("the provider ended the stream inside of an event")
        return self._inner.close()


def _body(parsed: Parsed, headers: Mapping[str, str], target: Target) -> tuple[bytes, tuple[str, ...]]:
    betas, lost = allowed_betas(headers, target)
    having = {"anthropic_version": _VERSION}
    if betas:
        having["anthropic_beta"] = msgspec.json.encode(betas)
    body, losses = rewritten(parsed, target, without=("model", "stream"), having=having)
    return body, (*losses, *lost)


def _posted(
    method: str, body: bytes, losses: tuple[str, ...], headers: Mapping[str, str], target: Target
) -> UpstreamRequest:
    sent = {name: value for name, value in forwarded(headers).items() if name not in _IN_BODY}
    return UpstreamRequest(
        method="POST",
        path=f"/model/{quote(target.model, safe='')}/{method}",
        headers={**sent, **target.headers},
        body=body,
        losses=losses,
    )


def _frame(payload: bytes) -> bytes:
    try:
        event = _read_chunk.decode(payload).event or payload
    except (msgspec.DecodeError, UnicodeDecodeError):
        event = payload
    try:
        kind = _read_type.decode(event).type
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Half a character, whose other half is in the next event, is passed on as it is.
        kind = fitted(value(event), _Typed, "event of the Messages API").type
    return frames.write(kind, event)


def _refused(headers: Mapping[str, str], payload: bytes) -> UpstreamRefused:
    """An exception in the stream, named in a header (`throttlingException`)."""
    said = words(decoded(payload))
    said.type = headers.get(":exception-type") or headers.get(":error-code") or said.type
    return refused(said)
