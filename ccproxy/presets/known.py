"""The providers that are known by name."""

from __future__ import annotations

from ccproxy.presets.preset import Preset
from ccproxy.translate.dialect import Dialect

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="openai",
            wire="openai-chat",
            base_url="https://api.openai.com/v1",
            docs="OpenAI",
            key_env=("OPENAI_API_KEY",),
            dialect=Dialect(max_tokens_field="max_completion_tokens", parallel_tool_calls=True),
        ),
        Preset(
            name="groq",
            wire="openai-chat",
            base_url="https://api.groq.com/openai/v1",
            version="/openai/v1",
            docs="Groq",
            key_env=("GROQ_API_KEY",),
        ),
        Preset(
            name="llamacpp",
            wire="openai-chat",
            base_url="http://localhost:8080/v1",
            key_required=False,
            docs="llama.cpp's server",
        ),
    )
}
WIRES: dict[str, Preset] = {
    "openai-chat": Preset(
        name="openai-chat",
        wire="openai-chat",
        base_url="",
        key_required=False,
        docs="Any server that speaks chat completions",
    )
}


def find(type: str) -> Preset | None:
    """The preset or bare wire of that name."""
    return PRESETS.get(type) or WIRES.get(type)
