"""The bodies and stream chunks of chat completions, as far as anything is read from them.

One shape serves both: a body's `message` and a chunk's `delta` have the same fields, and some servers mix them up.
Unknown fields are skipped without being decoded. `read` is strict and fast first; a field of a wrong type then
counts as not sent, because one odd field must not cost the answer. What is not JSON raises BadAnswer.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ccproxy.translate.misfits import Halves, fitted, value


class FunctionPart(Struct, gc=False):
    """A function's name and its arguments: JSON text (or a part of it), from some servers the object itself."""

    name: str | None = None
    arguments: Any = None


class CallPart(Struct, gc=False):
    """A tool call, or one delta of it."""

    index: int | None = None
    id: str | None = None
    function: FunctionPart | None = None


class ContentPart(Struct, gc=False):
    """An item of a content array: text, or Mistral's `thinking`, which holds such items itself.

    `signature` is what Mistral wants back with some of its thinking.
    """

    type: str = ""
    text: str | None = None
    thinking: str | list[ContentPart] | None = None
    signature: str | None = None
    refusal: str | None = None


class UrlCitation(Struct, gc=False):
    """A web page that the text rests on; `content` is what was read there."""

    url: str = ""
    title: str | None = None
    content: str | None = None


class Annotation(Struct, gc=False):
    """A note on the text; only those on web pages are read."""

    url_citation: UrlCitation | None = None


class SearchResult(Struct, gc=False):
    """A web page as Perplexity, Groq and Z.ai (`link`, `publish_date`) list it beside the answer."""

    url: str = ""
    link: str = ""
    title: str | None = None
    date: str | None = None
    publish_date: str | None = None


class SearchResults(Struct, gc=False):
    """What one search of Groq's found."""

    results: list[SearchResult] | None = None


class ExecutedTool(Struct, gc=False):
    """A tool that Groq's models used on their own; `arguments` are JSON text."""

    index: int | None = None
    type: str = ""
    arguments: str | None = None
    output: str | None = None
    search_results: SearchResults | None = None


class ServerToolUse(Struct, gc=False):
    """How often OpenRouter's own tools were used."""

    web_search_requests: int | None = None


class Audio(Struct, gc=False):
    """Spoken output; its words are all that a client here can take."""

    transcript: str | None = None


class ImageUrl(Struct, gc=False):
    """Where an image is, or the image itself as a data URL."""

    url: str = ""


class ImagePart(Struct, gc=False):
    """An image that the model made (OpenRouter)."""

    image_url: ImageUrl | None = None


class Delta(Struct, gc=False):
    """What was said: the whole of it, or the next part."""

    content: str | list[ContentPart] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[CallPart] | None = None
    reasoning_details: list[dict[str, Any]] | None = None
    refusal: str | None = None
    function_call: FunctionPart | None = None
    annotations: list[Annotation] | None = None
    audio: Audio | None = None
    images: list[ImagePart] | None = None
    executed_tools: list[ExecutedTool] | None = None


class PromptDetails(Struct, gc=False):
    """Of the prompt's tokens: read from the cache, written to it, heard."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None


class CompletionDetails(Struct, gc=False):
    """Of the answer's tokens: reasoning."""

    reasoning_tokens: int | None = None


class UsageBody(Struct, gc=False):
    """Token counts in every spelling that was seen; `prompt_tokens` includes cached ones."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    cached_tokens: int | None = None
    prompt_cache_hit_tokens: int | None = None
    num_cached_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    num_search_queries: int | None = None
    server_tool_use_details: ServerToolUse | None = None


class Choice(Struct, gc=False):
    """One answer. `stop_reason` (vLLM) and `matched_stop` (SGLang) hold the stop string, or a token's number."""

    delta: Delta | None = None
    message: Delta | None = None
    index: int | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    matched_stop: str | int | None = None
    usage: UsageBody | None = None
    error: Any = None


class GroqPart(Struct, gc=False):
    """Groq's own field: usage for those who did not ask for it, and errors."""

    usage: UsageBody | None = None
    error: Any = None


class Chunk(Struct, gc=False):
    """A body, or the data of one event. Without `choices` it may be an error of any form (see `refusals`)."""

    choices: list[Choice] | None = None
    usage: UsageBody | None = None
    object: str | None = None
    error: Any = None
    x_groq: GroqPart | None = None
    search_results: list[SearchResult] | None = None
    web_search: list[SearchResult] | None = None
    citations: list[str] | None = None


_decode = msgspec.json.Decoder(Chunk).decode


def read(data: bytes, halves: Halves | None = None) -> Chunk:
    """The chunk in `data`; `halves` are those of its stream. Raises BadAnswer where there is no JSON object in it."""
    try:
        if not halves:
            return _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    found = value(data, halves)
    if isinstance(found, list):
        return Chunk()  # Google wraps its errors so
    return fitted(found, Chunk, "chat completion")
