"""What a start offers to the database: the providers and routes of the config file and of the environment, complete.

A fault of any stops the start with one line that names its place in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ccproxy.errors import InvalidRequest, SettingsError
from ccproxy.settings import Settings
from ccproxy.web.definitions import define
from ccproxy.web.route_schemas import read_route
from ccproxy.web.schemas import read_provider

_ONLY_TARGET = "targets.0"


def offered_providers(settings: Settings) -> Iterator[dict[str, Any]]:
    """The providers. Names are not resolved at a start."""
    for index, document in enumerate(settings.providers):
        try:
            yield define(read_provider(document), resolve=None)
        except InvalidRequest as error:
            raise SettingsError(f"config file {settings.config_path}: providers.{index}.{error.message}") from None


def offered_routes(settings: Settings) -> Iterator[dict[str, Any]]:
    """The routes. One in the plain form has its only target in place of itself, so faults leave that step out."""
    for place, document in settings.routes.items():
        try:
            route = read_route(document)
            if "targets" not in route:
                raise InvalidRequest("targets: is missing")
            yield route
        except InvalidRequest as error:
            fault = error.message
            if fault.startswith(_ONLY_TARGET) and not place.isdecimal():
                fault = fault.removeprefix(_ONLY_TARGET).removeprefix(".")
            step = "" if fault.startswith(":") else "."
            raise SettingsError(f"config file {settings.config_path}: routes.{place}{step}{fault}") from None
