"""Errors inside a 200: in a whole body, or among the events of a stream, in any of the forms that servers give them."""

from __future__ import annotations

from typing import Any

from ccproxy.translate.misfits import value
from ccproxy.translate.refusals import refused, words
from ccproxy.translate.wire.openai_chat.chunks import Chunk


def check(event: bytes, data: bytes, chunk: Chunk) -> None:
    """Raises UpstreamRefused where a 200 body, or the data of a stream's event, is an error in any of its forms."""
    choice = chunk.choices[0] if chunk.choices else None
    failed: Any = chunk.error or (choice.error if choice is not None else None)
    if failed is None and chunk.x_groq is not None:
        failed = chunk.x_groq.error
    if failed or event == b"error" or (choice is None and _is_error(chunk, data)):
        found = value(data)
        said = words(found)
        if not said.message and failed:
            said = words(failed)
        raise refused(said)


def _is_error(chunk: Chunk, data: bytes) -> bool:
    """An object without choices: an error, or a chunk that only brings usage or filter results."""
    if chunk.usage is not None or chunk.x_groq is not None:
        return False
    found = value(data)
    if not isinstance(found, dict):
        return True
    if found.get("object") == "error" or found.get("type") == "error" or "detail" in found or found.get("errors"):
        return True
    base = found.get("base_resp")
    if isinstance(base, dict) and base.get("status_code"):
        return True
    return "choices" not in found and ("message" in found or "error_msg" in found or "msg" in found)
