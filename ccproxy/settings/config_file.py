"""The config file: JSON, `${VAR}` replaced from the environment, guarded by a schema.

What comes out are plain values under the settings' names, providers and routes checked for their shape. Which fields
they have is known to the schemas of the admin API, which read these objects later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from ccproxy.errors import SettingsError
from ccproxy.settings import routes
from ccproxy.settings.secret import Secret

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# What of a provider may be shown; everything else that is text is a key, a header or could hold either.
_OPEN_FIELDS = frozenset({"name", "type", "models", "enabled"})


_Messages = dict[str, str | list[Any] | dict[Any, Any]]
_OBJECT: _Messages = {"invalid": "must be an object"}
_LIST: _Messages = {"invalid": "must be a list"}


class ConfigSchema(Schema):
    """The keys of the file. Single values are left to `values`, which the environment goes through too."""

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        """Name what would have been right in place of a key that is not known."""
        del data
        for key, said in error.messages_dict.items():
            if said == ["Unknown field."]:
                error.messages_dict[key] = [f"unknown key; known are {', '.join(self.fields)}"]

    host = fields.Raw()
    port = fields.Raw()
    apikey = fields.Raw()
    allowed_ips = fields.Raw()
    trusted_proxies = fields.Raw()
    database_url = fields.Raw()
    secret_keys = fields.Raw()
    log_level = fields.Raw()
    log_format = fields.Raw()
    max_body_mb = fields.Raw()
    connect_timeout = fields.Raw()
    idle_timeout = fields.Raw()
    request_timeout = fields.Raw()
    log_days = fields.Raw()
    capture_days = fields.Raw()
    log_max_mb = fields.Raw()
    workers = fields.Raw()
    metrics_allowed_ips = fields.Raw()
    otlp_endpoint = fields.Raw()
    redis_url = fields.Raw()
    providers = fields.List(fields.Dict(keys=fields.String(), error_messages=_OBJECT), error_messages=_LIST)
    routes = fields.Raw()


def read(path: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """The file's values. Raises SettingsError naming the file and the key."""
    try:
        raw = _replace(_parse(path), environ, path, "")
    except RecursionError:
        raise SettingsError(f"config file {path}: nested too deeply") from None
    try:
        values: dict[str, Any] = ConfigSchema().load(raw)
    except ValidationError as error:
        where, what = next(_flatten(error.messages))
        raise SettingsError(f"config file {path}: {where}: {what}") from None
    values["providers"] = _check_providers(values.get("providers", []), path)
    values["routes"] = routes.documents(values.get("routes", {}), f"config file {path}: routes")
    return values


def _parse(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            raw = json.load(file, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except OSError as error:
        raise SettingsError(f"CCPROXY_CONFIG: {path!r}: {error.strerror}; must be a JSON file") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise SettingsError(f"config file {path}: not JSON: {error.msg} at {where}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"config file {path}: not JSON: not UTF-8") from None
    except ValueError as error:  # from the two functions below, which show keys only
        raise SettingsError(f"config file {path}: not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise SettingsError(f"config file {path}: must be a JSON object")
    return raw


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key given twice would silently win or lose."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is given twice")
    return made


def _replace(value: Any, environ: Mapping[str, str], file: str, path: str) -> Any:
    """The value with every `${VAR}` in its strings replaced."""
    match value:
        case str():
            return _VARIABLE.sub(lambda found: _variable(found[1], environ, file, path), value)
        case list():
            return [_replace(item, environ, file, _join(path, str(index))) for index, item in enumerate(value)]
        case dict():
            return {key: _replace(item, environ, file, _join(path, key)) for key, item in value.items()}
        case _:
            return value


def _variable(name: str, environ: Mapping[str, str], file: str, path: str) -> str:
    if name not in environ:
        raise SettingsError(f"config file {file}: {path}: the environment variable {name} is not set")
    return environ[name]


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _flatten(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """marshmallow nests its messages by key and index: each with its path, `providers.0.name`."""
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flatten(value, _join(path, str(key)))
    else:
        text = str(messages[0] if isinstance(messages, list) else messages).rstrip(".")
        yield path, text[:1].lower() + text[1:]


def _check_providers(providers: list[dict[str, Any]], path: str) -> tuple[dict[str, Any], ...]:
    seen = set()
    for index, provider in enumerate(providers):
        name = provider.get("name")
        if not isinstance(name, str) or not name:
            raise SettingsError(f"config file {path}: providers.{index}.name: must be given, as text")
        if name in seen:
            raise SettingsError(f"config file {path}: providers.{index}.name: {name!r} is given twice")
        seen.add(name)
    return tuple(hide(provider) for provider in providers)


def hide(provider: Mapping[str, Any]) -> dict[str, Any]:
    """The same provider, its texts made Secrets except for those that tell nothing."""
    return {key: value if key in _OPEN_FIELDS else _secret(value) for key, value in provider.items()}


def _secret(value: Any) -> Any:
    match value:
        case str():
            return Secret(value)
        case list():
            return [_secret(item) for item in value]
        case dict():
            return {key: _secret(item) for key, item in value.items()}
        case _:
            return value
