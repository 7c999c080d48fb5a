"""What a preset is, and how what an administrator gives becomes a base URL, headers and checked options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from ccproxy.presets import prices, template
from ccproxy.translate.dialect import Dialect

PRICES = "prices"
"""An option of every provider: what its models cost, where the public price lists do not hold (`prices.read`)."""

OptionType = Literal["string", "integer", "boolean", "list", "object"]

_TYPES: dict[str, type] = {"string": str, "integer": int, "boolean": bool, "list": list, "object": dict}
# Full endpoint paths that people paste from a provider's page; what stands before them is the base.
_ENDPOINTS = re.compile(r"/(chat/completions|completions|responses|embeddings)$|(/publishers/\w+)?/models/[^/]+:\w+$")
# The Messages API's clients put the version into the path and not into the base.
_MESSAGES = re.compile(r"/v1(/messages(/count_tokens|/batches)?)?$")


class OptionSpec(Struct, frozen=True):
    """One option of a provider. `choices` are the values allowed; empty: any of the type."""

    type: OptionType
    meaning: str
    default: Any = None
    choices: tuple[str, ...] = ()


class Api(Struct, frozen=True, kw_only=True):
    """One of several APIs of a provider, for the models in whose lower-cased name the pattern is found.

    `name` is the value of the option `api` that pins it for all models. `root` stands between the base URL and the
    wire's paths. `dialect` is the API's own; None: the preset's. `since` is the first dated api-version that has the
    API, where such a version is asked for; a URL that names a deployment has none but the preset's own.
    """

    name: str
    wire: str
    models: str = ""
    root: str = ""
    dialect: Dialect | None = None
    since: str = ""


class Preset(Struct, frozen=True, kw_only=True):
    """One known provider, or a bare wire (`base_url` is then empty and must be given).

    `base_url` may have holes that options fill (see `template`); an option without a default is then required.
    `hosts` are the hosts that such a URL's filled host stands for, where some value makes an exception.
    `lists` are the URLs of its lists of models, with holes too, where those are not, or say more than what is, at the
    dialect's `models_path` below the base URL. With another base URL than the preset's own, that path is taken if there
    is one; else the paths of `lists` are tried on its host.
    `version` is the path of the API's root below the host (`/v1`), which may be left out in a given URL. `key_env`
    are the environment variables that hold its key, best first. `docs` is one sentence for people. `apis` are there
    where a provider's models are served by different APIs: the first that fits is taken, else `wire`. `auth` names the
    header that carries the key, or `aws` and `google` for requests that are signed or need a token.
    """

    name: str
    wire: str
    base_url: str
    docs: str
    hosts: dict[str, str] = {}
    lists: tuple[str, ...] = ()
    version: str = "/v1"
    auth: Literal["bearer", "api-key", "x-api-key", "x-goog-api-key", "aws", "google", "none"] = "bearer"
    key_required: bool = True
    key_env: tuple[str, ...] = ()
    dialect: Dialect = Dialect()
    options: dict[str, OptionSpec] = {}
    headers: dict[str, str] = {}
    apis: tuple[Api, ...] = ()


def api(preset: Preset, model: str, options: Mapping[str, Any], url: str = "") -> Api:
    """The API that serves a model: the one that the option `api` pins, else the first whose pattern is found.

    `url` is the provider's base URL.
    """
    pinned = options.get("api")
    dated = str(options["api_version"]) if preset.dialect.deployments and _classic(options) else ""
    for one in preset.apis:
        if pinned:
            if one.name == pinned:
                return one
        elif dated and one.since and (dated < one.since or "/deployments/" in url):
            continue
        elif re.search(one.models, model.lower()):
            return one
    return Api(name="", wire=preset.wire)


def base_url(preset: Preset, given: str | None, options: Mapping[str, Any] | None = None) -> str:
    """The root that endpoint paths are appended to, without a trailing slash.

    `given` may lack the version path, end in slashes or be the full endpoint; None or "" takes the preset's own, whose
    holes the options fill. Raises ValueError with a text for the administrator.
    """
    if not given:
        if not preset.base_url:
            raise ValueError(f"api_base_url is required with type {preset.name}")
        return _filled(preset, preset.base_url, options or {})
    text = given.strip()
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it is the check
    except ValueError as error:
        raise ValueError(f"api_base_url {given!r}: {error}") from error
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ValueError(f"api_base_url {given!r}: must be an http or https URL with a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("api_base_url: must not hold a user name or password; use api_key")
    if parts.fragment:
        raise ValueError(f"api_base_url {given!r}: must not hold a fragment")
    if parts.query:
        hint = "; put the api-version into options.api_version" if "api-version" in parts.query else ""
        raise ValueError(f"api_base_url {given!r}: must not hold a query{hint}")
    return f"{parts.scheme.lower()}://{parts.netloc}{_path(preset, parts.path, options or {})}"


def _filled(preset: Preset, url: str, options: Mapping[str, Any]) -> str:
    """One of the preset's own URLs with these options; those that are not given have their defaults."""
    if not template.holes(url):
        return url
    url = template.fill(url, _with_defaults(preset, options))
    host = urlsplit(url).netloc
    return url.replace(host, preset.hosts.get(host, host), 1)


def _with_defaults(preset: Preset, options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: spec.default for name, spec in preset.options.items() if spec.default is not None} | dict(options)


def _path(preset: Preset, path: str, options: Mapping[str, Any]) -> str:
    path = re.sub(r"/{2,}", "/", path).rstrip("/")
    if preset.wire == "anthropic":
        path = _MESSAGES.sub("", path)
    whole = _ENDPOINTS.search(path)
    if whole:
        path = path[: whole.start()]
    if preset.dialect.deployments:
        return _azure_path(preset, path, options)
    if whole and not preset.base_url:
        # The whole endpoint of an unknown server says where its root is. The dot keeps a root of the host from being
        # taken for a URL without a version when this runs again over its own result; a target goes without it.
        return path or "/."
    # A part of the way to the API's root is completed; any other path is taken as it is.
    version = preset.version
    if template.holes(version):
        known = _with_defaults(preset, options)
        if path and any(known.get(name) is None for name in template.holes(version)):
            return path  # Vertex AI's express mode: a key, and neither project nor location
        version = template.fill(version, known)
    return version if version.startswith(path) and _ends_segment(version, path) else path


def _ends_segment(version: str, path: str) -> bool:
    return version[len(path) :][:1] in ("", "/")


def _azure_path(preset: Preset, path: str, options: Mapping[str, Any]) -> str:
    """The resource, its /openai, its v1 root and a deployment all name one thing; the api-version decides."""
    if _classic(options):
        return re.sub(r"/v1$", "", path) or "/openai"
    if "/deployments/" in path:
        raise ValueError("api_base_url: a deployment's URL needs its api-version in options.api_version")
    return path if path not in ("", "/openai") else preset.version


def _classic(options: Mapping[str, Any]) -> bool:
    """Whether the options name a dated api-version, which only the deployments route takes."""
    return str(options.get("api_version") or "")[:1].isdigit()


def model_lists(preset: Preset, base_url: str, options: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """The URLs of the lists of models, each with the query that it needs; none where the provider has no list."""
    given, path = options or {}, preset.dialect.models_path
    if preset.lists and _is_own(preset, base_url, given):
        return tuple(_filled(preset, url, given) for url in preset.lists)
    if preset.lists and not path:
        host = "://".join(urlsplit(base_url)[:2])
        return tuple(host + urlsplit(url)._replace(scheme="", netloc="").geturl() for url in preset.lists)
    if preset.dialect.deployments and _classic(given):
        path = f"{path}?api-version={given['api_version']}"
    return (base_url + path,) if path else ()


def _is_own(preset: Preset, base_url: str, options: Mapping[str, Any]) -> bool:
    try:
        return base_url == _filled(preset, preset.base_url, options)
    except ValueError:
        return False  # an option is missing that would be a part of it


def auth_headers(preset: Preset, api_key: str | None) -> dict[str, str]:
    """The headers that carry the key, and those that the provider wants anyway."""
    headers = dict(preset.headers)
    if api_key:
        match preset.auth:
            case "bearer":
                headers["authorization"] = f"Bearer {api_key}"
            case "api-key" | "x-api-key" | "x-goog-api-key" as name:
                headers[name] = api_key
            case _:
                pass  # what authorizes the request is made for each anew
    return headers


def check_options(preset: Preset, options: Mapping[str, Any]) -> None:
    """Raise ValueError naming the first option that the preset does not know or whose value does not fit."""
    known = _known(preset)
    for name, value in options.items():
        if name == PRICES:
            _check_prices(value)
            continue
        spec = known.get(name)
        if spec is None:
            raise ValueError(f"options.{name}: unknown for type {preset.name}; known are {', '.join((*known, PRICES))}")
        fits = isinstance(value, _TYPES[spec.type]) and (spec.type == "boolean" or not isinstance(value, bool))
        if not fits:
            raise ValueError(f"options.{name}: must be of type {spec.type}")
        if spec.choices:
            for one in value if isinstance(value, list) else [value]:
                if one not in spec.choices:
                    raise ValueError(f"options.{name}: {one!r} is not one of {', '.join(map(repr, spec.choices))}")
        if spec.type == "integer" and value < 0:
            raise ValueError(f"options.{name}: must not be negative")
    template.check(preset.base_url, options)


def _check_prices(value: Any) -> None:
    try:
        prices.read(value)
    except ValueError as error:
        raise ValueError(f"options.{PRICES}{error}") from None


def _known(preset: Preset) -> Mapping[str, OptionSpec]:
    """The preset's options, with the one that pins an API where there are several."""
    if not preset.apis:
        return preset.options
    choices = tuple(dict.fromkeys(one.name for one in preset.apis))
    return {**preset.options, "api": OptionSpec("string", "The API that serves all models.", choices=choices)}
