"""How one provider's chat completions differ from OpenAI's: flags, each of them a fact about the provider.

Presets hold a Dialect each; the wire reads it. A flag is named for what the provider does, never for the provider.
Where models of one provider differ, a Variant says so; `resolve` gives the flags that hold for one model, with what
the provider's administrator knows better (its options) on top. No wire is known here and nothing is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

ThinkingControl = Literal[
    "none",  # the provider has no switch, or we know of none
    "effort",  # reasoning_effort: level
    "type",  # thinking: {type: enabled|disabled}, and reasoning_effort where there are levels
    "enable_thinking",  # enable_thinking: bool, thinking_budget: tokens
    "reasoning",  # reasoning: {effort | max_tokens | enabled}
    "template",  # chat_template_kwargs: {enable_thinking: bool}, and reasoning_effort where there are levels
    "prompt_mode",  # prompt_mode: "reasoning"
    "budget",  # thinkingConfig: {thinkingBudget: tokens}
    "level",  # thinkingConfig: {thinkingLevel: level}
    "tokens",  # thinking: {type: enabled, budget_tokens: tokens}, as Anthropic has it
    "adaptive",  # thinking: {type: adaptive}, and output_config: {effort: level}
    "max_effort",  # reasoningConfig: {type: enabled, maxReasoningEffort: level}
    "reasoning_config",  # reasoning_config: level
]

ThinkingReplay = Literal[
    "none",  # reasoning of earlier turns is not sent
    "reasoning_content",  # as that field of the assistant message
    "reasoning",  # as that field of the assistant message
    "reasoning_details",  # the provider's own objects, verbatim, else as `reasoning`
    "content",  # as a `thinking` item of the assistant's content
    "tags",  # between <think> and </think> at the head of the assistant's content
    "items",  # as reasoning items of the Responses API, verbatim
]


class Variant(Struct, frozen=True):
    """Flags that differ for the models in whose lower-cased name the pattern is found."""

    models: str
    flags: dict[str, Any]


class Dialect(Struct, frozen=True, kw_only=True):
    """The defaults are what an unknown server that speaks chat completions most likely takes."""

    # --- where it listens, relative to the base URL
    path: str = "/chat/completions"
    models_path: str = "/models"
    # The classic Azure route: /deployments/{deployment}/... with an api-version in the query.
    deployments: bool = False

    # --- what it is asked: messages
    system_role: Literal["system", "developer", "user"] = "system"
    # False: one system message, first; later ones become user text (strict chat templates refuse them).
    system_anywhere: bool = False
    # The first message after the system prompt must be the user's.
    user_first: bool = False
    # A user message may not follow a tool message directly: a short assistant message is put between.
    assistant_after_tool: bool = False
    # What an assistant message with tool calls and no text has as its content.
    empty_content: Literal["null", "omit", "empty"] = "empty"
    # A last assistant message: continued as it is, continued when marked, or not continued.
    prefill: Literal["continued", "prefix", "partial", "ignored", "refused"] = "continued"
    images: Literal["none", "data", "any"] = "any"
    # PDF documents: not taken, as a `file` part with bytes (`file+url`: also with a URL; `url`: with nothing else), or
    # as a URL part.
    pdf: Literal["none", "file", "file+url", "url", "document_url", "file_url"] = "none"
    cache_control: bool = False

    # --- tools
    tools: bool = True
    tool_ids: Literal["any", "long", "short", "nine"] = "any"
    strict_tools: bool = False
    # Characters that a tool's description may have; None: no limit is known.
    description_limit: int | None = None
    # What forces a call of some tool; "" where nothing does.
    choice_required: Literal["required", "any", ""] = "required"
    choice_named: bool = True
    choice_none: bool = True
    # False: while the model thinks, a forced choice is refused.
    choice_while_thinking: bool = True
    parallel_tool_calls: bool = False
    # Schema keywords that make the provider refuse the whole request.
    schema_drops: tuple[str, ...] = ()
    # False: a node with anyOf may not have a type beside it.
    schema_type_beside_any_of: bool = True

    # What the provider's own web search and web fetch are called on its wire; "": it has none.
    web_search: str = ""
    web_fetch: str = ""

    # --- output and sampling
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    # The most output tokens that the provider lets one ask for; None: unknown.
    max_output_tokens: int | None = None
    # Tokens that a conversation may have, where an administrator says it; None: go by what is known of the model.
    context_window: int | None = None
    temperature: bool = True
    top_p: bool = True
    top_k: bool = False
    # How many stop sequences it takes; 0: none, they are enforced here.
    stop_limit: int = 4
    json_schema: bool = True
    json_object: bool = True
    # The schema stands beside the type json_object (Cohere's chat).
    schema_in_json_object: bool = False
    # False: tools and a response format in one request are refused.
    format_with_tools: bool = True
    stream_options: bool = True
    # Fields that are sent with every request, and those that are sent with every streaming one.
    body_fields: dict[str, Any] = {}
    stream_fields: dict[str, Any] = {}

    # --- thinking
    thinking: ThinkingControl = "none"
    # The levels of effort that it takes, weakest first; none: it has no levels.
    efforts: tuple[str, ...] = ()
    # The level that switches thinking off; "" where there is none.
    effort_off: str = ""
    # False: function tools are refused unless the effort is `effort_off`.
    effort_with_tools: bool = True
    # Whether the model thinks without being asked to; None: unknown.
    thinks_by_default: bool | None = None
    # False: the model always thinks, and a switch would be refused.
    can_stop_thinking: bool = True
    # Whether it refuses to think, which it does by default, in an answer that is not streamed.
    thinks_streamed_only: bool = False
    # Sent inside `thinking` whenever that is the control.
    thinking_fields: dict[str, Any] = {}
    replay: ThinkingReplay = "none"
    # An assistant message with tool calls must have its reasoning, at least an empty one.
    replay_required: bool = False

    # --- the rest
    user_field: Literal["", "user", "user_id", "safety_identifier"] = ""
    # Steers requests of one conversation to one prompt cache.
    prompt_cache_key: bool = False
    # Anthropic's service tier -> the provider's.
    service_tiers: dict[str, str] = {}

    # --- the Responses API
    # Whether reasoning is asked for in encrypted form, which is what can be given back where nothing is stored.
    encrypted_reasoning: bool = False
    # The kind of summary that is asked for where the client wants to see thinking; "": none, which some refuse.
    reasoning_summary: Literal["", "auto", "concise", "detailed"] = ""
    # Whether messages of the assistant's say if they are an answer or a comment on the way to one.
    phases: bool = False
    # Whether the ends of prefixes that are worth caching can be marked.
    cache_breakpoints: bool = False
    # Whether the output of a call may hold images and files.
    result_media: bool = True
    # Fewer output tokens may not be asked for.
    least_output_tokens: int = 1
    # The filter of its web search that keeps domains out; "" where there is none.
    blocked_domains: str = ""
    # Whether its web search takes the user's place.
    search_location: bool = False
    # Whether the pages that a search found have to be asked for.
    search_sources: bool = False
    # MCP servers are called by the provider; it asks before each call unless it is told not to (`approval`).
    mcp: Literal["", "plain", "approval"] = ""
    # Whether the calls of the provider's own tools can be limited in number.
    max_tool_calls: bool = False
    # Whether it counts the input tokens of a request.
    counts_tokens: bool = False

    # --- what it answers
    # Content that begins with <think> holds reasoning up to </think>.
    think_tags: bool = True
    # The chat template writes the opening tag itself, so answers begin inside the reasoning.
    think_unopened: bool = False

    # --- the Messages API, relayed
    # Whether it keeps message threads (`thread`).
    threads: bool = True
    # Whether it refuses thinking whose signature is not Anthropic's.
    signed_thinking: bool = False
    # False: its message ids may repeat, so answers get one of ours.
    own_ids: bool = True
    # The betas that it knows; any other makes it refuse the request. None: it takes or skips them all.
    betas: tuple[str, ...] | None = None
    # Top-level fields that make it refuse the request.
    refused_fields: tuple[str, ...] = ()
    # Whether it runs code, calls MCP servers and has containers, as Anthropic does.
    server_tools: bool = False
    # Whether it runs message batches, and keeps files.
    batches: bool = False
    files: bool = False

    # --- Gemini's generateContent
    # Which ids go out with calls and results: all, or those only that Gemini made itself.
    call_ids: Literal["any", "own"] = "any"
    # A call of the model's must come back with a signature.
    calls_signed: bool = False
    # Results may hold images and documents.
    media_in_results: bool = False
    # JSON schemas are taken as they are; False: in the older form, as a part of OpenAPI.
    tool_json_schema: bool = True
    # Search and fetch may stand beside functions.
    search_beside_functions: bool = False
    # And then have to be asked to tell of their calls; otherwise the field for it is refused.
    tells_searches: bool = False
    # The provider runs code that the model writes.
    code_execution: bool = False
    # Domains may be left out of the search.
    exclude_domains: bool = False
    # The least and the most tokens of a thinking budget.
    thinking_budgets: tuple[int, int] = (0, 0)
    # What is to be counted is wrapped, with the model's name in it.
    count_wrapped: bool = True

    # --- Bedrock's Converse, whose models take this and not that
    # What tools' results may hold beside text, and what may stand beside results in one message.
    result_kinds: tuple[str, ...] = ()
    beside_results: tuple[str, ...] = ("text", "image", "document")
    # Results tell by a field that they are errors.
    result_status: bool = False
    # Results are objects; texts are refused.
    object_results: bool = False
    # Text documents, their context and search results are taken as such, and are cited.
    cited_documents: bool = False
    # Marks for the cache may stand among the tools, and may be for an hour.
    cache_tools: bool = False
    cache_hour: bool = False
    # False: an answer that may call tools cannot be streamed.
    streams_tools: bool = True
    # Tells which stop sequence it met, if asked.
    tells_stop: bool = False
    # top_k lies in an inferenceConfig of the model's own.
    nested_top_k: bool = False
    # Either temperature or top_p.
    one_sampling: bool = False
    # While the model thinks, temperature and the like are refused.
    samples_while_thinking: bool = True

    # --- models that differ; later variants win
    variants: tuple[Variant, ...] = ()


# Options of a provider that say what its server does: their names and values are the flags'.
OVERRIDES = (
    "system_role",
    "system_anywhere",
    "images",
    "pdf",
    "tools",
    "choice_required",
    "parallel_tool_calls",
    "strict_tools",
    "description_limit",
    "max_tokens_field",
    "max_output_tokens",
    "context_window",
    "temperature",
    "top_p",
    "top_k",
    "stop_limit",
    "json_schema",
    "stream_options",
    "thinking",
    "efforts",
    "effort_off",
    "replay",
    "think_tags",
    "think_unopened",
    "threads",
    "signed_thinking",
    "own_ids",
    "counts_tokens",
    "batches",
    "files",
    "betas",
    "refused_fields",
    "server_tools",
    "web_search",
    "web_fetch",
    "encrypted_reasoning",
    "reasoning_summary",
    "result_media",
    "tool_json_schema",
    "search_beside_functions",
)


def resolve(dialect: Dialect, model: str, options: Mapping[str, Any]) -> Dialect:
    """The dialect as it holds for one model, with the provider's options on top."""
    changes: dict[str, Any] = {}
    if dialect.variants:
        name = model.lower()
        for variant in dialect.variants:
            if re.search(variant.models, name):
                changes.update(variant.flags)
    if options:
        for name in OVERRIDES:
            if name in options:
                value = options[name]
                changes[name] = tuple(value) if isinstance(value, list) else value
    return msgspec.structs.replace(dialect, **changes) if changes else dialect
