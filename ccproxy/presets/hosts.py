"""How the chat completions of hosts of others' models differ, as far as provider docs and recorded traffic show it.

Model patterns are searched in the lower-cased model name. Later variants win over earlier ones.
"""

from __future__ import annotations

from ccproxy.translate.dialect import Dialect, Variant

_THREE = ("low", "medium", "high")

GROQ = Dialect(
    system_anywhere=True,
    empty_content="omit",
    parallel_tool_calls=True,
    max_tokens_field="max_completion_tokens",
    # Only some models take a schema, and none takes a format beside tools.
    json_schema=False,
    format_with_tools=False,
    user_field="user",
    service_tiers={"auto": "auto", "standard_only": "on_demand"},
    images="none",
    replay="reasoning",
    variants=(
        Variant(r"llama|gemma|compound", {"thinks_by_default": False}),
        # Systems that search by themselves and take no tools of others.
        Variant(r"compound", {"tools": False, "web_search": "search_settings"}),
        Variant(r"llama-4|maverick|scout|vision|-vl|qwen3\.[5-9]", {"images": "any", "json_schema": True}),
        Variant(r"kimi", {"json_schema": True, "max_output_tokens": 16384}),
        Variant(r"llama-3\.3-70b", {"max_output_tokens": 32768}),
        Variant(r"llama-4", {"max_output_tokens": 8192}),
        Variant(
            r"qwen3|qwen-3",
            {"thinking": "effort", "efforts": ("default",), "effort_off": "none", "thinks_by_default": True},
        ),
        Variant(r"qwen3-32b", {"max_output_tokens": 40960}),
        Variant(
            r"gpt-oss",
            {
                "thinking": "effort",
                "efforts": _THREE,
                "thinks_by_default": True,
                "json_schema": True,
                "max_output_tokens": 65536,
                "web_search": "browser_search",
            },
        ),
    ),
)

OPENROUTER = Dialect(
    system_anywhere=True,
    pdf="file+url",
    cache_control=True,
    web_search="openrouter:web_search",
    web_fetch="openrouter:web_fetch",
    top_k=True,
    parallel_tool_calls=True,
    user_field="user",
    thinking="reasoning",
    efforts=("minimal", "low", "medium", "high", "xhigh"),
    replay="reasoning_details",
    variants=(
        # Reasoning is mandatory: a request to leave it out is refused.
        Variant(
            r"openai/(o\d|gpt-5(-|$)|gpt-oss)|gemini-(2\.5-pro|3)|deepseek-r1|minimax-m|qwq|kimi-k2-thinking|thinking-2507|grok-4(-fast)?$",
            {"can_stop_thinking": False, "thinks_by_default": True},
        ),
        Variant(r"mistral|devstral|codestral|pixtral|magistral", {"assistant_after_tool": True, "tool_ids": "nine"}),
        Variant(r"mistral|devstral|codestral|pixtral|magistral|gemma", {"system_anywhere": False}),
        Variant(r"deepseek/deepseek-v4|moonshotai/kimi-k(2\.|3)", {"choice_while_thinking": False}),
    ),
)

# Tool choice is ignored by the server, so it is neither sent nor promised.
OLLAMA = Dialect(
    images="data",
    choice_required="",
    choice_named=False,
    choice_none=False,
    thinking="effort",
    efforts=_THREE,
    effort_off="none",
    replay="reasoning",
)

TOGETHER = Dialect(
    system_anywhere=True,
    top_k=True,
    thinking="effort",
    efforts=_THREE,
    replay="reasoning",
    variants=(
        Variant(
            r"llama|gemma|mixtral|mistral|instruct",
            {"thinking": "none", "efforts": (), "thinks_by_default": False},
        ),
        Variant(r"gemma|mixtral|mistral", {"system_anywhere": False}),
    ),
)

FIREWORKS = Dialect(
    system_anywhere=True,
    top_k=True,
    user_field="user",
    thinking="effort",
    efforts=_THREE,
    effort_off="none",
    replay="reasoning_content",
    variants=(
        Variant(
            r"llama|gemma|mixtral|instruct",
            {"thinking": "none", "efforts": (), "effort_off": "", "thinks_by_default": False},
        ),
    ),
)

CEREBRAS = Dialect(
    system_anywhere=True,
    empty_content="omit",
    images="none",
    choice_required="",
    choice_named=False,
    # `"tools" is incompatible with "response_format"`
    format_with_tools=False,
    max_tokens_field="max_completion_tokens",
    user_field="user",
    replay="reasoning",
    variants=(
        Variant(r"llama|qwen.*(instruct|coder)", {"thinks_by_default": False}),
        Variant(r"llama-4|gemma-4", {"images": "data"}),
        Variant(r"gpt-oss", {"thinking": "effort", "efforts": _THREE, "thinks_by_default": True}),
        Variant(r"glm", {"thinking": "effort", "effort_off": "none", "thinks_by_default": True}),
    ),
)

# Validators differ from model to model and answer 422 to what they do not know.
NVIDIA = Dialect(
    stream_options=True,
    images="any",
    replay="none",
    variants=(
        Variant(r"gpt-oss", {"thinking": "effort", "efforts": _THREE, "thinks_by_default": True}),
        Variant(r"mistral|devstral", {"assistant_after_tool": True, "tool_ids": "nine"}),
        Variant(r"nemotron.*(3|nano|super)|qwen3|deepseek-v3", {"thinking": "template"}),
    ),
)

HUGGINGFACE = Dialect(variants=(Variant(r"gpt-oss", {"thinking": "effort", "efforts": _THREE}),))

GITHUB = Dialect(
    system_anywhere=True,
    empty_content="null",
    tool_ids="short",
    prefill="ignored",
    variants=(
        Variant(r"openai/gpt-4o", {"max_output_tokens": 16384}),
        Variant(r"openai/gpt-4\.1", {"max_output_tokens": 32768}),
        Variant(
            r"openai/(o\d|gpt-5)",
            {
                "system_role": "developer",
                "max_tokens_field": "max_completion_tokens",
                "temperature": False,
                "top_p": False,
                "stop_limit": 0,
                "thinking": "effort",
                "efforts": _THREE,
                "thinks_by_default": True,
                "max_output_tokens": 100000,
            },
        ),
        Variant(r"mistral|codestral|ministral", {"assistant_after_tool": True, "tool_ids": "nine"}),
        Variant(r"mistral|codestral|ministral|phi|cohere|llama", {"system_anywhere": False}),
    ),
)

VLLM = Dialect(
    parallel_tool_calls=True,
    top_k=True,
    thinking="template",
    efforts=_THREE,
    replay="reasoning",
    variants=(Variant(r"mistral|devstral|codestral|magistral", {"assistant_after_tool": True, "tool_ids": "nine"}),),
)

LMSTUDIO = Dialect(images="data", top_k=True, choice_named=False, json_object=False, replay="none")

LLAMACPP = Dialect(
    top_k=True,
    parallel_tool_calls=True,
    choice_named=False,
    thinking="template",
    replay="reasoning_content",
    variants=(Variant(r"mistral|devstral|codestral|magistral|ministral", {"assistant_after_tool": True}),),
)
