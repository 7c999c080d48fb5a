"""The Anthropic Messages API as values: what a client sends and what it gets back.

Knows the fields (source: the `anthropic` SDK's types and bodies recorded from Claude Code), nothing of any
upstream. What ccproxy only hands on stays `Raw`: JSON text that is neither checked nor re-encoded, so integers
of any size and key order survive. Optional fields that were not sent are UNSET and are not written back.

Structs refuse unknown fields, which makes the common request one fast decode; `translate.parse` takes the slow
road for the others, where each unknown field and block is noted with its path instead of refused.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Raw, Struct, UnsetType

from ccproxy.translate.served import CodeExecutionToolResultBlock, McpToolResultBlock, McpToolUseBlock

Opt = Raw | UnsetType
UNKNOWN = "__unknown__"


class Base64Source(Struct, tag="base64", forbid_unknown_fields=True):
    """Bytes of an image or a PDF, base64 as sent."""

    media_type: str
    data: str


class UrlSource(Struct, tag="url", forbid_unknown_fields=True):
    """An image or document to be fetched by the provider."""

    url: str


class TextSource(Struct, tag="text", forbid_unknown_fields=True):
    """A plain-text document."""

    data: str
    media_type: str = "text/plain"


class FileSource(Struct, tag="file", forbid_unknown_fields=True):
    """A file of the Files API."""

    file_id: str


class ContentSource(Struct, tag="content", forbid_unknown_fields=True):
    """A document made of text and image blocks."""

    content: str | list[TextBlock | ImageBlock]


class TextBlock(Struct, tag="text", forbid_unknown_fields=True):
    """Text; in answers `citations` may point into documents or search results."""

    text: str
    citations: Opt = UNSET
    cache_control: Opt = UNSET


class ImageBlock(Struct, tag="image", forbid_unknown_fields=True):
    """An image."""

    source: Base64Source | UrlSource | FileSource
    cache_control: Opt = UNSET
    transformations: Opt = UNSET


class DocumentBlock(Struct, tag="document", forbid_unknown_fields=True):
    """A PDF or a text document."""

    source: Base64Source | UrlSource | TextSource | ContentSource | FileSource
    title: str | UnsetType | None = UNSET
    context: str | UnsetType | None = UNSET
    citations: Opt = UNSET
    cache_control: Opt = UNSET


class SearchResultBlock(Struct, tag="search_result", forbid_unknown_fields=True):
    """A search result that the client found itself."""

    source: str
    title: str
    content: list[TextBlock]
    citations: Opt = UNSET
    cache_control: Opt = UNSET


class ToolReferenceBlock(Struct, tag="tool_reference", forbid_unknown_fields=True):
    """Names a deferred tool that a client-side tool search found; stands inside tool results."""

    tool_name: str
    cache_control: Opt = UNSET


class ThinkingBlock(Struct, tag="thinking", forbid_unknown_fields=True):
    """The model's reasoning. `signature` is opaque to clients, who send it back as it came."""

    thinking: str
    signature: str = ""


class RedactedThinkingBlock(Struct, tag="redacted_thinking", forbid_unknown_fields=True):
    """Reasoning that only its provider can read."""

    data: str


class ToolUseBlock(Struct, tag="tool_use", forbid_unknown_fields=True):
    """A call of a client's tool. `input` is a JSON object as text."""

    id: str
    name: str
    input: Raw
    caller: Opt = UNSET
    toolset_name: Opt = UNSET
    cache_control: Opt = UNSET


class ServerToolUseBlock(Struct, tag="server_tool_use", forbid_unknown_fields=True):
    """A call of a tool that the provider runs itself. `input` is a JSON object as text."""

    id: str
    name: str
    input: Raw
    caller: Opt = UNSET
    cache_control: Opt = UNSET


class WebSearchToolResultBlock(Struct, tag="web_search_tool_result", forbid_unknown_fields=True):
    """What a provider's web search found: a list of `web_search_result`, or `web_search_tool_result_error`."""

    tool_use_id: str
    content: Raw
    caller: Opt = UNSET
    cache_control: Opt = UNSET


class WebFetchToolResultBlock(Struct, tag="web_fetch_tool_result", forbid_unknown_fields=True):
    """What a provider's fetch of a page gave: a `web_fetch_result`, or `web_fetch_tool_result_error`."""

    tool_use_id: str
    content: Raw
    caller: Opt = UNSET
    cache_control: Opt = UNSET


class UnknownBlock(Struct, tag=UNKNOWN, forbid_unknown_fields=True):
    """A block of a type that this version does not know: `block_type` and the whole block as JSON text.

    Also stands for the blocks of most server tools, which only Anthropic has. Made by `translate.parse`; a client
    that writes the tag itself gets no further than with an unknown block, because `raw` has to be an object.
    """

    block_type: str
    raw: Raw

    def __post_init__(self) -> None:
        if memoryview(self.raw)[0] != ord("{"):
            raise ValueError("raw: expected an object")


ResultContent = TextBlock | ImageBlock | DocumentBlock | SearchResultBlock | ToolReferenceBlock | UnknownBlock


class ToolResultBlock(Struct, tag="tool_result", forbid_unknown_fields=True):
    """What a client's tool answered."""

    tool_use_id: str
    content: str | list[ResultContent] | None = None
    is_error: bool | None = None
    toolset_name: Opt = UNSET
    cache_control: Opt = UNSET


RequestBlock = (
    TextBlock
    | ImageBlock
    | DocumentBlock
    | SearchResultBlock
    | ToolReferenceBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ToolResultBlock
    | ServerToolUseBlock
    | WebSearchToolResultBlock
    | WebFetchToolResultBlock
    | UnknownBlock
)


class InputMessage(Struct, forbid_unknown_fields=True):
    """One turn. Role `system` may stand anywhere among the messages."""

    role: Literal["user", "assistant", "system"]
    content: str | list[RequestBlock]
    output_config: Opt = UNSET
    cache_control: Opt = UNSET


class Tool(Struct, forbid_unknown_fields=True):
    """A tool: the client's own (`type` absent or `custom`), Anthropic-defined, or run by the server.

    One Struct for all of them, because the API tells them apart only by the dated `type`.
    """

    name: str = ""
    type: str | None = None
    description: str | None = None
    input_schema: Opt = UNSET
    strict: bool | None = None
    cache_control: Opt = UNSET
    defer_loading: bool | None = None
    eager_input_streaming: bool | None = None
    input_examples: Opt = UNSET
    allowed_callers: Opt = UNSET
    # Anthropic-defined tools
    max_characters: int | None = None
    display_width_px: int | None = None
    display_height_px: int | None = None
    display_number: int | None = None
    enable_zoom: bool | None = None
    configs: Opt = UNSET
    # server tools
    max_uses: int | None = None
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None
    user_location: Opt = UNSET
    response_inclusion: Opt = UNSET
    citations: Opt = UNSET
    max_content_tokens: int | None = None
    use_cache: bool | None = None
    url_sources: Opt = UNSET
    mcp_server_name: str | None = None
    default_config: Opt = UNSET
    model: str | None = None
    caching: Opt = UNSET


class ToolChoice(Struct, forbid_unknown_fields=True):
    """Whether and which tool must be called."""

    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(Struct, forbid_unknown_fields=True):
    """Reasoning: `enabled` with a budget in tokens, `adaptive`, `disabled` or `between_tools`."""

    type: str
    budget_tokens: int | None = None
    display: str | None = None


class OutputFormat(Struct, forbid_unknown_fields=True):
    """Structured output: the answer is one JSON text that the schema accepts."""

    type: str
    schema: Raw | UnsetType = UNSET
    name: str | None = None


class OutputConfig(Struct, forbid_unknown_fields=True):
    """Effort (`low`, `medium`, `high`, `xhigh`, `max`) and structured output."""

    effort: str | None = None
    format: OutputFormat | None = None
    task_budget: Opt = UNSET


class Metadata(Struct, forbid_unknown_fields=True):
    """`user_id` as the client sent it (Claude Code: a JSON string with its session)."""

    user_id: str | None = None


class MessagesRequest(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/messages, and of /v1/messages/count_tokens, which has no `max_tokens`."""

    model: str
    messages: list[InputMessage]
    max_tokens: int | None = None
    system: str | list[TextBlock | UnknownBlock] | None = None
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    metadata: Metadata | None = None
    service_tier: str | None = None
    thread: Opt = UNSET
    # carried to Anthropic upstreams only
    speed: Opt = UNSET
    cache_control: Opt = UNSET
    container: Opt = UNSET
    diagnostics: Opt = UNSET
    inference_geo: Opt = UNSET
    mcp_servers: Opt = UNSET
    context_management: Opt = UNSET
    compaction: Opt = UNSET
    fallbacks: Opt = UNSET
    fallback_credit_token: Opt = UNSET
    billing_policy: Opt = UNSET
    safeguards: Opt = UNSET


class CacheCreation(Struct, frozen=True):
    """Tokens written to the prompt cache, by lifetime."""

    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class OutputTokensDetails(Struct, frozen=True):
    """What of the output tokens was reasoning."""

    thinking_tokens: int = 0


class Usage(Struct):
    """Tokens of one answer. `input_tokens` leaves the cached ones out: the whole prompt is the sum of the three.

    `estimated` is a note to ourselves that the provider gave no usage; it is taken off before a client sees it.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation: CacheCreation = CacheCreation()
    output_tokens_details: OutputTokensDetails = OutputTokensDetails()
    server_tool_use: Raw | None = None
    service_tier: str = "standard"
    estimated: bool | UnsetType = UNSET


StopReason = Literal[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
]

ResponseBlock = (
    TextBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ServerToolUseBlock
    | WebSearchToolResultBlock
    | WebFetchToolResultBlock
    | CodeExecutionToolResultBlock
    | McpToolUseBlock
    | McpToolResultBlock
)


class Message(Struct, tag="message", tag_field="type", kw_only=True):
    """An answer. `model` is `provider/upstream-model`; `id` is ours and unique."""

    id: str
    role: str = "assistant"
    model: str
    content: list[ResponseBlock]
    stop_reason: StopReason | None = None
    stop_sequence: str | None = None
    usage: Usage


class Relayed(Struct, frozen=True):
    """An answer that is handed on as it came: its bytes, and what the log tells of it."""

    body: bytes
    stop_reason: str | None
    usage: Usage
