"""How many tokens a conversation with a model may have: for providers whose lists of models do not say it, and for
routes, which have no time to ask for a list.

From provider docs, public tables of models and what Claude Code shows of its own. Patterns are searched in the
lower-cased model name, and the first that is found counts; a model that fits none has an unknown window. Where sources
differ, the smaller number stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_M = 1_000_000

_OPENAI = (
    (r"chat-latest|codex-spark", 128_000),
    (r"gpt-5\.[456](?!.*(mini|nano))", 1_050_000),
    (r"gpt-5", 400_000),
    (r"gpt-4\.1", 1_047_576),
    (r"gpt-4o|gpt-4-turbo|o1-mini|o1-preview", 128_000),
    (r"gpt-4(-0613)?$", 8_192),
    (r"gpt-3\.5-turbo", 16_385),
    (r"^o[134]|codex-mini", 200_000),
)
_CLAUDE = (
    (r"claude-(opus-4-[678]|sonnet-4-6|[a-z]+-5)", _M),
    (r"claude-(opus|sonnet|haiku)-4|claude-3", 200_000),
)
_GEMINI = ((r"gemini-(2\.[05]|3)", 1_048_576),)

WINDOWS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "openai": _OPENAI,
    "anthropic": _CLAUDE,
    "azure": (*_CLAUDE, *_OPENAI),
    "bedrock": _CLAUDE,
    "bedrock-mantle": _CLAUDE,
    "vertex": (*_CLAUDE, *_GEMINI),
    "gemini": _GEMINI,
    "gemini-openai": _GEMINI,
    "deepseek": ((r"deepseek-(v4|chat|reasoner|flash)", _M),),
    "xai": (
        (r"grok-4(-1)?-fast", 2 * _M),
        (r"grok-4\.(20|3)", _M),
        (r"grok-4\.[56]", 500_000),
        (r"grok-4(-0709|-latest)?$|grok-code|grok-build-0", 256_000),
        (r"grok-3", 131_072),
    ),
    "moonshot": ((r"kimi-k3", 1_048_576), (r"kimi-k2", 262_144)),
    "zai": ((r"glm-5\.[23]", _M), (r"glm-(5|4\.[67])", 200_000), (r"glm-4\.5", 128_000)),
    "qwen": (
        (r"qwen(3\.[5-8])?-(plus|flash)|qwen3\.8-max|qwen3-coder-(plus|flash)", _M),
        (r"qwen3-max|qwen3-coder", 262_144),
    ),
    "minimax": ((r"minimax-m3", _M), (r"minimax-m2", 204_800)),
    "perplexity": ((r"sonar-pro", 200_000), (r"sonar", 128_000)),
}


def context_window(preset: str, model: str) -> int | None:
    """The window of a provider's model in tokens; None where it is not known. `preset` is the provider's type."""
    name = model.lower()
    kind = preset.removesuffix("-anthropic")  # the same models through another API
    return next((tokens for pattern, tokens in WINDOWS.get(kind, ()) if re.search(pattern, name)), None)
