"""Structured output: the answer's JSON schema as Converse's text format, or as words in the system prompt."""

from __future__ import annotations

import re
from typing import Any

from msgspec import UNSET

from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest

_ILLEGAL = re.compile(r"[^a-zA-Z0-9_-]")
_WORDS = "Answer with one JSON value and nothing else, no code fence. It must fit this JSON schema:\n"


def text_format(request: MessagesRequest, draft: Draft) -> tuple[dict[str, Any], list[str]]:
    """`outputConfig`, and text for the system prompt where the model has no such format, which is a loss."""
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
    schema = str(wish.schema, "utf-8")
    if not draft.dialect.json_schema:
        draft.losses.append(path)
        return {}, [_WORDS + schema]
    name = _ILLEGAL.sub("_", wish.name or "answer")[:64]
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"name": name, "schema": schema}}}}, []
