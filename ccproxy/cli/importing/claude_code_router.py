"""A claude-code-router config (`~/.claude-code-router/config.json`): Providers, Router, fallback.

Its documentation, its example configurations and its source are where it is said what the members mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.cli.importing import plain, transformers, vertex
from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.kinds import kind_at
from ccproxy.cli.importing.names import provider_name, unused
from ccproxy.cli.importing.references import References, secret
from ccproxy.cli.importing.there import There
from ccproxy.cli.importing.transformers import Use

_READ = frozenset({"Providers", "providers", "Router", "fallback"})
_URLS = ("api_base_url", "baseurl", "baseUrl")
_KEYS = ("api_key", "apikey", "apiKey")
_PROVIDER = frozenset({"name", "api_keys", "models", "transformer", *_URLS, *_KEYS})
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
# The order in which claude-code-router looks for them, the last first. Routes for every model's name can keep it.
_ORDER = ("default", "image", "think", "web_search", "background", "long_context")


def recognised(document: Mapping[str, Any]) -> bool:
    """Whether it looks like one."""
    return isinstance(document.get("Providers"), list) or isinstance(document.get("Router"), dict)


def carry(document: Mapping[str, Any], environ: Mapping[str, str], there: There) -> Carried:
    """Its providers and routes, references to the environment resolved."""
    carried = Carried()
    references = References(environ, carried, bare=True)
    names = _providers(document, references, environ, carried)
    router = references.resolved(_object(document.get("Router")), "Router")
    fallback = references.resolved(_object(document.get("fallback")), "fallback")
    _routes(router, fallback, names, carried)
    _threshold(router, carried)
    listing = [*carried.providers, *(one for one in there.providers.values() if one.get("enabled"))]
    if any(model.startswith("claude-") for provider in listing for model in provider.get("models", ())):
        _for_every_name(carried)
    else:
        _searches_first(carried)
    for name, value in document.items():
        if value is not False:
            carried.leave_all("", {name: value}, _READ, _WHY.get(name, _SERVER))
    return carried


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _providers(
    document: Mapping[str, Any], references: References, environ: Mapping[str, str], carried: Carried
) -> dict[str, str]:
    """The names of those that are carried, there and here."""
    key = "Providers" if isinstance(document.get("Providers"), list) else "providers"
    given = document.get(key)
    listed = {f"{key}.{index}": one for index, one in enumerate(given if isinstance(given, list) else ())}
    named: dict[str, str] = {}
    for path, one in listed.items():
        if not isinstance(one, dict) or not isinstance(one.get("name"), str) or not one["name"].strip():
            carried.leave(path, "is no provider: it has no name")
            continue
        if one["name"] in named:
            carried.leave(named[one["name"]], f"another provider {one['name']!r} comes later, which counts")
        named[one["name"]] = path
    names: dict[str, str] = {}
    for name, path in named.items():
        given = references.resolved(listed[path], path)
        if _first(listed[path], _URLS) and not _first(given, _URLS):
            carried.leave(path, "its address is not known, and its key is for no other")
            continue
        used = transformers.uses(given.get("transformer"), f"{path}.transformer", carried)
        here = unused(provider_name(name), set(names.values()))
        made = _provider(here, given, used, environ, path, carried)
        if made is None:
            carried.leave(path, "its project at Google is not known; GOOGLE_CLOUD_PROJECT would tell it here")
            continue
        names[name] = here
        if here != name:
            carried.change(f"{path}.name", f"is {here!r} here: names are of a-z 0-9 . _ -")
        carried.providers.append(made)
    return names


def _provider(
    name: str, given: Mapping[str, Any], used: list[Use], environ: Mapping[str, str], path: str, carried: Carried
) -> dict[str, Any] | None:
    """The provider's fields; None for one at Vertex AI of which nothing tells the project."""
    at_vertex = next((use for use in used if use.name in vertex.TRANSFORMERS), None)
    if at_vertex is None:
        at: dict[str, Any] | None = _at(name, given, used)
    else:
        url = str(_first(given, _URLS) or "")
        at = vertex.fields(at_vertex.name, at_vertex.options, url, environ, path, carried)
    if at is None:
        return None
    if at_vertex is not None and (given.get("api_keys") or _first(given, _KEYS)):
        carried.leave(f"{path}.api_key", f"{at_vertex.name} asks with an account of Google's, and never used it")
    made: dict[str, Any] = {"name": name, **at}
    models = given.get("models")
    if isinstance(models, list):
        made["models"] = [model for model in models if isinstance(model, str) and model != "*"]
    options = {**made.get("options", {}), **transformers.options(used, carried)}
    if options:
        made["options"] = options
    carried.leave_all(path, given, _PROVIDER, "not known here")
    return made


def _at(name: str, given: Mapping[str, Any], used: list[Use]) -> dict[str, Any]:
    """Type, address and keys."""
    url = str(_first(given, _URLS) or "")
    kind, base_url = kind_at(url, transformers.wire(used, url), name)
    made: dict[str, Any] = {"type": kind}
    if base_url:
        made["api_base_url"] = base_url
    listed = given.get("api_keys")
    keys = [secret(key) for key in listed if isinstance(key, str) and key] if isinstance(listed, list) else []
    if keys:
        made["api_keys"] = keys
    elif key := _first(given, _KEYS):
        made["api_key"] = secret(key)
    return made


def _first(given: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((given[name] for name in names if given.get(name)), None)


def _routes(router: Mapping[str, Any], fallback: Mapping[str, Any], names: Mapping[str, str], carried: Carried) -> None:
    for name, value in router.items():
        if name == _THRESHOLD or value in (None, "", [], {}):
            continue
        if name not in plain.SCENARIOS or not isinstance(value, str):
            carried.leave(f"Router.{name}", "not known here")
            continue
        others = fallback.get(name) or []
        if not isinstance(others, list):
            carried.leave(f"fallback.{name}", "must be a list")
            others = []
        targets = [_target(value, f"Router.{name}", names, carried)]
        targets += [_target(other, f"fallback.{name}.{index}", names, carried) for index, other in enumerate(others)]
        usable = [target for target in targets if target is not None]
        if usable:
            carried.routes.append(_think(plain.route(name, usable), carried))
    carried.leave_all("fallback", fallback, frozenset(router), "there is no route of that name in Router")


def _think(route: dict[str, Any], carried: Carried) -> dict[str, Any]:
    """The route, which takes thinking of every effort if it is for thinking."""
    if route["match"]["scenario"] == "think":
        route["match"]["min_effort"] = "low"
        carried.change(f"Router.{route['name']}", "takes no request that says `thinking` only to switch it off")
    return route


def _target(value: Any, path: str, names: Mapping[str, str], carried: Carried) -> dict[str, Any] | None:
    target = plain.target(value)
    if target is None:
        carried.leave(path, f"{value!r} is not 'provider,model'")
        return None
    if target["provider"] not in names:
        why = f"leads nowhere before there is a provider {target['provider']!r}: the file gives none"
        carried.change(path, why)
    return {**target, "provider": names.get(target["provider"], target["provider"])}


def _threshold(router: Mapping[str, Any], carried: Carried) -> None:
    """The number of tokens from which a conversation is long."""
    given = router.get(_THRESHOLD)
    route = next((route for route in carried.routes if route["match"].get("scenario") == "long_context"), None)
    if given in (None, ""):
        return
    if route is None:
        carried.leave(f"Router.{_THRESHOLD}", "there is no longContext in Router")
    elif isinstance(given, int | str) and str(given).isdecimal():
        route["match"]["min_input_tokens"] = int(given)
    else:
        carried.leave(f"Router.{_THRESHOLD}", "is no number of tokens")


def _for_every_name(carried: Carried) -> None:
    """Let the routes take what providers list as well.

    A provider that lists the model asked for comes before the default route here, which would send what Claude Code
    asks for by itself to that provider; claude-code-router looks at a model's list only for `provider,model`.
    """
    if not carried.routes:
        return
    for route in carried.routes:
        match = route["match"]
        route["match"] = {"model": ["*"], **match}
        route["priority"] = _ORDER.index(match["scenario"])
    carried.change(
        "Router",
        "its routes are for the model * here, as a provider lists names of Claude's: they go before all routes that "
        "are for a scenario alone",
    )


def _searches_first(carried: Carried) -> None:
    """Note the scenarios that ccproxy looks for later than claude-code-router does."""
    names = {route["match"]["scenario"]: route["name"] for route in carried.routes}
    later = [names[scenario] for scenario in ("long_context", "background") if scenario in names]
    if "web_search" in names and later:
        carried.change(f"Router.{names['web_search']}", f"goes before {' and '.join(later)} here, not after")
