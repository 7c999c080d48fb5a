"""Settings: the environment first, then the config file, then the default; read and validated once, at the start.

Nothing else in the program reads the environment. A setting that is not allowed stops the start with one line that
names it, its value unless that is a secret, and what is allowed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from ccproxy.errors import SettingsError
from ccproxy.presets import PRESETS
from ccproxy.settings import config_file, values
from ccproxy.settings.secret import Secret
from ccproxy.settings.values import Network

__all__ = ["LOCAL_NETWORKS", "Network", "Secret", "Settings", "load"]

LOCAL_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(block)
    for block in (
        "127.0.0.0/8",
        "::1/128",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
    )
)
"""Loopback and private ranges: who may call when a key is set and nothing else is said."""

_MOST_WORKERS = 64
_MOST_DAYS = 3650
_LOG_LEVELS = ("debug", "info", "warning", "error")
_LOG_FORMATS = ("json", "console")


def _default_workers() -> int:
    """One for each core that we may use, at most four: a worker holds hundreds of streams."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(4, cores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, valid. Sizes are bytes, times are seconds.

    `providers` are what the config file and well-known keys in the environment offer, as they were given; `routes` are
    the file's as the admin API takes them, each under the step that leads to it there (its key or its place). Keys are
    Secrets: neither `repr` nor `dataclasses.asdict` shows them.
    """

    host: str = "127.0.0.1"
    port: int = 3456
    apikey: str | None = None
    allowed_ips: tuple[Network, ...] = LOCAL_NETWORKS
    trusted_proxies: tuple[Network, ...] = ()
    database_url: str = "sqlite:///data/ccproxy.db"
    secret_keys: tuple[str, ...] = ()
    log_level: str = "info"
    log_format: str = "json"
    max_body_bytes: int = 32 * 1024 * 1024
    connect_timeout: float = 5.0
    # The SDKs give up after ten minutes too; a model that thinks without streaming is silent for most of it.
    idle_timeout: float = 600.0
    request_timeout: float = 3600.0
    log_days: int = 30
    capture_days: int = 3
    log_max_bytes: int = 4096 * 1024 * 1024
    workers: int = field(default_factory=_default_workers)
    metrics_allowed_ips: tuple[Network, ...] = ()
    otlp_endpoint: str | None = None
    redis_url: str | None = None
    providers: tuple[Mapping[str, Any], ...] = ()
    routes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    config_path: str | None = None

    def __post_init__(self) -> None:
        # However Settings are made, nothing in them shows a key.
        for name, parse in (("apikey", Secret), ("database_url", values.database_url), ("redis_url", values.redis_url)):
            text = getattr(self, name)
            if text is not None and not isinstance(text, Secret):
                object.__setattr__(self, name, parse(text))
        object.__setattr__(self, "secret_keys", tuple(Secret(key) for key in self.secret_keys))
        object.__setattr__(self, "providers", tuple(config_file.hide(provider) for provider in self.providers))


@dataclass(frozen=True, slots=True)
class _Setting:
    """A key of the config file, whose environment name is CCPROXY_ and the same in capitals."""

    parse: Callable[[object], Any]
    field: str = ""
    secret: bool = False


_SETTINGS: Mapping[str, _Setting] = {
    "host": _Setting(values.host),
    "port": _Setting(values.integer(1, 65535)),
    "apikey": _Setting(values.apikey, secret=True),
    "allowed_ips": _Setting(values.networks),
    "trusted_proxies": _Setting(values.networks),
    "database_url": _Setting(values.database_url, secret=True),
    "secret_keys": _Setting(values.secret_keys, secret=True),
    "log_level": _Setting(values.choice(_LOG_LEVELS)),
    "log_format": _Setting(values.choice(_LOG_FORMATS)),
    "max_body_mb": _Setting(values.megabytes(1, 1024), field="max_body_bytes"),
    "connect_timeout": _Setting(values.seconds),
    "idle_timeout": _Setting(values.seconds),
    "request_timeout": _Setting(values.seconds),
    "log_days": _Setting(values.integer(1, _MOST_DAYS)),
    "capture_days": _Setting(values.integer(1, _MOST_DAYS)),
    "log_max_mb": _Setting(values.megabytes(64, 1024 * 1024), field="log_max_bytes"),
    "workers": _Setting(values.integer(1, _MOST_WORKERS)),
    "metrics_allowed_ips": _Setting(values.networks),
    "otlp_endpoint": _Setting(values.web_address, secret=True),  # somebody may write a password into it
    "redis_url": _Setting(values.redis_url, secret=True),
}


def load(environ: Mapping[str, str]) -> Settings:
    """The settings of this start. A variable that is empty counts as not set. Raises SettingsError."""
    path = environ.get("CCPROXY_CONFIG") or None
    from_file = config_file.read(path, environ) if path else {}
    chosen: dict[str, Any] = {"config_path": path}
    for name, setting in _SETTINGS.items():
        variable = f"CCPROXY_{name.upper()}"
        # The file's value is looked at even where the environment's stands in its place: a mistake waits there.
        if name in from_file:
            chosen[setting.field or name] = _parse(setting, from_file[name], f"config file {path}: {name}")
        if environ.get(variable, "").strip():
            chosen[setting.field or name] = _parse(setting, environ[variable], variable)
    chosen["providers"] = _providers(from_file.get("providers", ()), environ)
    chosen["routes"] = from_file.get("routes", {})
    return Settings(**chosen)


def _parse(setting: _Setting, given: object, where: str) -> Any:
    try:
        return setting.parse(given.strip() if isinstance(given, str) else given)
    except ValueError as error:
        shown = "the value" if setting.secret else _shorten(repr(given))
        raise SettingsError(f"{where}: {shown} is not allowed; must be {error}") from None


def _shorten(text: str, most: int = 100) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _providers(given: tuple[Mapping[str, Any], ...], environ: Mapping[str, str]) -> tuple[Mapping[str, Any], ...]:
    """The file's providers, then one for each preset whose key is in the environment, unless the file has that name."""
    named = {provider["name"] for provider in given}
    found = []
    for preset in PRESETS.values():
        key = next((environ[name].strip() for name in preset.key_env if environ.get(name, "").strip()), None)
        if key and preset.name not in named:
            found.append({"name": preset.name, "type": preset.name, "api_key": Secret(key)})
    return (*given, *found)
