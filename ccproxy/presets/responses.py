"""How the Responses APIs differ, as far as provider docs and recorded traffic show it.

Model patterns are searched in the lower-cased model name. Later variants win over earlier ones.
"""

from __future__ import annotations

from msgspec import structs

from ccproxy.translate.dialect import Dialect, Variant

_THREE = ("low", "medium", "high")
_FOUR = (*_THREE, "xhigh")

MODELS = (
    r"^(ft:)?(o\d(?!-mini|-preview)|o[3-9]-mini|gpt-([5-9]|\d\d)|codex-|computer-use)"
    r"(?!.*-(chat|search|audio|realtime))"
)
"""OpenAI's models that are asked through the Responses API unless the administrator says otherwise.

The reasoning models: chat completions give no reasoning back to them, and the newer ones refuse function tools there.
o1-mini and o1-preview are not served by it, nor are the search and audio models.
"""

# Any server: what is not sure to be known is not asked for.
ANY = Dialect(
    prefill="continued",
    pdf="file+url",
    tool_ids="long",
    parallel_tool_calls=True,
    user_field="user",
    thinking="effort",
    efforts=_THREE,
    replay="items",
    stop_limit=0,
)

_NO_REASONING = {
    "temperature": True,
    "top_p": True,
    "thinking": "none",
    "efforts": (),
    "effort_off": "",
    "thinks_by_default": False,
    "replay": "none",
    "encrypted_reasoning": False,
    "reasoning_summary": "",
    "phases": False,
    "cache_breakpoints": False,
}

_OPENAI = (
    Variant(r"^(ft:)?o\d", {"max_output_tokens": 100000}),
    Variant(r"gpt-([5-9]|\d\d)", {"efforts": ("minimal", *_THREE), "max_output_tokens": 128000}),
    Variant(r"gpt-(5\.\d|[6-9]|\d\d)", {"efforts": _THREE, "effort_off": "none"}),
    # Do not reason unless they are told to.
    Variant(r"gpt-5\.[1-4]($|-)", {"thinks_by_default": False}),
    Variant(r"gpt-(5\.([2-9]|\d\d)|[6-9]|\d\d)", {"efforts": _FOUR}),
    Variant(r"gpt-(5\.([6-9]|\d\d)|[6-9]|\d\d)", {"efforts": (*_FOUR, "max"), "cache_breakpoints": True}),
    Variant(r"gpt-(5\.3-codex|5\.([4-9]|\d\d)|[6-9]|\d\d)", {"phases": True}),
    Variant(r"codex", {"effort_off": "", "thinks_by_default": True}),
    Variant(r"gpt-5-codex|gpt-5\.1-codex|codex-mini", {"efforts": _THREE}),
    Variant(r"gpt-5\.1-codex-max", {"efforts": _FOUR}),
    Variant(r"gpt-[\d.]+-pro", {"efforts": ("medium", "high", "xhigh"), "effort_off": "", "thinks_by_default": True}),
    Variant(r"gpt-5-pro", {"efforts": ("high",), "max_output_tokens": 272000}),
    Variant(r"deep-research", {"efforts": ("medium",)}),
    Variant(r"o1|o3-mini", {"web_search": "", "search_sources": False}),
    # What does not reason refuses reasoning from others, and to encrypt its own.
    Variant(r"gpt-(3|4|35)|chatgpt|-chat|chat-latest", {**_NO_REASONING, "max_output_tokens": 16384}),
    Variant(r"gpt-4\.1", {"max_output_tokens": 32768}),
    Variant(
        r"gpt-3\.5|gpt-35|gpt-4(-(0|1|32k|turbo)|$)",
        {"max_output_tokens": 4096, "json_schema": False, "pdf": "none", "web_search": "", "search_sources": False},
    ),
    Variant(r"gpt-3\.5|gpt-35|gpt-4(-(0|1|32k)|$)", {"images": "none"}),
    Variant(r"gpt-4$|gpt-4-0", {"max_output_tokens": 8192}),
    Variant(r"gpt-4\.1-nano", {"web_search": "", "search_sources": False}),
)

OPENAI = Dialect(
    system_role="developer",
    system_anywhere=True,
    prefill="ignored",
    pdf="file+url",
    tool_ids="long",
    strict_tools=True,
    parallel_tool_calls=True,
    web_search="web_search",
    blocked_domains="blocked_domains",
    search_location=True,
    search_sources=True,
    code_execution=True,
    mcp="approval",
    max_tool_calls=True,
    least_output_tokens=16,
    temperature=False,
    top_p=False,
    stop_limit=0,
    stream_fields={"stream_options": {"include_obfuscation": False}},
    thinking="effort",
    efforts=_THREE,
    thinks_by_default=True,
    replay="items",
    encrypted_reasoning=True,
    reasoning_summary="auto",
    user_field="safety_identifier",
    prompt_cache_key=True,
    service_tiers={"auto": "auto", "standard_only": "default"},
    counts_tokens=True,
    variants=_OPENAI,
)

# Deployments have names of their own, which seldom tell the model; those that do are taken at their word. What a
# nameless one may refuse is left out.
AZURE = Dialect(
    deployments=True,
    system_role="developer",
    system_anywhere=True,
    prefill="ignored",
    pdf="file",
    tool_ids="long",
    strict_tools=True,
    parallel_tool_calls=True,
    web_search="web_search",
    search_location=True,
    code_execution=True,
    mcp="approval",
    least_output_tokens=16,
    stop_limit=0,
    user_field="user",
    variants=(
        Variant(
            MODELS,
            {
                "temperature": False,
                "top_p": False,
                "thinking": "effort",
                "efforts": _THREE,
                "thinks_by_default": True,
                "replay": "items",
                "encrypted_reasoning": True,
                "reasoning_summary": "auto",
            },
        ),
        *_OPENAI,
        Variant(r"gpt-(5\.([6-9]|\d\d)|[6-9]|\d\d)", {"prompt_cache_key": True}),
        Variant("", {"search_sources": False, "cache_breakpoints": False}),
    ),
)

# Searches posts as well as pages. A file goes by its URL only; `reasoning.summary` is refused, and given unasked.
XAI = Dialect(
    system_anywhere=True,
    pdf="url",
    tool_ids="any",
    parallel_tool_calls=True,
    web_search="web_search+x_search",
    blocked_domains="excluded_domains",
    mcp="plain",
    stop_limit=0,
    user_field="user",
    prompt_cache_key=True,
    replay="items",
    variants=(
        Variant(r"grok-(2|3)|non-reasoning", {"thinks_by_default": False}),
        Variant(r"grok-2(?!-vision)|grok-3|grok-code", {"images": "none"}),
        Variant(r"grok-2", {"web_search": ""}),
        Variant(
            r"grok-(3-mini|[4-9]|code|latest)(?!.*non-reasoning)",
            {"thinks_by_default": True, "can_stop_thinking": False, "encrypted_reasoning": True},
        ),
        # The models that take an effort; all others answer 400 to one.
        Variant(
            r"grok-3-mini|grok-4\.[3-9]|grok-[5-9]|multi-agent|grok-latest", {"thinking": "effort", "efforts": _THREE}
        ),
        Variant(r"grok-3-mini", {"efforts": ("low", "high"), "encrypted_reasoning": False}),
        Variant(r"grok-4\.3", {"effort_off": "none"}),
        Variant(r"grok-4\.[6-9]|multi-agent", {"efforts": _FOUR}),
    ),
)

# Those below are asked through this API only where the option `api` says so.

_TEXT_RESULTS = structs.replace(ANY, pdf="none", result_media=False)

# Searches the web here, which it does not do through chat completions.
DEEPSEEK = structs.replace(
    _TEXT_RESULTS,
    system_anywhere=True,
    prefill="ignored",
    images="none",
    json_schema=False,
    web_search="web_search",
    efforts=("high", "max"),
    thinks_by_default=True,
)

GROQ = structs.replace(
    _TEXT_RESULTS,
    system_anywhere=True,
    images="none",
    efforts=(),
    variants=(
        Variant(r"llama-4|maverick|scout|vision|-vl|qwen3\.[5-9]", {"images": "any"}),
        Variant(r"gpt-oss", {"efforts": _THREE, "thinks_by_default": True}),
    ),
)

LMSTUDIO = structs.replace(_TEXT_RESULTS, images="data", choice_named=False)

# Tool choice is ignored by the server, so it is neither sent nor promised.
OLLAMA = structs.replace(
    _TEXT_RESULTS, images="data", choice_required="", choice_named=False, choice_none=False, effort_off="none"
)

VLLM = _TEXT_RESULTS
