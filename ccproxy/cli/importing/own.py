"""ccproxy's own config file: its providers and routes, for a proxy that did not start with that file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.cli.importing import plain
from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.references import References, secret

_READ = frozenset({"providers", "routes"})
_KEYS = frozenset({"api_key", "apiKey"})


def recognised(document: Mapping[str, Any]) -> bool:
    """Whether it looks like one."""
    return isinstance(document.get("providers"), list) or isinstance(document.get("routes"), list | dict)


def carry(document: Mapping[str, Any], environ: Mapping[str, str]) -> Carried:
    """Its providers and routes, references resolved; settings of the server stay where they are."""
    carried = Carried()
    references = References(environ, carried)
    for index, provider in enumerate(_items(document.get("providers"))):
        path = f"providers.{index}"
        if not isinstance(provider, dict) or not isinstance(provider.get("name"), str):
            carried.leave(path, "is no provider: it has no name")
            continue
        resolved = references.resolved(provider, path)
        carried.providers.append({name: _hidden(name, value) for name, value in resolved.items()})
    match document.get("routes"):
        case list() as routes:
            for index, route in enumerate(routes):
                if isinstance(route, dict):
                    carried.routes.append(references.resolved(route, f"routes.{index}"))
                else:
                    carried.leave(f"routes.{index}", "is no route")
        case dict() as routes:
            for name, value in routes.items():
                target = plain.target(references.resolved(value, f"routes.{name}"))
                if target is None:
                    carried.leave(f"routes.{name}", "must be 'provider/model' or an object with provider and model")
                else:
                    carried.routes.append(plain.route(name, [target]))
        case None:
            pass
        case _:
            carried.leave("routes", "must be an object or a list")
    carried.leave_all("", document, _READ, "a setting of the server itself; see docs/settings.md")
    return carried


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _hidden(name: str, value: Any) -> Any:
    if name in _KEYS:
        return secret(value)
    if name in ("api_keys", "apiKeys") and isinstance(value, list):
        return [secret(key) for key in value]
    if name == "headers" and isinstance(value, dict):
        return {header: secret(text) for header, text in value.items()}
    return value
