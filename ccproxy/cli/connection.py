"""Which running proxy a command speaks to: `--url` and `--api-key`, else the environment, else the settings here."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import click

from ccproxy.cli.api import Api
from ccproxy.errors import SettingsError
from ccproxy.settings import Settings, load, values

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - what is listened on, made what can be called
_TOKEN = "local"  # noqa: S105 - any text does where ccproxy asks for no key, but clients insist on one
_UNBROKEN = re.compile(r"[^\s\x00-\x1f\x7f]+")


def address(url: str | None, key: str | None, environ: Mapping[str, str]) -> Api:
    """The proxy to speak to. Raises SettingsError for an address or key that is none, or settings with a fault."""
    if url is not None and key is not None:
        return Api(_checked(url), _sendable(key))
    settings = load(environ)
    return Api(
        _checked(url) if url is not None else _here(settings), _sendable(key) if key is not None else settings.apikey
    )


def connected(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command with `--url` and `--api-key`, which gets the Api they mean as its argument `api`."""

    @click.option("--url", envvar="CCPROXY_URL", help="The proxy's address; else CCPROXY_URL, else from the settings.")
    @click.option(
        "--api-key", envvar="CCPROXY_APIKEY", help="The proxy's own key; else CCPROXY_APIKEY or the config file's."
    )
    @wraps(command)
    def run(*args: Any, url: str | None, api_key: str | None, **kwargs: Any) -> Any:
        return command(*args, api=address(url, api_key, os.environ), **kwargs)

    return run


def token(api: Api) -> str:
    """What a client sends as its key: the proxy's own, or any text where it asks for none."""
    return api.key or _TOKEN


def is_here(api: Api) -> bool:
    """Whether the address is this machine's."""
    host = urlsplit(api.url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _here(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{EVERYWHERE.get(settings.host, host)}:{settings.port}"


def _checked(url: str) -> str:
    """The address in one form: clients paste it with a slash at its end, or with the API's version."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        good = (
            _UNBROKEN.fullmatch(text)
            and parts.scheme in ("http", "https")
            and (parts.hostname or "").encode("idna")
            and parts.port != 0
            and parts.path.isascii()
            and not (parts.query or parts.fragment or "@" in parts.netloc)
        )
    except ValueError:  # a port that is no number, brackets that stay open, a name that none can be
        good = None
    if not good:
        shown = "the value" if "@" in text else repr(url)  # before the @ stands a password
        raise SettingsError(f"--url: {shown} is not allowed; must be http://HOST:PORT or https://HOST")
    return text.rstrip("/").removesuffix("/v1").rstrip("/")


def _sendable(key: str) -> str | None:
    """The key as a header can hold it; an empty one is none."""
    try:
        return values.apikey(key) if key else None
    except ValueError as error:
        raise SettingsError(f"--api-key: the value is not allowed; must be {error}") from None
