"""What a provider's fields mean together: defaults from its preset, a base URL in one form, options that it knows.

Takes what `schemas.read_provider` gives, alone (a new provider) or over a provider that there is (a change). Used by
the admin API and for the providers of the config file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy import presets
from ccproxy.errors import InvalidRequest
from ccproxy.gateway import endpoints
from ccproxy.gateway.credentials import keys
from ccproxy.store.providers import Provider
from ccproxy.web.schemas import is_mask, is_secret, mask

DEFAULT_TYPE = "openai-chat"


def define(
    given: Mapping[str, Any], known: Provider | None = None, resolve: endpoints.Resolve | None = endpoints.resolve
) -> dict[str, Any]:
    """All fields of a provider: what is `given`, else what is `known`, else the defaults.

    `given` needs a name unless there is a known provider. `resolve` as in `endpoints.check`. Raises InvalidRequest
    that names the path of the fault.
    """
    name = given["name"] if known is None else known.name
    kind, preset = _preset(given, known, name)
    api_keys = _keys(given, known)
    if {"api_key", "api_keys", "type"} & given.keys():
        for index, key in enumerate(api_keys):
            one = "api_key" in given or ("api_keys" not in given and len(api_keys) == 1)
            _check_key(preset, key, "api_key" if one else f"api_keys.{index}", resolve)
    first = api_keys[0] if api_keys else None
    options = _project(preset, first) | dict(given.get("options", known.options if known else {}))
    _check_options(preset, options)
    return {
        "name": name,
        "type": kind,
        "api_base_url": _base_url(given, known, preset, options, resolve),
        "api_key": first,
        "api_keys": api_keys if len(api_keys) > 1 else (),
        "models": tuple(given.get("models", known.models if known else ())),
        "enabled": given.get("enabled", known.enabled if known else True),
        "headers": _headers(given, known),
        "options": options,
    }


def _preset(given: Mapping[str, Any], known: Provider | None, name: str) -> tuple[str, presets.Preset]:
    kind = given.get("type") or (known.type if known else name if presets.find(name) else DEFAULT_TYPE)
    preset = presets.find(kind)
    if preset is None:
        raise InvalidRequest(f"type: not known; there is {', '.join(sorted({*presets.PRESETS, *presets.WIRES}))}")
    return kind, preset


def _keys(given: Mapping[str, Any], known: Provider | None) -> tuple[str, ...]:
    """All keys, in order: what is given in either of two fields stands in place of all that are known."""
    if "api_keys" in given:
        return tuple(given["api_keys"])
    if "api_key" in given or known is None:
        first = given.get("api_key")
        return (first,) if first else ()
    return known.keys


def _project(preset: presets.Preset, key: str | None) -> dict[str, Any]:
    """The option that a service account's JSON gives, where the address needs it: its own project."""
    if key is None or not keys.is_json(key) or "project" not in presets.template.holes(preset.base_url):
        return {}
    project = keys.account(key).get("project_id")
    return {"project": project} if isinstance(project, str) and project else {}


def _check_options(preset: presets.Preset, options: dict[str, Any]) -> None:
    try:
        presets.check_options(preset, options)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None


def _check_key(preset: presets.Preset, key: str, path: str, resolve: endpoints.Resolve | None) -> None:
    """The form of the key, and where a token is to be fetched with it: requests go there like to a base URL."""
    try:
        keys.check(preset.auth if preset.auth in ("aws", "google") else "headers", key)
        where = keys.account(key).get("token_uri") if keys.is_json(key) else None
        if where is not None:
            endpoints.check(str(where), resolve)
    except ValueError as error:
        raise InvalidRequest(f"{path}: {error}") from None


def _base_url(
    given: Mapping[str, Any],
    known: Provider | None,
    preset: presets.Preset,
    options: dict[str, Any],
    resolve: endpoints.Resolve | None,
) -> str:
    if known is not None and not {"type", "api_base_url", "options"} & given.keys():
        return known.api_base_url
    written = given["api_base_url"] if "api_base_url" in given else _kept_url(known)
    try:
        if written:
            endpoints.check(written, None)  # first what is written, before a text could repeat a secret in it
        url = presets.base_url(preset, written, options)
        endpoints.check(url, resolve)
    except ValueError as error:
        if str(error).startswith("options."):
            raise InvalidRequest(str(error)) from None
        raise InvalidRequest(f"api_base_url: {str(error).removeprefix('api_base_url').lstrip(': ')}") from None
    return url


def _kept_url(known: Provider | None) -> str | None:
    """The URL that stays where none is given.

    A preset's own does not outlive a change of the type, and follows the options that are a part of it.
    """
    if known is None:
        return None
    former = presets.find(known.type)
    return None if former is not None and known.api_base_url == _own_url(former, known.options) else known.api_base_url


def _own_url(preset: presets.Preset, options: Mapping[str, Any]) -> str | None:
    try:
        return presets.base_url(preset, None, options)
    except ValueError:
        return None  # it has none, or none with these options


def _headers(given: Mapping[str, Any], known: Provider | None) -> dict[str, str]:
    """The headers, with the stored value wherever the mask of it came back."""
    stored = dict(known.headers) if known else {}
    if "headers" not in given:
        return stored
    by_name = {name.lower(): value for name, value in stored.items() if is_secret(name)}
    headers: dict[str, str] = {}
    for name, value in given["headers"].items():
        if is_mask(value):
            kept = by_name.get(name.lower())
            if kept is None or mask(kept) != value:
                raise InvalidRequest(f"headers.{name}: is a mask, and not that of the stored value")
            value = kept
        headers[name] = value
    return headers
