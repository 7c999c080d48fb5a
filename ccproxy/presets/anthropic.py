"""Anthropic, and the providers that speak its Messages API beside one of their own (provider docs).

Their plain presets speak the other API and own the environment's keys, so these have none.
"""

from __future__ import annotations

from typing import Any

from ccproxy.presets.preset import OptionSpec, Preset
from ccproxy.translate.dialect import Dialect

_ALL_TOOLS: dict[str, Any] = {"server_tools": True, "web_search": "web_search", "web_fetch": "web_fetch"}

ANTHROPIC = Dialect(
    models_path="/v1/models?limit=1000",
    signed_thinking=True,
    counts_tokens=True,
    batches=True,
    files=True,
    **_ALL_TOOLS,
)

# Anthropic's models in Microsoft's data centres: no batches there, and no list of models.
AZURE = Dialect(
    models_path="/v1/models", threads=False, signed_thinking=True, counts_tokens=True, files=True, **_ALL_TOOLS
)

# Anthropic's models in others' data centres: the newest betas and fields are not there; of the server's tools Vertex AI
# has the search.
MANTLE = Dialect(threads=False, signed_thinking=True, counts_tokens=True)
VERTEX = Dialect(threads=False, signed_thinking=True, counts_tokens=True, web_search="web_search")

# InvokeModel refuses a request for a beta or a field that it does not know ("invalid beta flag", "Extra inputs are not
# permitted"); these it knows (provider docs, and what its users measured).
BEDROCK = Dialect(
    threads=False,
    signed_thinking=True,
    counts_tokens=True,
    betas=(
        "claude-code-20250219",
        "computer-use-2024-10-22",
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "dev-full-thinking-2025-05-14",
        "effort-2025-11-24",
        "fine-grained-tool-streaming-2025-05-14",
        "interleaved-thinking-2025-05-14",
        "output-128k-2025-02-19",
        "structured-outputs-2025-12-15",
        "token-efficient-tools-2025-02-19",
        "tool-examples-2025-10-29",
        "tool-search-tool-2025-10-19",
    ),
    refused_fields=(
        "billing_policy",
        "container",
        "diagnostics",
        "fallback_credit_token",
        "fallbacks",
        "inference_geo",
        "mcp_servers",
        "safeguards",
        "service_tier",
        "speed",
    ),
)

# Everybody else: keeps no threads, runs no tools, and says of its message ids nothing that one could rely on.
ALIKE = Dialect(models_path="/v1/models", threads=False, own_ids=False)
ALIKE_COUNTING = Dialect(models_path="/v1/models", threads=False, own_ids=False, counts_tokens=True)
OPENROUTER = Dialect(
    models_path="/v1/models", threads=False, own_ids=False, web_search="web_search", web_fetch="web_fetch"
)
DEEPSEEK = Dialect(models_path="/v1/models", threads=False, own_ids=False, files=True)

OPTIONS: dict[str, OptionSpec] = {
    "max_output_tokens": OptionSpec("integer", "The most output tokens the server lets one ask for; more is cut."),
    "threads": OptionSpec("boolean", "Whether the server keeps message threads (`thread`)."),
    "signed_thinking": OptionSpec("boolean", "Whether the server refuses thinking that Anthropic has not signed."),
    "own_ids": OptionSpec("boolean", "Whether the server's message ids are unique; else answers get new ones."),
    "counts_tokens": OptionSpec("boolean", "Whether the server counts tokens (/v1/messages/count_tokens)."),
    "batches": OptionSpec("boolean", "Whether the server runs message batches."),
    "files": OptionSpec("boolean", "Whether the server keeps files."),
    "betas": OptionSpec("list", "The only betas that the server takes; others are left out and reported."),
    "server_tools": OptionSpec("boolean", "Whether the server runs code, calls MCP servers and has containers."),
    "web_search": OptionSpec("string", "Whether the server searches the web; empty: no.", choices=("web_search", "")),
    "web_fetch": OptionSpec("string", "Whether the server fetches pages; empty: no.", choices=("web_fetch", "")),
    "refused_fields": OptionSpec("list", "Fields of the request that the server refuses; left out and reported."),
}


def _alike(name: str, base_url: str, docs: str, dialect: Dialect = ALIKE, **more: Any) -> Preset:
    return Preset(
        name=f"{name}-anthropic",
        wire="anthropic",
        base_url=base_url,
        docs=docs,
        dialect=dialect,
        options=OPTIONS,
        **{"version": "", **more},
    )


def _local(name: str, base_url: str, docs: str, dialect: Dialect = ALIKE) -> Preset:
    return _alike(name, base_url, docs, dialect, key_required=False)


ALL = (
    Preset(
        name="anthropic",
        wire="anthropic",
        base_url="https://api.anthropic.com",
        docs="Anthropic's own API; with api_base_url any server that speaks it.",
        version="",
        auth="x-api-key",
        key_env=("ANTHROPIC_API_KEY",),
        dialect=ANTHROPIC,
        options=OPTIONS,
    ),
    _alike(
        "deepseek",
        "https://api.deepseek.com/anthropic",
        "DeepSeek's models through its Messages API.",
        DEEPSEEK,
        version="/anthropic",
        auth="x-api-key",
    ),
    _alike(
        "moonshot",
        "https://api.moonshot.ai/anthropic",
        "Moonshot's Kimi models through its Messages API.",
        version="/anthropic",
    ),
    _alike(
        "zai",
        "https://api.z.ai/api/anthropic",
        "Z.ai's GLM models through its Messages API, the coding plan's too.",
        version="/api/anthropic",
    ),
    _alike(
        "minimax",
        "https://api.minimax.io/anthropic",
        "MiniMax's models through its Messages API.",
        version="/anthropic",
    ),
    _alike(
        "openrouter",
        "https://openrouter.ai/api",
        "OpenRouter's models through its Messages API.",
        OPENROUTER,
        version="/api",
    ),
    _alike(
        "qwen",
        "https://dashscope-intl.aliyuncs.com/apps/anthropic",
        "Qwen models through Model Studio's Messages API.",
        version="/apps/anthropic",
        auth="x-api-key",
    ),
    _alike(
        "azure",
        "",
        "Claude models on Microsoft Foundry: give https://RESOURCE.services.ai.azure.com; the model is the deployment.",
        AZURE,
        version="/anthropic",
        auth="x-api-key",
    ),
    _local("ollama", "http://localhost:11434", "Ollama through its Messages API."),
    _local("vllm", "http://localhost:8000", "vLLM's server through its Messages API.", ALIKE_COUNTING),
    _local("lmstudio", "http://localhost:1234", "LM Studio's server through its Messages API."),
    _local(
        "llamacpp",
        "http://localhost:8080",
        "llama.cpp's server through its Messages API, started with --jinja for tools.",
        ALIKE_COUNTING,
    ),
)
