"""Structured output: `output_config.format` as the text format, or as words in the instructions."""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET, Raw

from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.schema import is_strict

_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]")


def text_format(request: MessagesRequest, draft: Draft) -> tuple[dict[str, Any], list[str]]:
    """Fields for the body, and text for the instructions.

    A provider that only promises JSON is given the schema in words, which is not counted as a loss; one that
    promises nothing is: then only the words are left.
    """
    config = request.output_config
    if config and config.format:
        wish, path = config.format, "output_config.format"
    elif request.output_format:
        wish, path = request.output_format, "output_format"
    else:
        return {}, []
    if wish.type != "json_schema" or wish.schema is UNSET:
        draft.losses.append(path)
        return {}, []
    if draft.dialect.json_schema:
        name = _ILLEGAL.sub("_", wish.name or "answer")[:64]
        strict = is_strict(wish.schema)
        return {"text": {"format": {"type": "json_schema", "name": name, "schema": wish.schema, "strict": strict}}}, []
    if draft.dialect.json_object:
        return {"text": {"format": {"type": "json_object"}}}, [_words(wish.schema)]
    draft.losses.append(path)
    return {}, [_words(wish.schema)]


def _words(schema: Raw) -> str:
    text = str(schema, "utf-8")
    return f"Answer with one JSON value and nothing else, no code fence. It must fit this JSON schema:\n{text}"
