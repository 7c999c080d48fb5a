"""One deployment of a LiteLLM config: which provider and model its `litellm_params` mean, and with which parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from ccproxy import presets
from ccproxy.cli.importing import google
from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.kinds import kind_at
from ccproxy.cli.importing.names import provider_name
from ccproxy.cli.importing.references import References, secret

_KINDS = {
    "openai": "openai",
    "azure": "azure",
    "azure_ai": "azure",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "vertex_ai": "vertex",
    "bedrock": "bedrock",
    "groq": "groq",
    "deepseek": "deepseek",
    "xai": "xai",
    "openrouter": "openrouter",
    "mistral": "mistral",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "cerebras": "cerebras",
    "moonshot": "moonshot",
    "zai": "zai",
    "dashscope": "qwen",
    "minimax": "minimax",
    "nvidia_nim": "nvidia",
    "huggingface": "huggingface",
    "github": "github",
    "perplexity": "perplexity",
    "ollama": "ollama",
    "ollama_chat": "ollama",
    "hosted_vllm": "vllm",
    "lm_studio": "lmstudio",
    "llamafile": "openai-chat",
    "openai_like": "openai-chat",
    "custom_openai": "openai-chat",
    "litellm_proxy": "openai-chat",
}
"""LiteLLM's names of providers, which stand before the model's, and the types that they are here."""

# Names that LiteLLM places without a prefix.
_BARE = ((re.compile(r"claude"), "anthropic"), (re.compile(r"(ft:)?gpt-|chatgpt|o[0-9]"), "openai"))
_OPTIONS = {
    "api_version": "api_version",
    "aws_region_name": "region",
    "aws_profile_name": "profile",
    "vertex_project": "project",
    "vertex_location": "location",
}
_AWS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_PARAMETERS = ("temperature", "top_p", "top_k", "max_tokens")
_READ = frozenset(
    {
        "model",
        "litellm_credential_name",
        "api_key",
        "api_base",
        "base_url",
        "extra_headers",
        "headers",
        "vertex_credentials",
        "weight",
        "order",
    }
    | {"custom_llm_provider", "drop_params", "rpm", "tpm", *_AWS, *_OPTIONS, *_PARAMETERS}
)
_LIMITS = ("rpm", "tpm")
_CHAT = (None, "", "chat", "completion", "responses")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One entry of the list: its provider's fields (without models), the model there, and how it is chosen."""

    provider: dict[str, Any]
    model: str
    parameters: dict[str, Any] = field(default_factory=dict)
    weight: float = 1
    order: int = 0

    def at(self, name: str) -> Deployment:
        """The same at the provider of that name."""
        return replace(self, provider={**self.provider, "name": name})

    def of(self, model: str) -> Deployment:
        """The same for another model."""
        return replace(self, model=model)

    @property
    def wild(self) -> bool:
        """Whether it stands for whatever model is asked for."""
        return "*" in self.model

    def target(self) -> dict[str, Any]:
        """As a route's target."""
        made: dict[str, Any] = {"provider": self.provider["name"], "model": self.model}
        return {**made, "parameters": self.parameters} if self.parameters else made


def as_object(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def read(
    entry: Mapping[str, Any],
    path: str,
    references: References,
    credentials: Mapping[str, Mapping[str, Any]],
    carried: Carried,
) -> Deployment | None:
    """The deployment, with what of it is not carried noted; None for one that is no target here.

    `credentials` are the shared ones of the file, by the name that `litellm_credential_name` gives.
    """
    where = f"{path}.litellm_params"
    mode = as_object(entry.get("model_info")).get("mode")
    if mode not in _CHAT:
        carried.leave(path, f"its mode is {mode!r}, and ccproxy is for messages alone")
        return None
    params = as_object(entry.get("litellm_params"))
    shared = params.get("litellm_credential_name")
    if shared is not None and str(shared) not in credentials:
        carried.leave(f"{where}.litellm_credential_name", f"there is no {shared!r} in credential_list")
    written = {**params, **credentials.get(str(shared), {})}
    given = references.resolved(written, where)
    if _address(written) and not isinstance(_address(given), str):
        carried.leave(path, "its address is not known, and its key is for no other")
        return None
    placed = _placed(given)
    if placed is None:
        carried.leave(where, f"model {given.get('model')!r}: its provider is not known here; add it by hand")
        return None
    kind, model = placed
    provider = _provider(kind, given, where, carried)
    _default_key(provider, where, references, carried)
    parameters = {name: given[name] for name in _PARAMETERS if given.get(name) is not None}
    for name in parameters:
        if name != "max_tokens":
            carried.change(f"{where}.{name}", "stands in place of what a client asks, not as its default")
    for name in _LIMITS:
        if given.get(name):
            carried.change(f"{where}.{name}", "is no limit here, only its weight among other targets")
    carried.leave_all(where, given, _READ, "not known here")
    carried.leave_all(path, entry, frozenset({"model_name", "litellm_params", "model_info"}), "not known here")
    order = given.get("order")
    return Deployment(
        provider=provider,
        model=model,
        parameters=parameters,
        weight=_weight(given),
        order=order if isinstance(order, int) else 0,
    )


def _weight(given: Mapping[str, Any]) -> float:
    """Its weight, of which 0 is one as well, else a limit that it has."""
    said = [given.get("weight"), *(given.get(name) or None for name in _LIMITS)]
    return next(
        (one for one in said if isinstance(one, int | float) and 0 <= one < inf and not isinstance(one, bool)), 1
    )


def _placed(given: Mapping[str, Any]) -> tuple[str, str] | None:
    """Type and model."""
    model = given.get("model")
    if not isinstance(model, str) or not model:
        return None
    named = given.get("custom_llm_provider")
    if isinstance(named, str) and named in _KINDS:
        model = model.removeprefix(f"{named}/")
        return _kind(named, model, given), model
    prefix, found, rest = model.partition("/")
    if found and prefix in _KINDS:
        return _kind(prefix, rest, given), _without_api(prefix, rest)
    if found:
        return None
    return next(((kind, model) for start, kind in _BARE if start.match(model)), None)


def _kind(prefix: str, model: str, given: Mapping[str, Any]) -> str:
    """The type that a prefix means. Claude on Azure has an API of its own, whatever its deployment is called."""
    at_claude = "claude" in model.lower() or "/anthropic" in str(_address(given))
    return "azure-anthropic" if prefix == "azure_ai" and at_claude else _KINDS[prefix]


def _address(given: Mapping[str, Any]) -> Any:
    return given.get("api_base") or given.get("base_url")


def _without_api(prefix: str, model: str) -> str:
    """Some prefixes are followed by the API to speak, which here the model's name decides."""
    apis = {"bedrock": ("converse/", "invoke/"), "openai": ("responses/", "chat/"), "azure": ("responses/",)}
    for api in apis.get(prefix, ()):
        model = model.removeprefix(api)
    return model


def _provider(kind: str, given: Mapping[str, Any], path: str, carried: Carried) -> dict[str, Any]:
    url = _address(given)
    made: dict[str, Any] = {"name": provider_name(kind), "type": kind}
    if url:
        made |= _at(kind, url)
    key = given.get("api_key") or _account(kind, given, path, carried) or _aws(given)
    if isinstance(key, str):
        made["api_key"] = secret(key)
    headers = as_object(given.get("extra_headers") or given.get("headers"))
    if headers:
        made["headers"] = {name: secret(str(value)) for name, value in headers.items()}
    preset = presets.find(made["type"])
    for name, option in _OPTIONS.items():
        if given.get(name) is None:
            continue
        if preset is not None and option in preset.options:
            made.setdefault("options", {})[option] = given[name]
        else:
            carried.leave(f"{path}.{name}", f"is no option of the type {made['type']}")
    return made


def _account(kind: str, given: Mapping[str, Any], path: str, carried: Carried) -> str | None:
    """Google's account, which LiteLLM takes in a file of its machine too."""
    if not given.get("vertex_credentials"):
        return None
    if kind != "vertex":
        carried.leave(f"{path}.vertex_credentials", f"is no key of the type {kind}")
        return None
    try:
        return google.account(given["vertex_credentials"])
    except ValueError as error:
        carried.leave(f"{path}.vertex_credentials", str(error))
        return None


def _default_key(provider: dict[str, Any], path: str, references: References, carried: Carried) -> None:
    """The key of an entry that gives none: LiteLLM takes it from the environment, by its usual name."""
    preset = presets.find(provider["type"])
    if preset is None or "api_key" in provider:
        return
    found = references.first(preset.key_env)
    if found is not None:
        provider["api_key"] = found
    elif preset.key_required:
        unset = f", and {preset.key_env[0]} is not set" if preset.key_env else ""
        carried.leave(f"{path}.api_key", f"is not given{unset}")


def _at(kind: str, url: str) -> dict[str, Any]:
    """The provider at an address of its own: LiteLLM calls every server with OpenAI's API `openai`."""
    if kind != "openai":
        return {"api_base_url": url}
    found, base_url = kind_at(url, "openai-chat", kind)
    return {"type": found, "name": provider_name(found), **({"api_base_url": base_url} if base_url else {})}


def _aws(given: Mapping[str, Any]) -> str | None:
    """Access keys in the form that a Bedrock provider takes."""
    parts = [given.get(name) for name in _AWS]
    if not all(isinstance(part, str) for part in parts[:2]):
        return None
    return ":".join(part for part in parts if isinstance(part, str))
