"""ccproxy's own config file: its providers and routes, for a proxy that did not start with that file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.cli.importing import plain
from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.references import References, secret
from ccproxy.cli.importing.there import There
from ccproxy.errors import InvalidRequest, SettingsError
from ccproxy.settings import routes as plain_routes

_READ = frozenset({"providers", "routes"})
_KEYS = frozenset({"api_key", "apiKey"})
# Without one of these a provider would be another, and get the key all the same.
_PLACE = ("name", "type", "api_base_url", "apiBaseUrl")


def recognised(document: Mapping[str, Any]) -> bool:
    """Whether it looks like one."""
    return isinstance(document.get("providers"), list) or isinstance(document.get("routes"), list | dict)


def carry(document: Mapping[str, Any], environ: Mapping[str, str], _: There) -> Carried:
    """Its providers and routes, references resolved; settings of the server stay where they are.

    Raises InvalidRequest for a file that says one thing twice, as a start with it does.
    """
    _refuse_twice(document)
    carried = Carried()
    references = References(environ, carried)
    for index, provider in enumerate(_items(document.get("providers"))):
        path = f"providers.{index}"
        if not isinstance(provider, dict) or not isinstance(provider.get("name"), str):
            carried.leave(path, "is no provider: it has no name")
            continue
        resolved = references.resolved(provider, path)
        missing = next((name for name in _PLACE if provider.get(name) and not resolved.get(name)), None)
        if missing:
            carried.leave(path, f"its {missing} is not known, and its key is for no other provider")
            continue
        carried.providers.append({name: _hidden(name, value) for name, value in resolved.items()})
    match document.get("routes"):
        case list() as routes:
            for index, route in enumerate(routes):
                _route(route, f"routes.{index}", references, carried)
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


def _refuse_twice(document: Mapping[str, Any]) -> None:
    """Two routes for one scenario, or two things of one name: which of them is meant, nobody knows."""
    for noun in ("providers", "routes"):
        seen: set[str] = set()
        for index, one in enumerate(_items(document.get(noun))):
            name = one.get("name") if isinstance(one, dict) else None
            if isinstance(name, str) and name.strip() in seen:
                raise InvalidRequest(f"{noun}.{index}.name: {name!r} is given twice")
            seen.add(str(name).strip() if isinstance(name, str) else "")
    given = document.get("routes")
    if isinstance(given, dict):
        scenarios = {name: "" for name in given if name in plain.SCENARIOS}
        try:
            plain_routes.documents(scenarios, "routes")
        except SettingsError as error:
            raise InvalidRequest(error.message) from None


def _route(route: Any, path: str, references: References, carried: Carried) -> None:
    if not isinstance(route, dict):
        carried.leave(path, "is no route")
        return
    resolved = references.resolved(route, path)
    if any(left.path.startswith(f"{path}.match") for left in carried.left):
        carried.leave(path, "would take more requests than it is for")
    else:
        carried.routes.append(resolved)


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
