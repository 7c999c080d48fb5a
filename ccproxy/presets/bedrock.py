"""What the models on Amazon Bedrock take through Converse, by their makers.

Source: AWS's user guides and service model, recorded traffic, and what users of the API measured and reported. Model
patterns are searched in the lower-cased id, which may be an inference profile's (`us.`…) or an ARN. Later variants
win over earlier ones. Nothing is sent that an unknown model may refuse, if the answer is right without it.
"""

from __future__ import annotations

from typing import Any

from ccproxy.translate.dialect import Dialect, Variant

_THREE = ("low", "medium", "high")
_BLIND: dict[str, Any] = {"images": "none"}
_NO_TOOLS: dict[str, Any] = {"tools": False}
_STRUCTURED: dict[str, Any] = {"json_schema": True, "strict_tools": True}
_NO_CHOICE: dict[str, Any] = {"choice_required": "", "choice_named": False}
# Models from before there was a chat format for all: results stand alone, and calls cannot be streamed.
_ALONE: dict[str, Any] = {"beside_results": (), "streams_tools": False}

_CLAUDE = (
    Variant(
        r"anthropic\.",
        {
            "images": "data",
            "pdf": "file",
            "cache_control": True,
            "cache_tools": True,
            "result_kinds": ("image", "document"),
            "beside_results": ("text", "image"),
            "result_status": True,
            "cited_documents": True,
            "top_k": True,
            "tells_stop": True,
            "stop_limit": 8191,
            "replay": "reasoning_details",
            "choice_while_thinking": False,
            "samples_while_thinking": False,
            "counts_tokens": True,
        },
    ),
    Variant(r"claude-(3-(opus|sonnet|haiku)|3-5-sonnet-20240620)", {"max_output_tokens": 4096, "cache_control": False}),
    Variant(r"claude-3-5-(haiku|sonnet-2024102)", {"max_output_tokens": 8192}),
    Variant(r"claude-(3-7|(sonnet|opus|haiku)-4)", {"max_output_tokens": 64000, "thinking": "tokens"}),
    Variant(r"claude-opus-4-(1|2025)", {"max_output_tokens": 32000}),
    Variant(r"claude-(opus-4-1|[a-z]+-4-[5-9]|[a-z]+-[5-9])", {"one_sampling": True}),
    Variant(r"claude-([a-z]+-4-[5-9]|[a-z]+-[5-9])", {"cache_hour": True}),
    Variant(r"claude-((sonnet|haiku)-(4-[5-9]|[5-9])|opus-4-[56])", _STRUCTURED),
    Variant(
        r"claude-([a-z]+-4-[6-9]|[a-z]+-[5-9])",
        {
            "max_output_tokens": 128000,
            "thinking": "adaptive",
            "efforts": (*_THREE, "max"),
            "thinks_by_default": False,
            "prefill": "refused",
        },
    ),
    Variant(
        r"claude-([a-z]+-4-[7-9]|[a-z]+-[5-9])",
        {"efforts": (*_THREE, "xhigh", "max"), "temperature": False, "top_p": False, "top_k": False},
    ),
    Variant(r"claude-[a-z]+-[5-9]", {"thinks_by_default": True}),
    Variant(r"claude-(fable|mythos)", {"can_stop_thinking": False}),
    Variant(
        r"claude-(v2|instant)",
        {
            **_BLIND,
            **_NO_TOOLS,
            "max_output_tokens": 4096,
            "cache_control": False,
            "cited_documents": False,
            "replay": "none",
            "counts_tokens": False,
        },
    ),
)

_AMAZON = (
    Variant(
        r"amazon\.nova",
        {
            "pdf": "file",
            "cache_control": True,
            "max_output_tokens": 10000,
            "result_kinds": ("image",),
            "result_status": True,
            "top_k": True,
            "nested_top_k": True,
        },
    ),
    Variant(r"nova-micro", {**_BLIND, "pdf": "none", "result_kinds": ()}),
    Variant(r"nova-premier", {"max_output_tokens": 32000}),
    Variant(
        r"nova-2-",
        {
            "max_output_tokens": 65535,
            "thinking": "max_effort",
            "efforts": _THREE,
            "replay": "reasoning_details",
            "code_execution": True,
        },
    ),
    # The search is there in the regions of the United States only.
    Variant(r"\bus\.amazon\.nova-(premier|2-)", {"web_search": "nova_grounding"}),
    Variant(
        r"amazon\.titan",
        {**_BLIND, **_NO_TOOLS, "pdf": "file", "system_role": "user", "max_output_tokens": 8192, "stop_limit": 0},
    ),
    Variant(r"titan-text-lite", {"max_output_tokens": 4096}),
    Variant(r"titan-text-premier", {"max_output_tokens": 3072}),
)

_META = (
    Variant(
        r"meta\.llama",
        {**_BLIND, **_ALONE, **_NO_CHOICE, "pdf": "file", "max_output_tokens": 8192, "stop_limit": 0},
    ),
    Variant(r"llama2|llama3-(8b|70b)", {**_NO_TOOLS, "max_output_tokens": 2048}),
    Variant(r"llama3-2-[13]b", _NO_TOOLS),
    Variant(r"llama3-2-(11|90)b", {"images": "data"}),
    Variant(r"llama4", {"images": "data", "result_kinds": ("image", "document")}),
)

_MISTRAL = (
    Variant(
        r"mistral\.",
        {
            **_BLIND,
            **_ALONE,
            **_NO_CHOICE,
            "pdf": "file",
            "max_output_tokens": 8192,
            "object_results": True,
            "result_kinds": ("document",),
        },
    ),
    Variant(r"mistral-large", {"choice_required": "any"}),
    Variant(r"mistral-7b|mixtral", {**_NO_TOOLS, "system_role": "user", "max_output_tokens": 4096}),
    Variant(r"pixtral|mistral-large-3|ministral-3|magistral", {"images": "data"}),
    Variant(r"mistral-large-3|ministral-3|magistral|voxtral|devstral", {"max_output_tokens": None}),
    Variant(r"mistral-large-3|ministral-3|magistral-small|voxtral", _STRUCTURED),
)

_OTHERS = (
    Variant(r"cohere\.", {**_BLIND, **_NO_CHOICE, "pdf": "file", "max_output_tokens": 4000}),
    Variant(r"cohere\.command-(text|light)", {**_NO_TOOLS, "system_role": "user", "streams_tools": False}),
    Variant(r"ai21\.", {**_BLIND, **_NO_CHOICE, "pdf": "file", "max_output_tokens": 4096}),
    Variant(r"ai21\.j2|jamba-instruct", _NO_TOOLS),
    Variant(r"ai21\.j2", {"system_role": "user"}),
    Variant(r"writer\.", {**_BLIND, **_ALONE, **_NO_CHOICE, "pdf": "file", "max_output_tokens": 8192}),
    Variant(r"deepseek\.", _BLIND),
    Variant(
        r"deepseek\.r1",
        {**_NO_TOOLS, "pdf": "file", "max_output_tokens": 32768, "thinks_by_default": True},
    ),
    # Forced to call one of its tools it calls the right one; a named one it does not call.
    Variant(r"deepseek\.v3-v1", {"choice_named": False}),
    Variant(r"qwen\.", {**_BLIND, **_STRUCTURED}),
    Variant(r"qwen\..*(vl|3\.5|3\.6)", {"images": "data"}),
    Variant(r"qwen3-32b|qwq", {"thinking": "reasoning_config", "efforts": ("low", "high"), "thinks_by_default": True}),
    Variant(r"openai\.gpt-oss", {**_BLIND, "thinking": "effort", "efforts": _THREE, "thinks_by_default": True}),
    Variant(
        r"openai\.gpt-[5-9]",
        {
            "temperature": False,
            "top_p": False,
            "stop_limit": 0,
            "thinking": "reasoning",
            "efforts": (*_THREE, "xhigh", "max"),
            "effort_off": "none",
            "thinks_by_default": True,
            "replay": "reasoning_details",
        },
    ),
    Variant(r"openai\.gpt-.*astra", {"effort_off": ""}),
    Variant(r"moonshot(ai)?\.", {**_BLIND, **_STRUCTURED}),
    Variant(r"kimi-k2-thinking", {"thinking": "effort", "efforts": _THREE, "thinks_by_default": True}),
    Variant(r"kimi-k(2\.[5-9]|[3-9])", {"images": "data"}),
    Variant(r"zai\.", {**_BLIND, **_STRUCTURED}),
    Variant(r"minimax\.", {**_BLIND, "thinks_by_default": True}),
    Variant(r"minimax-m2", _STRUCTURED),
    Variant(r"gemma-3-(12|27)b", _STRUCTURED),
    Variant(r"nvidia\.", _BLIND),
    Variant(r"nvidia\..*vl", {"images": "data"}),
    Variant(r"nemotron-nano", _STRUCTURED),
)

CONVERSE = Dialect(
    models_path="",
    images="data",
    choice_required="any",
    json_schema=False,
    variants=(*_CLAUDE, *_AMAZON, *_META, *_MISTRAL, *_OTHERS),
)
