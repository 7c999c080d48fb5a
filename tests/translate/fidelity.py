"""What becomes of each feature of a request on each API, found out by encoding one request for it.

    python -m tests.translate.fidelity        # writes docs/fidelity.md

`carried`: goes out in the API's own form. `converted`: goes out in another form, in words for instance. `lost`: is left
out and named in `X-CCProxy-Dropped`. `refused`: a 400 that names the field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ccproxy import presets
from ccproxy.errors import InvalidRequest
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.wires import RELAYING, TRANSLATING
from ccproxy.store.providers import Provider
from ccproxy.translate.parse import parse
from ccproxy.translate.searches import unanswered
from ccproxy.translate.target import DecodeContext, Target

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"
SEAL_KEY = b"f" * 32
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
PDF = "JVBERi0xLjQKMSAwIG9iago8PC9UeXBlL0NhdGFsb2c+PgplbmRvYmoKdHJhaWxlcgo8PC9Sb290IDEgMCBSPj4KJSVFT0Y="
SAID = "the very words"


class Column(NamedTuple):
    """An API as one provider has it, with a model that can do much."""

    title: str
    type: str
    model: str
    options: Mapping[str, Any] = MappingProxyType({})


COLUMNS = (
    Column("Anthropic", "anthropic", "claude-opus-5-5"),
    Column("OpenAI Responses", "openai", "gpt-5.5"),
    Column("OpenAI chat", "openai", "gpt-4o"),
    Column("xAI", "xai", "grok-4.3"),
    Column("Gemini", "gemini", "gemini-3-pro"),
    Column("Vertex AI", "vertex", "gemini-2.5-pro", MappingProxyType({"project": "p"})),
    Column("Bedrock Converse", "bedrock", "us.amazon.nova-2-lite-v1:0"),
    Column("Bedrock Invoke", "bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    Column("Mistral", "mistral", "mistral-medium-latest"),
    Column("Cohere", "cohere", "command-a-plus-05-2026"),
    Column("OpenRouter", "openrouter", "anthropic/claude-opus-5"),
    Column("Groq", "groq", "openai/gpt-oss-120b"),
    Column("DeepSeek", "deepseek", "deepseek-v4-pro"),
    Column("Ollama", "ollama", "qwen3"),
)


class Feature(NamedTuple):
    """A part of a request: fields that are laid over a plain one, and the path of what is looked at.

    `found`: the string that tells by standing alone that the feature was carried as it is; None: that nothing was
    reported is enough.
    """

    title: str
    path: str
    fields: dict[str, Any]
    found: str | None = None


def _user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [*blocks, {"type": "text", "text": "What is it?"}]}]}


def _source(type: str, **fields: str) -> dict[str, Any]:
    return {"type": type, **fields}


def _result(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    call = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
    answer = {"type": "tool_result", "tool_use_id": "toolu_1", "content": list(content), **fields}
    return {
        "tools": [_TOOL],
        "messages": [
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [answer]},
        ],
    }


_TOOL: dict[str, Any] = {"name": "look", "description": "looks", "input_schema": {"type": "object", "properties": {}}}
_TEXT = {"type": "text", "text": SAID}
_IMAGE = {"type": "image", "source": _source("base64", media_type="image/png", data=PNG)}
_IMAGE_URL = {"type": "image", "source": _source("url", url="https://example.com/a.png")}
_PDF = {"type": "document", "source": _source("base64", media_type="application/pdf", data=PDF)}
_PDF_URL = {"type": "document", "source": _source("url", url="https://example.com/a.pdf")}
_PLAIN = {"type": "document", "source": _source("text", media_type="text/plain", data=SAID)}
_SEARCH_RESULT = {"type": "search_result", "source": "https://example.com", "title": "A", "content": [_TEXT]}
_MARK = {"type": "ephemeral"}
_FIRST = "messages[0].content[0]"
_IN_RESULT = "messages[2].content[0].content[0]"
_SCHEMA = {"type": "object", "properties": {"n": {"type": "integer", "exclusiveMinimum": 0}}, "$schema": "x"}
_ANSWER_SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
_FOUND = [{"type": "web_search_result", "url": "https://example.com", "title": SAID, "encrypted_content": "x"}]
_SEARCHED: list[dict[str, Any]] = [
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "a"}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": _FOUND},
    _TEXT,
]

FEATURES = (
    Feature("System prompt", "system", {"system": SAID}, SAID),
    Feature(
        "System message between the others",
        "messages[2]",
        {
            "messages": [
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": "Hello"},
                {"role": "system", "content": SAID},
                {"role": "user", "content": "Go on"},
            ]
        },
        SAID,
    ),
    Feature("Image, base64", _FIRST, _user(_IMAGE)),
    Feature("Image, by URL", _FIRST, _user(_IMAGE_URL)),
    Feature("PDF, base64", _FIRST, _user(_PDF)),
    Feature("PDF, by URL", _FIRST, _user(_PDF_URL)),
    Feature("Text document", _FIRST, _user(_PLAIN), SAID),
    Feature("Title of a document", f"{_FIRST}.title", _user(_PLAIN | {"title": "A title"}), "A title"),
    Feature("Citations of documents", f"{_FIRST}.citations", _user(_PLAIN | {"citations": {"enabled": True}})),
    Feature("Search result of the client's", _FIRST, _user(_SEARCH_RESULT), SAID),
    Feature("File of the Files API", _FIRST, _user({"type": "image", "source": _source("file", file_id="file_1")})),
    Feature("Prompt cache marks", f"{_FIRST}.cache_control", _user(_TEXT | {"cache_control": _MARK})),
    Feature("Tools", "tools[0]", {"tools": [_TOOL]}, "looks"),
    Feature("Tool schema, every keyword", "tools[0].input_schema", {"tools": [_TOOL | {"input_schema": _SCHEMA}]}),
    Feature("Strict tools", "tools[0].strict", {"tools": [_TOOL | {"strict": True, "input_schema": _ANSWER_SCHEMA}]}),
    Feature("Examples of a tool's input", "tools[0].input_examples", {"tools": [_TOOL | {"input_examples": [{}]}]}),
    Feature("Bash, text editor and memory tools", "tools[0]", {"tools": [{"type": "bash_20250124", "name": "bash"}]}),
    Feature("Tool choice: any", "tool_choice", {"tools": [_TOOL], "tool_choice": {"type": "any"}}),
    Feature(
        "Tool choice: one tool", "tool_choice", {"tools": [_TOOL], "tool_choice": {"type": "tool", "name": "look"}}
    ),
    Feature("Tool choice: none", "tool_choice", {"tools": [_TOOL], "tool_choice": {"type": "none"}}),
    Feature(
        "No parallel tool calls",
        "tool_choice.disable_parallel_tool_use",
        {"tools": [_TOOL], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
    ),
    Feature("Tool result: text", _IN_RESULT, _result(_TEXT), SAID),
    Feature("Tool result: error", "messages[2].content[0].is_error", _result(_TEXT, is_error=True), SAID),
    Feature("Tool result: image", _IN_RESULT, _result(_IMAGE)),
    Feature("Tool result: PDF", _IN_RESULT, _result(_PDF)),
    Feature("Tool result: search result", _IN_RESULT, _result(_SEARCH_RESULT), SAID),
    Feature(
        "Prefilled answer",
        "messages[1]",
        {"messages": [{"role": "user", "content": "Count."}, {"role": "assistant", "content": SAID}]},
        SAID,
    ),
    Feature(
        "Earlier web searches",
        "messages[1]",
        {
            "messages": [
                {"role": "user", "content": "Search."},
                {"role": "assistant", "content": _SEARCHED},
                {"role": "user", "content": "And?"},
            ]
        },
    ),
    Feature("Stop sequences", "stop_sequences", {"stop_sequences": ["END"]}),
    Feature("temperature", "temperature", {"temperature": 0.5}),
    Feature("top_p", "top_p", {"top_p": 0.5}),
    Feature("top_k", "top_k", {"top_k": 5}),
    Feature("Thinking budget", "thinking", {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
    Feature("Thinking off", "thinking", {"thinking": {"type": "disabled"}}),
    Feature("Effort", "output_config.effort", {"output_config": {"effort": "high"}}),
    Feature(
        "Structured output",
        "output_config.format",
        {"output_config": {"format": {"type": "json_schema", "schema": _ANSWER_SCHEMA}}},
    ),
    Feature("metadata.user_id", "metadata.user_id", {"metadata": {"user_id": "user-1"}}),
    Feature("service_tier: standard_only", "service_tier", {"service_tier": "standard_only"}),
    Feature("Web search", "tools[0]", {"tools": [{"type": "web_search_20250305", "name": "web_search"}, _TOOL]}),
    Feature(
        "Web search as the only tool", "tools[0]", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}
    ),
    Feature("Web fetch", "tools[0]", {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}, _TOOL]}),
    Feature("Code execution", "tools[0]", {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]}),
    Feature(
        "MCP servers", "mcp_servers", {"mcp_servers": [{"type": "url", "name": "a", "url": "https://example.com"}]}
    ),
    Feature("Containers and skills", "container", {"container": {"id": "container_1"}}),
    Feature("Context management", "context_management", {"context_management": {"edits": []}}),
    Feature("Message threads", "thread", {"thread": {"type": "create"}}),
)


def target(column: Column) -> Target:
    """The column's provider and model."""
    preset = presets.find(column.type)
    assert preset is not None, column.type
    url = presets.base_url(preset, None, dict(column.options))
    provider = Provider(name=column.type, type=column.type, api_base_url=url, api_key="k", options=dict(column.options))
    return for_model(connect(provider, (SEAL_KEY,)), column.model)


def verdict(feature: Feature, column: Column) -> str:
    """What becomes of the feature there: carried, converted, lost or refused."""
    to = target(column)
    plain = {"model": "m", "max_tokens": 1000, "messages": [{"role": "user", "content": "Hello"}]}
    parsed = parse(json.dumps(plain | feature.fields).encode())
    context = DecodeContext(message_id="msg_1", target=to, input_tokens=1)
    if to.wire not in RELAYING and unanswered(parsed.request, context):
        return "error result"
    try:
        if to.wire in RELAYING:
            encoded = RELAYING[to.wire].relay(parsed, {}, to)
        else:
            encoded = TRANSLATING[to.wire].encode(parsed.request, to)
    except InvalidRequest:
        return "refused"
    if any(_about(loss, feature.path) for loss in encoded.losses):
        return "lost"
    if feature.title == "Stop sequences" and encoded.local_stops:
        return "converted"
    alone = feature.found is None or feature.found in list(_strings(json.loads(encoded.body)))
    return "carried" if alone and not _in_words(encoded.body) else "converted"


def _about(loss: str, path: str) -> bool:
    return loss == path or loss.startswith((path + ".", path + "[")) or path.startswith((loss + ".", loss + "["))


def _in_words(body: bytes) -> bool:
    """Whether something was said in words, or shown elsewhere, because it could not be where it was."""
    return any(words in body for words in (b"[attachment of the result", b"[found:", b"It must fit this JSON schema"))


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _strings(item)
        case list():
            for item in value:
                yield from _strings(item)


def page() -> str:
    """The page for users."""
    lines = [
        "# What each provider can be given",
        "",
        "Every feature of a Messages request on every kind of provider. This page is written by the tests: each cell",
        "is what came of encoding a request for it, for the model that stands under the name.",
        "",
        "- **carried**: goes out in the provider's own form",
        "- converted: goes out in another form, as text for instance, or ccproxy does it itself (stop sequences)",
        "- lost: left out, and named in the response header `X-CCProxy-Dropped` and in the log",
        "- error result: answered without asking the provider, with the error that the API documents for the tool",
        "- refused: a 400 that names the field, because an answer without it would be wrong",
        "",
        "| | " + " | ".join(f"{column.title}<br>`{column.model}`" for column in COLUMNS) + " |",
        "|---|" + "---|" * len(COLUMNS),
    ]
    for feature in FEATURES:
        cells = [verdict(feature, column) for column in COLUMNS]
        shown = [f"**{cell}**" if cell == "carried" else cell for cell in cells]
        lines.append(f"| {feature.title} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
