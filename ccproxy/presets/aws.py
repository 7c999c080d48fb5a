"""Amazon Bedrock: its runtime, and the endpoint beside it that speaks OpenAI's and Anthropic's APIs."""

from __future__ import annotations

from msgspec import structs

from ccproxy.presets import anthropic, responses
from ccproxy.presets.bedrock import CONVERSE
from ccproxy.presets.options import COMMON, RESPONSES
from ccproxy.presets.preset import Api, OptionSpec, Preset
from ccproxy.translate.dialect import Dialect

_TAKEN = (
    "extra_body",
    "max_output_tokens",
    "tools",
    "strict_tools",
    "description_limit",
    "temperature",
    "top_p",
    "top_k",
    "stop_limit",
    "json_schema",
    "efforts",
    "effort_off",
)

_PLACE: dict[str, OptionSpec] = {
    "region": OptionSpec("string", "The region, such as `eu-central-1`.", default="us-east-1"),
    "profile": OptionSpec("string", "The profile of AWS's configuration files that holds the credentials."),
}

_CONVERSE_OPTIONS: dict[str, OptionSpec] = {
    **{name: COMMON[name] for name in _TAKEN},
    "images": OptionSpec("string", "Whether the model sees images.", choices=("none", "data")),
    "pdf": OptionSpec("string", "Whether the model reads documents.", choices=("none", "file")),
    "choice_required": OptionSpec("string", "Whether a tool call can be forced; empty: no.", choices=("any", "")),
    "thinking": OptionSpec(
        "string",
        "What controls reasoning.",
        choices=("none", "tokens", "adaptive", "max_effort", "effort", "reasoning", "reasoning_config"),
    ),
    "replay": OptionSpec(
        "string", "Whether the model takes its own reasoning again.", choices=("none", "reasoning_details")
    ),
}

# OpenAI's own models, without the tools that OpenAI itself would run (provider docs).
_OPENAI = structs.replace(
    responses.OPENAI,
    web_search="",
    blocked_domains="",
    search_location=False,
    search_sources=False,
    code_execution=False,
    mcp="",
    user_field="",
    service_tiers={},
    counts_tokens=False,
)

ALL = (
    Preset(
        name="bedrock",
        wire="bedrock-converse",
        base_url="https://bedrock-runtime.{region}.amazonaws.com",
        lists=(
            "https://bedrock.{region}.amazonaws.com/foundation-models?byOutputModality=TEXT",
            "https://bedrock.{region}.amazonaws.com/inference-profiles?maxResults=1000",
        ),
        docs="Amazon Bedrock: Claude through Anthropic's own API, the models of all others through Converse.",
        version="",
        auth="aws",
        key_required=False,
        key_env=("AWS_BEARER_TOKEN_BEDROCK",),
        dialect=CONVERSE,
        options={**_PLACE, **_CONVERSE_OPTIONS, "betas": anthropic.OPTIONS["betas"]},
        apis=(
            Api(name="invoke", wire="anthropic-bedrock", models=r"anthropic\.claude", dialect=anthropic.BEDROCK),
            Api(name="converse", wire="bedrock-converse"),
        ),
    ),
    Preset(
        name="bedrock-mantle",
        wire="openai-chat",
        base_url="https://bedrock-mantle.{region}.api.aws",
        docs="Amazon Bedrock's endpoint for OpenAI's and Anthropic's APIs, with newer models of theirs and open ones.",
        version="",
        auth="aws",
        key_required=False,
        dialect=Dialect(images="data", models_path="/v1/models"),
        options={**_PLACE, **COMMON, **RESPONSES},
        apis=(
            Api(name="anthropic", wire="anthropic", models=r"anthropic\.", root="/anthropic", dialect=anthropic.MANTLE),
            Api(
                name="openai-responses",
                wire="openai-responses",
                models=r"openai\.gpt-\d",
                root="/openai/v1",
                dialect=_OPENAI,
            ),
            Api(
                name="responses",
                wire="openai-responses",
                models=r"openai\.gpt-oss(?!-safeguard)",
                root="/v1",
                dialect=responses.ANY,
            ),
            Api(name="chat", wire="openai-chat", root="/v1"),
        ),
    ),
)
