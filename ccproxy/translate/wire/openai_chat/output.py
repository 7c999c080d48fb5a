"""Structured output: `output_config.format` as the provider's response format, or as words in the system prompt."""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET, Raw

from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest, OutputFormat
from ccproxy.translate.schema import is_strict
from ccproxy.translate.wire.openai_chat.content import Part

_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]")


def response_format(request: MessagesRequest, draft: Draft, tools: bool) -> tuple[dict[str, Any], list[Part]]:
    """Fields for the body, and text for the system prompt.

    A provider that only promises JSON is given the schema in words, which is not counted as a loss; one that
    promises nothing, or nothing beside tools, is: then only the words are left.
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
    dialect = draft.dialect
    if tools and not dialect.format_with_tools:
        draft.losses.append(path)
        return {}, [_words(wish.schema)]
    if dialect.schema_in_json_object:
        return {"response_format": {"type": "json_object", "json_schema": wish.schema}}, []
    if dialect.json_schema:
        return {"response_format": {"type": "json_schema", "json_schema": _named(wish, wish.schema)}}, []
    if dialect.json_object:
        return {"response_format": {"type": "json_object"}}, [_words(wish.schema)]
    draft.losses.append(path)
    return {}, [_words(wish.schema)]


def _named(wish: OutputFormat, schema: Raw) -> dict[str, Any]:
    name = _ILLEGAL.sub("_", wish.name or "answer")[:64]
    return {"name": name, "schema": schema, "strict": is_strict(schema)}


def _words(schema: Raw) -> str:
    text = str(schema, "utf-8")
    return f"Answer with one JSON value and nothing else, no code fence. It must fit this JSON schema:\n{text}"
