"""Errors inside a 200: in a whole body, or among the chunks of a stream."""

from __future__ import annotations

from ccproxy.translate.misfits import value
from ccproxy.translate.refusals import refused, words
from ccproxy.translate.wire.gemini.chunks import Chunk


def check(data: bytes, chunk: Chunk, event: bytes = b"") -> None:
    """Raises UpstreamRefused where the data of a chunk is an error; `event` is the name that it came under."""
    if chunk.error or event == b"error" or _tells_nothing(chunk):
        said = words(value(data))
        if said.message or chunk.error or event == b"error":
            raise refused(said)


def _tells_nothing(chunk: Chunk) -> bool:
    return chunk.candidates is None and chunk.usage_metadata is None and chunk.prompt_feedback is None
