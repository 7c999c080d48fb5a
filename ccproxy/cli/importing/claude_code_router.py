"""A claude-code-router config (`~/.claude-code-router/config.json`): Providers, Router, fallback.

Its documentation and its example configuration are the source for what the members mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ccproxy.cli.importing import plain
from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.kinds import kind_at
from ccproxy.cli.importing.names import provider_name
from ccproxy.cli.importing.references import References, secret

_READ = frozenset({"Providers", "providers", "Router", "fallback"})
_PROVIDER = frozenset(
    {"name", "api_base_url", "baseurl", "baseUrl", "api_key", "apikey", "apiKey", "models", "transformer"}
)
_THRESHOLD = "longContextThreshold"
_SERVER = "a setting of the server itself; see docs/settings.md"
_WHY = {
    "APIKEY": "ccproxy's own key is CCPROXY_APIKEY",
    "HOST": "CCPROXY_HOST",
    "PORT": "CCPROXY_PORT",
    "LOG": "ccproxy always logs, to its standard output",
    "LOG_LEVEL": "CCPROXY_LOG_LEVEL",
    "API_TIMEOUT_MS": "CCPROXY_REQUEST_TIMEOUT, in seconds",
    "PROXY_URL": "providers are reached directly",
    "CUSTOM_ROUTER_PATH": "a program of your own; routes can match models, headers, sizes and kinds of requests",
    "transformers": "programs of your own",
}
# What these do ccproxy does by itself, for every provider that needs it.
_BUILT_IN = frozenset(
    {
        "anthropic",
        "openai",
        "deepseek",
        "gemini",
        "openrouter",
        "groq",
        "cerebras",
        "tooluse",
        "enhancetool",
        "reasoning",
        "cleancache",
        "forcereasoning",
        "streamoptions",
        "maxtoken",
        "maxcompletiontokens",
        "customparams",
        "openai-responses",
        "vertex-gemini",
        "vertex-claude",
    }
)
_TAKING_PARAMETERS = frozenset({"openrouter", "customparams"})


def recognised(document: Mapping[str, Any]) -> bool:
    """Whether it looks like one."""
    return isinstance(document.get("Providers"), list) or isinstance(document.get("Router"), dict)


def carry(document: Mapping[str, Any], environ: Mapping[str, str]) -> Carried:
    """Its providers and routes, references to the environment resolved."""
    carried = Carried()
    references = References(environ, carried, bare=True)
    key = "Providers" if isinstance(document.get("Providers"), list) else "providers"
    names: dict[str, str] = {}
    for index, given in enumerate(document.get(key) or ()):
        path = f"{key}.{index}"
        if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not given["name"].strip():
            carried.leave(path, "is no provider: it has no name")
            continue
        provider = _provider(references.resolved(given, path), path, carried)
        names[given["name"]] = provider["name"]
        if provider["name"] != given["name"]:
            carried.change(f"{path}.name", f"is {provider['name']!r} here: names are of a-z 0-9 . _ -")
        carried.providers.append(provider)
    _routes(document, names, carried)
    for name, value in document.items():
        if name not in _READ and value not in (None, "", [], {}, False):
            carried.leave(name, _WHY.get(name, _SERVER))
    return carried


def _provider(given: Mapping[str, Any], path: str, carried: Carried) -> dict[str, Any]:
    url = _first(given, "api_base_url", "baseurl", "baseUrl") or ""
    uses = list(_uses(given.get("transformer"), f"{path}.transformer", carried))
    name = provider_name(given["name"])
    kind, base_url = kind_at(str(url), _wire({use for use, _, _ in uses}, str(url)), name)
    made: dict[str, Any] = {"name": name, "type": kind}
    if base_url:
        made["api_base_url"] = base_url
    key = _first(given, "api_key", "apikey", "apiKey")
    if key:
        made["api_key"] = secret(key)
    models = given.get("models")
    if isinstance(models, list):
        made["models"] = [model for model in models if isinstance(model, str)]
    options = _options(uses, carried)
    if options:
        made["options"] = options
    carried.leave_all(path, given, _PROVIDER, "not known here")
    return made


def _first(given: Mapping[str, Any], *names: str) -> Any:
    return next((given[name] for name in names if given.get(name)), None)


def _uses(transformer: Any, path: str, carried: Carried) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The transformers of the whole provider: name in small letters, options, path; those of one model are left."""
    if not isinstance(transformer, dict):
        return
    for index, use in enumerate(transformer.get("use") or ()):
        name, *options = use if isinstance(use, list) and use else (use,)
        if isinstance(name, str):
            yield name.lower(), options[0] if options and isinstance(options[0], dict) else {}, f"{path}.use.{index}"
    for model, own in transformer.items():
        if model == "use":
            continue
        for index, use in enumerate(own.get("use") or () if isinstance(own, dict) else ()):
            name = use[0] if isinstance(use, list) and use else use
            if (isinstance(use, list) and len(use) > 1) or str(name).lower() not in _BUILT_IN:
                why = "options are a provider's here, not a model's; give a route's target parameters"
                carried.leave(f"{path}.{model}.use.{index}", f"{name}: {why}")


def _wire(uses: set[str], url: str) -> str:
    """The API that it speaks, from the transformers that would have spoken it, else from its address."""
    path = urlsplit(url).path
    if "openai-responses" in uses or path.rstrip("/").endswith("/responses"):
        return "openai-responses"
    if uses == {"anthropic"} or "/anthropic" in path or path.rstrip("/").endswith("/messages"):
        return "anthropic"
    if uses & {"gemini", "vertex-gemini"}:
        return "gemini"
    return "openai-chat"


def _options(uses: list[tuple[str, dict[str, Any], str]], carried: Carried) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, given, path in uses:
        rest = dict(given)
        most = rest.pop("max_tokens", None) or rest.pop("max_completion_tokens", None)
        if name in ("maxtoken", "maxcompletiontokens") and isinstance(most, int):
            options["max_output_tokens"] = most
        if name in _TAKING_PARAMETERS:
            # Headers of its own making, which are no fields of a request
            fields = {key: value for key, value in rest.items() if key not in ("referer", "title", "providerOrder")}
            options.setdefault("extra_body", {}).update(fields)
            rest = {key: value for key, value in rest.items() if key not in fields}
        if name not in _BUILT_IN:
            carried.leave(path, f"the transformer {name} is not known here")
        elif any(rest.values()):
            carried.leave(path, f"{name}: the options {', '.join(key for key in rest if rest[key])} are not known here")
    return {name: value for name, value in options.items() if value}


def _routes(document: Mapping[str, Any], names: Mapping[str, str], carried: Carried) -> None:
    router = document.get("Router")
    router = router if isinstance(router, dict) else {}
    fallback = document.get("fallback")
    fallback = fallback if isinstance(fallback, dict) else {}
    for name, value in router.items():
        if name == _THRESHOLD or value in (None, "", [], {}):
            continue
        if name not in plain.SCENARIOS or not isinstance(value, str):
            carried.leave(f"Router.{name}", "not known here")
            continue
        targets = [_target(value, f"Router.{name}", names, carried)]
        targets += [
            _target(other, f"fallback.{name}.{index}", names, carried)
            for index, other in enumerate(fallback.get(name) or ())
        ]
        usable = [target for target in targets if target is not None]
        if usable:
            carried.routes.append(plain.route(name, usable))
    threshold = router.get(_THRESHOLD)
    for route in carried.routes:
        if route["name"] == "longContext" and isinstance(threshold, int):
            route["match"]["min_input_tokens"] = threshold
    for name in fallback:
        if name not in router and fallback[name]:
            carried.leave(f"fallback.{name}", "there is no route of that name in Router")


def _target(value: Any, path: str, names: Mapping[str, str], carried: Carried) -> dict[str, Any] | None:
    target = plain.target(value)
    if target is None:
        carried.leave(path, f"{value!r} is not 'provider,model'")
        return None
    return {**target, "provider": names.get(target["provider"], target["provider"])}
