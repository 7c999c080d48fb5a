"""The providers that are known by name, and the bare wires."""

from __future__ import annotations

from collections.abc import Mapping

from ccproxy.presets import anthropic, aws, google, hosts, makers, responses
from ccproxy.presets.options import AZURE, COHERE, COMMON, RESPONSES
from ccproxy.presets.preset import Api, Preset
from ccproxy.translate.dialect import Dialect


def _chat(
    name: str,
    base_url: str,
    docs: str,
    dialect: Dialect,
    *key_env: str,
    version: str = "/v1",
    key_required: bool = True,
    apis: tuple[Api, ...] = (),
    lists: tuple[str, ...] = (),
) -> Preset:
    return Preset(
        name=name,
        wire="openai-chat",
        base_url=base_url,
        docs=docs,
        dialect=dialect,
        key_env=key_env,
        version=version,
        key_required=key_required,
        options={**COMMON, **RESPONSES} if apis else COMMON,
        apis=apis,
        lists=lists,
    )


_CHAT = Api(name="chat", wire="openai-chat")


def _responses(dialect: Dialect, models: str = "", since: str = "") -> Api:
    return Api(name="responses", wire="openai-responses", models=models, dialect=dialect, since=since)


def _local(name: str, base_url: str, docs: str, dialect: Dialect, *key_env: str, also: Dialect | None = None) -> Preset:
    """`also` is the dialect of the server's Responses API, which is taken only where an option says so."""
    apis = (_CHAT, _responses(also)) if also is not None else ()
    return _chat(name, base_url, docs, dialect, *key_env, key_required=False, apis=apis)


_ALL = (
    _chat(
        "openai",
        "https://api.openai.com/v1",
        "OpenAI's models: the reasoning ones through the Responses API, older ones through chat completions.",
        makers.OPENAI,
        "OPENAI_API_KEY",
        apis=(_responses(responses.OPENAI, responses.MODELS), _CHAT),
    ),
    Preset(
        name="azure",
        wire="openai-chat",
        base_url="",
        docs="Azure OpenAI and AI Foundry: give your resource's URL; the model is the deployment's name.",
        version="/openai/v1",
        auth="api-key",
        dialect=makers.AZURE,
        options={**COMMON, **RESPONSES, **AZURE},
        apis=(_responses(responses.AZURE, responses.MODELS, "2025-03-01"), _CHAT),
    ),
    _chat(
        "groq",
        "https://api.groq.com/openai/v1",
        "Groq's fast open models.",
        hosts.GROQ,
        "GROQ_API_KEY",
        version="/openai/v1",
        apis=(_CHAT, _responses(responses.GROQ)),
    ),
    _chat(
        "deepseek",
        "https://api.deepseek.com",
        "DeepSeek's models.",
        makers.DEEPSEEK,
        "DEEPSEEK_API_KEY",
        version="",
        apis=(_CHAT, _responses(responses.DEEPSEEK)),
    ),
    _chat(
        "xai",
        "https://api.x.ai/v1",
        "xAI's Grok models, through its Responses API.",
        makers.XAI,
        "XAI_API_KEY",
        "GROK_API_KEY",
        apis=(_responses(responses.XAI), _CHAT),
        # What it has for chat, with what goes in; the other list has names only.
        lists=("https://api.x.ai/v1/language-models",),
    ),
    _chat(
        "openrouter",
        "https://openrouter.ai/api/v1",
        "OpenRouter: hundreds of models of all makers.",
        hosts.OPENROUTER,
        "OPENROUTER_API_KEY",
        version="/api/v1",
    ),
    _chat("mistral", "https://api.mistral.ai/v1", "Mistral's models.", makers.MISTRAL, "MISTRAL_API_KEY"),
    Preset(
        name="cohere",
        wire="cohere",
        base_url="https://api.cohere.com",
        docs="Cohere's Command models.",
        version="",
        dialect=makers.COHERE,
        key_env=("COHERE_API_KEY", "CO_API_KEY"),
        options=COHERE,
    ),
    _chat("together", "https://api.together.xyz/v1", "Together AI.", hosts.TOGETHER, "TOGETHER_API_KEY"),
    _chat(
        "fireworks",
        "https://api.fireworks.ai/inference/v1",
        "Fireworks AI.",
        hosts.FIREWORKS,
        "FIREWORKS_API_KEY",
        version="/inference/v1",
    ),
    _chat("cerebras", "https://api.cerebras.ai/v1", "Cerebras.", hosts.CEREBRAS, "CEREBRAS_API_KEY"),
    _chat(
        "moonshot",
        "https://api.moonshot.ai/v1",
        "Moonshot's Kimi models.",
        makers.MOONSHOT,
        "MOONSHOT_API_KEY",
        "KIMI_API_KEY",
    ),
    _chat(
        "zai",
        "https://api.z.ai/api/paas/v4",
        "Z.ai's GLM models; the coding plan is at https://api.z.ai/api/coding/paas/v4.",
        makers.ZAI,
        "ZAI_API_KEY",
        "Z_AI_API_KEY",
        version="/api/paas/v4",
    ),
    _chat(
        "qwen",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "Qwen models on Alibaba's Model Studio.",
        makers.QWEN,
        "DASHSCOPE_API_KEY",
        "QWEN_API_KEY",
        version="/compatible-mode/v1",
    ),
    _chat(
        "minimax",
        "https://api.minimax.io/v1",
        "MiniMax's models.",
        makers.MINIMAX,
        "MINIMAX_API_KEY",
    ),
    _chat("nvidia", "https://integrate.api.nvidia.com/v1", "NVIDIA NIM.", hosts.NVIDIA, "NVIDIA_API_KEY"),
    _chat(
        "huggingface",
        "https://router.huggingface.co/v1",
        "Hugging Face's router; models are called org/name or org/name:provider.",
        hosts.HUGGINGFACE,
        "HUGGINGFACE_API_KEY",
    ),
    _chat(
        "github",
        "https://models.github.ai/inference",
        "GitHub Models, with a personal access token; models are called publisher/name.",
        hosts.GITHUB,
        "GITHUB_MODELS_TOKEN",
        version="/inference",
    ),
    _chat(
        "perplexity",
        "https://api.perplexity.ai",
        "Perplexity's Sonar models, which search the web by themselves.",
        makers.PERPLEXITY,
        "PERPLEXITY_API_KEY",
        "PPLX_API_KEY",
        version="",
    ),
    _chat(
        "gemini-openai",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "Google's Gemini models through their OpenAI compatible endpoint.",
        makers.GEMINI,
        version="/v1beta/openai",
    ),
    Preset(
        name="gemini",
        wire="gemini",
        base_url="https://generativelanguage.googleapis.com/v1beta",
        docs="Google's Gemini models, with a key of AI Studio.",
        version="/v1beta",
        auth="x-goog-api-key",
        key_env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        dialect=google.AI_STUDIO,
        options=google.GEMINI_OPTIONS,
    ),
    Preset(
        name="vertex",
        wire="gemini",
        # v1 knows no ids of function calls and less of what functions answer (recorded traffic: all of it is v1beta1).
        base_url="https://{location}-aiplatform.googleapis.com/v1beta1/projects/{project}/locations/{location}",
        lists=(
            "https://{location}-aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=1000",
            "https://{location}-aiplatform.googleapis.com/v1beta1/publishers/anthropic/models?pageSize=1000",
        ),
        docs="Gemini and Claude on Google Cloud's Vertex AI.",
        hosts={
            "global-aiplatform.googleapis.com": "aiplatform.googleapis.com",
            "us-aiplatform.googleapis.com": "aiplatform.us.rep.googleapis.com",
            "eu-aiplatform.googleapis.com": "aiplatform.eu.rep.googleapis.com",
        },
        version="/v1beta1/projects/{project}/locations/{location}",
        auth="google",
        key_required=False,
        dialect=google.VERTEX,
        options=google.VERTEX_OPTIONS,
        apis=(
            Api(
                name="anthropic",
                wire="anthropic-vertex",
                models=r"claude",
                root="/publishers/anthropic",
                dialect=anthropic.VERTEX,
            ),
            Api(name="endpoint", wire="gemini", models=r"^endpoints/"),
            Api(name="gemini", wire="gemini", root="/publishers/google"),
        ),
    ),
    _local("ollama", "http://localhost:11434/v1", "Ollama on this machine; its cloud is https://ollama.com.",
           hosts.OLLAMA, also=responses.OLLAMA),
    _local("vllm", "http://localhost:8000/v1", "vLLM's server.", hosts.VLLM, also=responses.VLLM),
    _local("lmstudio", "http://localhost:1234/v1", "LM Studio's server.", hosts.LMSTUDIO, also=responses.LMSTUDIO),
    _local("llamacpp", "http://localhost:8080/v1", "llama.cpp's server, started with --jinja for tools.",
           hosts.LLAMACPP),
)  # fmt: skip

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in (*_ALL, *anthropic.ALL, *aws.ALL)}

WIRES: Mapping[str, Preset] = {
    "openai-chat": _local("openai-chat", "", "Any server that speaks chat completions.", Dialect()),
    "openai-responses": Preset(
        name="openai-responses",
        wire="openai-responses",
        base_url="",
        docs="Any server that speaks the Responses API.",
        key_required=False,
        dialect=responses.ANY,
        options={**COMMON, **RESPONSES},
    ),
}


def find(type: str) -> Preset | None:
    """The preset or bare wire of that name."""
    return PRESETS.get(type) or WIRES.get(type)
