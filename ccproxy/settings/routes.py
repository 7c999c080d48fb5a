"""Routes as the config file gives them: in the plain form, by well-known keys and models' names, or as a list.

Both come out as documents of the admin API, whose schema reads them later; here only their shape is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.errors import SettingsError

SCENARIOS: Mapping[str, str] = {
    "default": "default",
    "background": "background",
    "think": "think",
    "longContext": "long_context",
    "long_context": "long_context",
    "webSearch": "web_search",
    "web_search": "web_search",
    "image": "image",
}
"""The well-known keys and the scenarios that they mean; any other key is a model's name."""


def documents(given: object, where: str) -> dict[str, dict[str, Any]]:
    """Each route under the step that leads to it in the file: its key, or its place in the list.

    Raises SettingsError that names the place; `where` is how `routes` itself is called there.
    """
    match given:
        case dict():
            return _plain(given, where)
        case list():
            return _listed(given, where)
        case _:
            raise SettingsError(f"{where}: must be an object or a list")


def _plain(given: Mapping[str, Any], where: str) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    keys: dict[str, str] = {}
    for key, target in given.items():
        scenario = SCENARIOS.get(key)
        if scenario in keys:
            raise SettingsError(f"{where}.{key}: is given twice, also as {keys[scenario]}")
        if scenario is not None:
            keys[scenario] = key
        if not isinstance(target, dict | str):
            raise SettingsError(f"{where}.{key}: must be 'provider/model' or an object with provider and model")
        match = {"model": key} if scenario is None else {"scenario": scenario}
        made[key] = {"name": key, "match": match, "targets": [target]}
    return made


def _listed(given: list[Any], where: str) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    names = set()
    for index, route in enumerate(given):
        step = str(index)
        if not isinstance(route, dict):
            raise SettingsError(f"{where}.{step}: must be an object")
        name = route.get("name")
        if not isinstance(name, str) or not name.strip():
            raise SettingsError(f"{where}.{step}.name: must be given, as text")
        if name.strip() in names:
            raise SettingsError(f"{where}.{step}.name: {name!r} is given twice")
        names.add(name.strip())
        made[step] = route
    return made
