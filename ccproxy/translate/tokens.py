"""How many tokens a prompt has, without a tokenizer.

Two counters. `estimate` looks at lengths only and is cheap enough for every request. `count` cuts the texts the way
tokenizers do before they merge (words, digits, punctuation, single ideographs) and knows the sizes of images. Both
add what the model's chat template adds. Tokenizers of different families disagree by 20 to 40 % on the same text,
so a vocabulary of one of them would not be better for the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Raw, Struct

from ccproxy.translate import pictures, templates
from ccproxy.translate.messages import (
    Base64Source,
    ContentSource,
    DocumentBlock,
    ImageBlock,
    MessagesRequest,
    RequestBlock,
    SearchResultBlock,
    TextBlock,
    TextSource,
    ThinkingBlock,
    Tool,
    ToolReferenceBlock,
    ToolResultBlock,
    ToolUseBlock,
)

# Each match is a token. The bounds are the longest pieces that vocabularies of 100,000 and more entries commonly hold.
_PIECE = re.compile(
    r"[ _.(]?[A-Za-zÀ-ɏ][a-zà-ɏ]{0,10}"  # a word, or a part of one in camel case, with what leads up to it
    r"|[A-Z]{2,4}"
    r"|\d{1,3}"
    r"| ?[!-/:-@\[-`{-~]{1,4}[\r\n]*"
    r"|\s*[\r\n]"
    r"|\s+(?!\S)"  # indentation, whose last space belongs to the word behind it
    r"|\s+"
    r"|[Ͱ-ӿ]{1,4}"  # Greek, Cyrillic
    r"|[\u0590-\u06ff]{1,2}"  # Hebrew, Arabic
    r"|[\u3040-\u30ff]{1,2}"  # Kana
    r"|\S"
)
_LONG_TEXT = 256 * 1024
_SLICE = 16 * 1024
_SLICES = 16

# For `density`: the parts of a body that are looked at, and what makes tokens short (measured on logs, tables, hashes,
# minified scripts and JSON, against `count`)
_SAMPLES = 8
_SAMPLE = 256
_DIGITS = b"0123456789"
_MARKS = bytes(code for code in range(33, 127) if not chr(code).isalnum())
_USUAL_MARKS = 0.12

# Characters per token of English prose and of code together, and UTF-8 bytes beyond one per character
_CHARS = 4.2
_JSON_BYTES = 4.0
_EXTRA_BYTES = 3.5

_CALL = 8
_RESULT = 3
_TOOL = 8
_BUILT_IN_TOOL = 150  # a tool without a schema of its own gets one on the way
_IMAGE = 700
_SMALL_IMAGE = 60
_SMALL_IMAGE_CHARS = 2000
_PATCH = 28  # pixels a side that common vision models make one token of
_IMAGE_EDGE = 1568  # larger images are scaled down to this
_PDF = 50
_PDF_CHARS = 40  # base64 characters to a token
_PDF_MOST = 200_000  # a hundred pages


class _Gauge(Struct, frozen=True):
    """How one counter measures each kind of content."""

    text: Callable[[str], float]
    json: Callable[[Raw], float]
    image: Callable[[ImageBlock], float]


def estimate(request: MessagesRequest, model: str | None = None) -> int:
    """Input tokens at the price of a few lengths: 50 µs for a coding agent's request of 100 kB.

    `model` is `provider/upstream-model`, where that is not what the request names. Against the `prompt_tokens` of
    1,382 recorded prompts (28 providers) the median error is 14 %; with names that say nothing it is 31 %.
    """
    return _weigh(request, model or request.model, _BY_LENGTH)


def count(request: MessagesRequest, model: str | None = None) -> int:
    """Input tokens as well as they can be told without the model's vocabulary.

    2 to 5 ms for 100 kB, and it holds the interpreter meanwhile. Against the same prompts the median error is 9 %;
    with names that say nothing it is 28 %.
    """
    return _weigh(request, model or request.model, _BY_PIECES)


def density(body: bytes) -> float:
    """About how many times as many tokens as `estimate` says a request's JSON may have: 1 for prose and most code.

    Logs, tables of numbers and the like have up to three times as many. It costs some ten microseconds.
    """
    step = max(1, len(body) // _SAMPLES)
    seen = b"".join([body[start : start + _SAMPLE] for start in range(0, len(body), step)])
    if not seen:
        return 1.0
    digits = (len(seen) - len(seen.translate(None, _DIGITS))) / len(seen)
    marks = (len(seen) - len(seen.translate(None, _MARKS))) / len(seen)
    return min(3.0, 1 + 3 * digits + 2 * max(0.0, marks - _USUAL_MARKS))


def of_text(text: str) -> int:
    """Tokens of a text. Very long texts are sampled, which bounds the time at about 12 ms."""
    if len(text) <= _LONG_TEXT:
        return len(_PIECE.findall(text))
    step = len(text) // _SLICES
    sampled = sum(len(_PIECE.findall(text, start, start + _SLICE)) for start in range(0, step * _SLICES, step))
    return round(sampled * len(text) / (_SLICE * _SLICES))


def _weigh(request: MessagesRequest, model: str, gauge: _Gauge) -> int:
    template = templates.find(model)
    total = float(template.request)
    if request.system:
        total += template.message + _content(request.system, gauge)
    for message in request.messages:
        total += template.message + _content(message.content, gauge)
    if request.tools:
        total += template.tools + template.rendering * sum(_tool(tool, gauge) for tool in request.tools)
    wanted = (request.output_config and request.output_config.format) or request.output_format
    if wanted and isinstance(wanted.schema, Raw):
        total += gauge.json(wanted.schema)
    return max(1, round(total))


def _content(content: str | Sequence[RequestBlock] | None, gauge: _Gauge) -> float:
    if isinstance(content, str):
        return gauge.text(content)
    return sum(_block(block, gauge) for block in content or ())


def _block(block: RequestBlock, gauge: _Gauge) -> float:
    match block:
        case TextBlock():
            return gauge.text(block.text)
        case ToolUseBlock():
            return _CALL + gauge.text(block.name) + gauge.json(block.input)
        case ToolResultBlock():
            return _RESULT + _content(block.content, gauge)
        case ThinkingBlock():
            return gauge.text(block.thinking)
        case ImageBlock():
            return gauge.image(block)
        case DocumentBlock():
            return _document(block, gauge)
        case SearchResultBlock():
            return gauge.text(block.title) + gauge.text(block.source) + _content(block.content, gauge)
        case ToolReferenceBlock():
            return gauge.text(block.tool_name)
    return 0  # unknown blocks and redacted thinking don't reach the upstreams whose tokens are counted here


def _document(block: DocumentBlock, gauge: _Gauge) -> float:
    match block.source:
        case TextSource(data=text):
            return gauge.text(text)
        case ContentSource(content=content):
            return _content(content, gauge)
        case Base64Source(data=data):
            return min(_PDF + len(data) / _PDF_CHARS, _PDF_MOST)
    return _PDF  # behind a URL or a file id lies anything


def _tool(tool: Tool, gauge: _Gauge) -> float:
    total = _TOOL + gauge.text(tool.name)
    if tool.description:
        total += gauge.text(tool.description)
    if isinstance(tool.input_schema, Raw):
        return total + gauge.json(tool.input_schema)
    return total + _BUILT_IN_TOOL


def _text_length(text: str) -> float:
    if text.isascii():
        return len(text) / _CHARS
    return len(text) / _CHARS + (len(text.encode()) - len(text)) / _EXTRA_BYTES


def _json_length(raw: Raw) -> float:
    return memoryview(raw).nbytes / _JSON_BYTES


def _json_pieces(raw: Raw) -> float:
    """Without blanks and escapes, which providers don't keep."""
    try:
        text = msgspec.json.encode(msgspec.json.decode(raw)).decode()
    except (msgspec.DecodeError, RecursionError):
        text = bytes(raw).decode()
    return of_text(text)


def _image_length(block: ImageBlock) -> float:
    if isinstance(block.source, Base64Source) and len(block.source.data) < _SMALL_IMAGE_CHARS:
        return _SMALL_IMAGE
    return _IMAGE


def _image_size(block: ImageBlock) -> float:
    size = pictures.size(block.source.data) if isinstance(block.source, Base64Source) else None
    if size is None or 0 in size:
        return _image_length(block)
    shrink = min(1.0, _IMAGE_EDGE / max(size))
    across, down = (max(1.0, edge * shrink / _PATCH) for edge in size)
    return min(across * down, 1600)


_BY_LENGTH = _Gauge(text=_text_length, json=_json_length, image=_image_length)
_BY_PIECES = _Gauge(text=of_text, json=_json_pieces, image=_image_size)
