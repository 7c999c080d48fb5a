"""How the chat completions of those who make models differ, as far as provider docs and recorded traffic show it.

Model patterns are searched in the lower-cased model name. Later variants win over earlier ones.
"""

from __future__ import annotations

from ccproxy.translate.dialect import Dialect, Variant

_THREE = ("low", "medium", "high")

OPENAI = Dialect(
    system_anywhere=True,
    empty_content="null",
    prefill="ignored",
    pdf="file",
    tool_ids="short",
    strict_tools=True,
    parallel_tool_calls=True,
    max_tokens_field="max_completion_tokens",
    user_field="safety_identifier",
    prompt_cache_key=True,
    service_tiers={"auto": "auto", "standard_only": "default"},
    thinks_by_default=False,
    variants=(
        Variant(r"gpt-3\.5|gpt-4-turbo", {"max_output_tokens": 4096}),
        Variant(r"gpt-3\.5|gpt-4-(0|1|32k)|gpt-4$", {"json_schema": False, "images": "none", "pdf": "none"}),
        Variant(r"gpt-4o", {"max_output_tokens": 16384}),
        Variant(r"gpt-4\.1", {"max_output_tokens": 32768}),
        # Reasoning models: sampling is fixed, stop is refused, the system prompt is the developer's.
        Variant(
            r"^(o\d|gpt-([5-9]|\d\d))",
            {
                "system_role": "developer",
                "temperature": False,
                "top_p": False,
                "stop_limit": 0,
                "thinking": "effort",
                "efforts": _THREE,
                "thinks_by_default": True,
                "max_output_tokens": 100000,
            },
        ),
        Variant(r"^o1-(mini|preview)", {"system_role": "user", "thinking": "none", "max_output_tokens": 32768}),
        Variant(r"^gpt-([5-9]|\d\d)", {"efforts": ("minimal", *_THREE), "max_output_tokens": 128000}),
        Variant(r"^gpt-(5\.\d|[6-9]|\d\d)", {"efforts": _THREE, "effort_off": "none"}),
        Variant(r"^gpt-(5\.([2-9]|\d\d)|[6-9]|\d\d)", {"efforts": (*_THREE, "xhigh")}),
        # Refuse function tools here with any effort but `none`; their tools belong to the Responses API.
        Variant(r"^gpt-(5\.([4-9]|\d\d)|[6-9]|\d\d)", {"effort_with_tools": False}),
        # Search the web before each answer, and can do nothing else.
        Variant(
            r"search-(preview|api)",
            {
                "web_search": "web_search_options",
                "tools": False,
                "temperature": False,
                "top_p": False,
                "stop_limit": 0,
                "system_role": "system",
                "thinking": "none",
                "efforts": (),
                "effort_off": "",
                "thinks_by_default": False,
                "images": "none",
                "pdf": "none",
            },
        ),
        # The chat models carry a reasoning model's name and are none.
        Variant(
            r"chat-latest",
            {
                "system_role": "system",
                "temperature": True,
                "top_p": True,
                "stop_limit": 4,
                "thinking": "none",
                "efforts": (),
                "effort_off": "",
                "effort_with_tools": True,
                "thinks_by_default": False,
                "max_output_tokens": 16384,
            },
        ),
    ),
)

# Deployments have names of their own, which seldom tell the model; those that do are taken at their word.
AZURE = Dialect(
    deployments=True,
    system_anywhere=True,
    empty_content="null",
    prefill="ignored",
    tool_ids="short",
    strict_tools=True,
    parallel_tool_calls=True,
    user_field="user",
    variants=(
        Variant(r"gpt-4o", {"max_output_tokens": 16384}),
        Variant(r"gpt-4\.1", {"max_output_tokens": 32768}),
        Variant(r"gpt-3\.5|gpt-35", {"max_output_tokens": 4096, "json_schema": False}),
        *(
            Variant(v.models, {**v.flags, "max_tokens_field": "max_completion_tokens"})
            for v in OPENAI.variants
            if v.models.startswith("^")
        ),
    ),
)

DEEPSEEK = Dialect(
    system_anywhere=True,
    images="none",
    # Continuing a prefill takes the beta endpoint; elsewhere it is history.
    prefill="ignored",
    choice_while_thinking=False,
    json_schema=False,
    stop_limit=16,
    thinking="type",
    efforts=("high", "max"),
    thinks_by_default=True,
    replay="reasoning_content",
    replay_required=True,
    variants=(
        # The older names stand for one mode each and take no switch.
        Variant(
            r"deepseek-chat",
            {
                "thinking": "none",
                "efforts": (),
                "thinks_by_default": False,
                "choice_while_thinking": True,
                "replay_required": False,
                "max_output_tokens": 8192,
            },
        ),
        Variant(r"deepseek-reasoner", {"can_stop_thinking": False, "efforts": (), "max_output_tokens": 65536}),
    ),
)

XAI = Dialect(
    system_anywhere=True,
    parallel_tool_calls=True,
    max_tokens_field="max_completion_tokens",
    user_field="user",
    replay="reasoning_content",
    variants=(
        Variant(r"grok-2|grok-3|non-reasoning", {"thinks_by_default": False}),
        Variant(r"grok-2(?!-vision)|grok-3|grok-code", {"images": "none"}),
        # Reasoning models refuse stop.
        Variant(
            r"grok-(3-mini|[4-9]|code)(?!.*non-reasoning)",
            {"stop_limit": 0, "thinks_by_default": True, "can_stop_thinking": False},
        ),
        # The models that take an effort; all others answer 400 to one.
        Variant(r"grok-3-mini|grok-4\.[3-9]|multi-agent", {"thinking": "effort", "efforts": _THREE}),
        Variant(r"grok-3-mini", {"efforts": ("low", "high")}),
    ),
)

# Strict validation: what is not documented answers 422.
MISTRAL = Dialect(
    assistant_after_tool=True,
    prefill="prefix",
    pdf="document_url",
    tool_ids="nine",
    choice_required="any",
    parallel_tool_calls=True,
    top_k=True,
    stream_options=False,
    prompt_cache_key=True,
    service_tiers={"auto": "auto", "standard_only": "standard_only"},
    thinks_by_default=False,
    replay="content",
    variants=(
        Variant(
            r"mistral-(small|medium)",
            {"thinking": "effort", "efforts": ("high",), "effort_off": "none"},
        ),
        # Those before Small 4 and Medium 3.5 cannot think.
        Variant(
            r"mistral-(small|medium)-(2[0-5]\d\d|3(\.[0-4])?$|3\.[0-4]-)",
            {"thinking": "none", "efforts": (), "effort_off": ""},
        ),
        Variant(r"magistral", {"thinking": "prompt_mode", "thinks_by_default": True}),
    ),
)

MOONSHOT = Dialect(
    system_anywhere=True,
    images="none",
    prefill="partial",
    schema_type_beside_any_of=False,
    max_tokens_field="max_completion_tokens",
    replay="reasoning_content",
    variants=(
        Variant(r"vision|kimi-latest|kimi-k(2\.[5-9]|[3-9])", {"images": "data"}),
        # Sampling is fixed: sending another value is refused.
        Variant(r"^kimi-", {"temperature": False, "top_p": False}),
        Variant(r"^kimi-k2(-|$)", {"temperature": True, "top_p": True, "thinks_by_default": False}),
        Variant(
            r"kimi-k2-thinking|kimi-k(2\.[5-9]|[3-9])",
            {
                "thinking": "type",
                "thinks_by_default": True,
                "choice_while_thinking": False,
                "replay_required": True,
                "prefill": "ignored",
            },
        ),
        # Reasoning of earlier turns counts only if it is to be kept.
        Variant(r"kimi-k2\.6", {"thinking_fields": {"type": "enabled", "keep": "all"}}),
        Variant(r"kimi-k2-thinking|kimi-k2\.7", {"thinking": "none", "can_stop_thinking": False}),
        # Takes an effort instead of the switch, never both.
        Variant(r"kimi-k([3-9])", {"thinking": "effort", "efforts": ("low", "high", "max")}),
        Variant(r"moonshot-v1", {"thinks_by_default": False}),
    ),
)

ZAI = Dialect(
    system_anywhere=True,
    images="none",
    web_search="web_search",
    choice_required="",
    choice_named=False,
    choice_none=False,
    stop_limit=1,
    json_schema=False,
    user_field="user_id",
    # Without it a call's arguments come in one piece after a long silence.
    stream_fields={"tool_stream": True},
    thinking="type",
    thinks_by_default=True,
    # Reasoning of earlier turns counts only if it is not cleared.
    thinking_fields={"clear_thinking": False},
    replay="reasoning_content",
    variants=(
        Variant(r"glm-\d(\.\d)?v|vision", {"images": "any"}),
        Variant(r"glm-4(-|v|$)", {"thinking": "none", "thinking_fields": {}, "thinks_by_default": False}),
        Variant(r"glm-4\.5", {"max_output_tokens": 98304}),
        Variant(r"glm-4\.5v", {"max_output_tokens": 16384}),
        Variant(r"glm-(4\.[6-9]|[5-9])", {"max_output_tokens": 131072}),
        Variant(r"glm-([5-9])", {"efforts": ("low", "medium", "high", "max")}),
    ),
)

QWEN = Dialect(
    system_anywhere=True,
    images="none",
    prefill="partial",
    choice_required="",
    parallel_tool_calls=True,
    top_k=True,
    json_schema=False,
    choice_while_thinking=False,
    thinking="enable_thinking",
    replay="reasoning_content",
    variants=(
        Variant(r"-vl|vision|omni|qvq|qwen3\.[5-9]|qwen[4-9]", {"images": "any"}),
        Variant(r"coder|instruct|qwen2|-math", {"thinking": "none", "thinks_by_default": False}),
        Variant(r"qwq|qvq|thinking", {"can_stop_thinking": False, "thinks_by_default": True}),
        # The open models of the first generation, which are called by their size alone.
        Variant(r"qwen3-[0-9.]+b(-a[0-9]+b)?$", {"thinks_by_default": True, "thinks_streamed_only": True}),
        Variant(r"qwen-(plus|flash|turbo)", {"max_output_tokens": 32768}),
        Variant(r"qwen-max", {"max_output_tokens": 8192, "thinking": "none"}),
        Variant(r"qwen3-(max|coder)", {"max_output_tokens": 65536}),
        # Reasoning of earlier turns counts only if it is to be kept.
        Variant(r"qwen3\.[6-9]|qwen[4-9]", {"body_fields": {"preserve_thinking": True}}),
        # The only one that searches on all continents; it tells no sources here.
        Variant(r"qwen3-max", {"web_search": "enable_search"}),
    ),
)

# Behind it stands a validator that knows only part of JSON schema.
GEMINI = Dialect(
    images="data",
    schema_drops=(
        "$schema",
        "$id",
        "$comment",
        "propertyNames",
        "patternProperties",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "const",
        "not",
        "if",
        "then",
        "else",
    ),
    thinking="effort",
    efforts=("minimal", *_THREE),
    thinks_by_default=True,
    variants=(
        Variant(
            r"gemini-(1|2\.0)",
            {"thinking": "none", "efforts": (), "thinks_by_default": False, "max_output_tokens": 8192},
        ),
        Variant(r"gemini-2\.5-flash", {"effort_off": "none"}),
        Variant(r"gemini-(2\.[5-9]|[3-9])", {"max_output_tokens": 65536}),
    ),
)

MINIMAX = Dialect(
    images="none",
    choice_required="",
    choice_named=False,
    json_schema=False,
    json_object=False,
    stop_limit=0,
    thinks_by_default=True,
    # Answers hold the reasoning so, and it has to come back as it was.
    replay="tags",
)

# Searches by itself; has no tools, and roles must alternate from the user on.
PERPLEXITY = Dialect(
    user_first=True,
    prefill="refused",
    pdf="file_url",
    tools=False,
    web_search="search_domain_filter",
    json_object=False,
    stop_limit=0,
    top_k=True,
    variants=(
        Variant(
            r"reasoning|deep-research",
            {"thinking": "effort", "efforts": ("minimal", *_THREE), "thinks_by_default": True},
        ),
    ),
)

# Its own API. Models that think do so unless it is switched off; the others refuse the switch.
COHERE = Dialect(
    path="/v2/chat",
    models_path="/v1/models?endpoint=chat",
    images="none",
    prefill="refused",
    top_k=True,
    stop_limit=1,
    json_schema=False,
    schema_in_json_object=True,
    format_with_tools=False,
    thinks_by_default=False,
    replay="content",
    think_tags=False,
    variants=(
        Variant(r"vision|command-a-plus", {"images": "any"}),
        Variant(r"reasoning|command-a-plus", {"thinking": "type", "thinks_by_default": True}),
        # Tool choice came with Command R7B.
        Variant(r"command-r(-plus)?(-\d\d-2024)?$|aya", {"choice_required": ""}),
    ),
)
