"""How Gemini's models differ at generateContent, on AI Studio and Vertex AI (provider docs, recorded traffic).

Model patterns are searched in the lower-cased model name. Later variants win over earlier ones. A name that tells no
generation (`gemini-flash-latest`) is taken for a current one.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from ccproxy.presets.options import COMMON
from ccproxy.presets.preset import OptionSpec
from ccproxy.translate.dialect import Dialect, Variant

_THREE = ("low", "medium", "high")

_OLDER: dict[str, Any] = {
    "max_output_tokens": 8192,
    "thinking": "none",
    "efforts": (),
    "thinks_by_default": False,
    "format_with_tools": False,
    "calls_signed": False,
    "media_in_results": False,
    "search_beside_functions": False,
    "web_fetch": "",
    "images": "data",
    "pdf": "file",
    "prefill": "continued",
}
_BUDGETS: dict[str, Any] = {
    **_OLDER,
    "max_output_tokens": 65536,
    "thinking": "budget",
    "thinks_by_default": True,
    "web_fetch": "url_context",
}

AI_STUDIO = Dialect(
    models_path="/models?pageSize=1000",
    prefill="refused",
    # Images and documents anywhere on the web: from Gemini 3 on.
    images="any",
    pdf="file+url",
    top_k=True,
    stop_limit=5,
    max_output_tokens=65536,
    thinking="level",
    efforts=_THREE,
    thinks_by_default=True,
    can_stop_thinking=False,
    think_tags=False,
    web_search="google_search",
    web_fetch="url_context",
    code_execution=True,
    calls_signed=True,
    media_in_results=True,
    search_beside_functions=True,
    tells_searches=True,
    variants=(
        Variant(r"gemini-(1|2\.0|pro$)|gemma|learnlm", _OLDER),
        Variant(r"gemini-1|gemma|learnlm", {"web_search": "", "code_execution": False}),
        Variant(r"gemini-2\.5", _BUDGETS),
        Variant(r"gemini-2\.5-pro", {"thinking_budgets": (128, 32768)}),
        Variant(r"gemini-2\.5-flash", {"thinking_budgets": (1, 24576), "can_stop_thinking": True}),
        Variant(r"gemini-2\.5-flash-lite", {"thinking_budgets": (512, 24576), "thinks_by_default": False}),
        # Tuned models, whose names tell nothing.
        Variant(r"^(endpoints|tunedmodels)/", {**_OLDER, "max_output_tokens": None}),
        # Made for pictures and speech: they neither think nor call functions.
        Variant(r"gemini-2\.[05].*(image|tts)", {"thinking": "none", "thinks_by_default": False}),
        Variant(r"gemini-3-pro", {"efforts": ("low", "high")}),
        Variant(r"gemini-3(\.[56])?-flash|gemini-3.*flash-lite|flash-lite-latest", {"efforts": ("minimal", *_THREE)}),
        Variant(r"gemini-3.*flash.*image", {"efforts": ("minimal", "high")}),
        # Sampling is fixed: what is sent is ignored by some and refused by others.
        Variant(r"gemini-(3\.([6-9]|\d\d)|[4-9]|\d\d)|-latest", {"temperature": False, "top_p": False, "top_k": False}),
        # Newer models refuse a conversation that ends with the model's own words.
        Variant(r"gemini-3(\.1)?-|gemini-3\.5-flash$", {"prefill": "continued"}),
    ),
)

VERTEX = structs.replace(
    AI_STUDIO,
    models_path="",
    call_ids="own",
    count_wrapped=False,
    exclude_domains=True,
    tells_searches=False,
    variants=(
        *AI_STUDIO.variants,
        # All generations download what a URL leads to.
        Variant(r"", {"images": "any", "pdf": "file+url"}),
    ),
)

_TAKEN = ("extra_body", "max_output_tokens", "images", "temperature", "top_p", "top_k", "stop_limit", "json_schema")

GEMINI_OPTIONS: dict[str, OptionSpec] = {
    **{name: COMMON[name] for name in _TAKEN},
    "pdf": OptionSpec(
        "string", "PDF documents: none, base64 only, or URLs as well.", choices=("none", "file", "file+url")
    ),
    "safety_settings": OptionSpec("list", "Gemini's safetySettings, sent as they are: `[{category, threshold}]`."),
    "tool_json_schema": OptionSpec(
        "boolean", "Whether JSON schemas are taken as they are; if not, they are fitted to Gemini's older form."
    ),
    "search_beside_functions": OptionSpec("boolean", "Whether web search may stand beside the client's own tools."),
}

VERTEX_OPTIONS: dict[str, OptionSpec] = {
    **GEMINI_OPTIONS,
    "project": OptionSpec("string", "The Google Cloud project."),
    "location": OptionSpec("string", "The location, such as `us-central1`, or `global`.", default="global"),
}
