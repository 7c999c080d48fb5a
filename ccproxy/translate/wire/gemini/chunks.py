"""GenerateContentResponse as far as anything is read from it: a body, an item of a JSON array, the data of an event.

Unknown fields are skipped without being decoded. `read` is strict and fast first; a field of a wrong type then
counts as not sent, because one odd field must not cost the answer. What is not JSON raises BadAnswer.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ccproxy.translate.misfits import Halves, fitted, value


class PartialArg(Struct, gc=False, rename="camel"):
    """A piece of a call's input: a value, or more of a string, at a path such as `$.items[0].name`."""

    json_path: str = ""
    string_value: str | None = None
    number_value: int | float | None = None
    bool_value: bool | None = None
    will_continue: bool | None = None


class FunctionCall(Struct, gc=False, rename="camel"):
    """A call, whole; or a part of one, where its input is streamed (Vertex): all but the last say `willContinue`."""

    name: str | None = None
    id: str | None = None
    args: Any = None
    partial_args: list[PartialArg] | None = None
    will_continue: bool | None = None


class Blob(Struct, gc=False, rename="camel"):
    """An image or sound that the model made: its bytes, which are not read, or where it is."""

    mime_type: str | None = None
    file_uri: str | None = None


class ExecutableCode(Struct, gc=False, rename="camel"):
    """Code that the provider runs itself."""

    code: str | None = None


class CodeResult(Struct, gc=False, rename="camel"):
    """What the code gave: its output, or what went wrong."""

    outcome: str | int | None = None
    output: str | None = None


class SearchArgs(Struct, gc=False, rename="camel"):
    """What was searched for."""

    queries: list[str] | None = None


class ToolCall(Struct, gc=False, rename="camel"):
    """A tool that the provider ran itself, told where functions are called beside it (Gemini 3)."""

    tool_type: str | None = None
    args: SearchArgs | None = None


class Part(Struct, gc=False, rename="camel"):
    """A piece of the answer: text or a thought, a call, or what the provider's own tools did."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None
    file_data: Blob | None = None
    executable_code: ExecutableCode | None = None
    code_execution_result: CodeResult | None = None
    tool_call: ToolCall | None = None


class Content(Struct, gc=False):
    """The parts, in their order."""

    parts: list[Part] | None = None


class Source(Struct, gc=False):
    """A page that the answer rests on."""

    uri: str | None = None
    title: str | None = None


class GroundingChunk(Struct, gc=False, rename="camel"):
    """A source: a web page, or a document of a store."""

    web: Source | None = None
    retrieved_context: Source | None = None


class Segment(Struct, gc=False, rename="camel"):
    """A passage of the answer's text."""

    text: str | None = None


class Support(Struct, gc=False, rename="camel"):
    """Which sources (by their place among the chunks) a passage rests on."""

    segment: Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class Grounding(Struct, gc=False, rename="camel"):
    """What the answer rests on; in streams it comes complete, with the last chunk."""

    web_search_queries: list[str] | None = None
    grounding_chunks: list[GroundingChunk] | None = None
    grounding_supports: list[Support] | None = None


class FetchedUrl(Struct, gc=False, rename="camel"):
    """A page that the provider was to read."""

    retrieved_url: str | None = None
    url_retrieval_status: str | int | None = None


class UrlContext(Struct, gc=False, rename="camel"):
    """The pages that the provider was to read."""

    url_metadata: list[FetchedUrl] | None = None


class Candidate(Struct, gc=False, rename="camel"):
    """One answer, or the next part of it. A finish reason is a name, from old clients' gateways its number."""

    content: Content | None = None
    finish_reason: str | int | None = None
    finish_message: str | None = None
    index: int | None = None
    grounding_metadata: Grounding | None = None
    url_context_metadata: UrlContext | None = None


class PromptFeedback(Struct, gc=False, rename="camel"):
    """Why there is no answer."""

    block_reason: str | int | None = None
    block_reason_message: str | None = None


class UsageBody(Struct, gc=False, rename="camel"):
    """Token counts so far. `promptTokenCount` includes cached ones; thoughts are no part of the candidates' count."""

    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    cached_content_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None


class Chunk(Struct, gc=False, rename="camel"):
    """A response, or the next part of one. An object with none of these may be an error of any form."""

    candidates: list[Candidate] | None = None
    usage_metadata: UsageBody | None = None
    prompt_feedback: PromptFeedback | None = None
    error: Any = None


_decode = msgspec.json.Decoder(Chunk).decode


def read(data: bytes, halves: Halves | None = None) -> Chunk:
    """The chunk in `data`; `halves` are those of its stream. Raises BadAnswer where there is no JSON object in it."""
    try:
        if not halves:
            return _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    found = value(data, halves)
    return Chunk() if isinstance(found, list) else fitted(found, Chunk, "Gemini response")  # errors come in lists
