"""What every import has to come to, whatever the file said."""

from __future__ import annotations

import json
from typing import Any

from ccproxy.cli.importing.carried import Carried, shown
from ccproxy.web.definitions import define
from ccproxy.web.route_schemas import read_route
from ccproxy.web.schemas import read_provider

KEY = "sk-provider-0123456789"
OTHER = "sk-provider-9876543210"


def lines(carried: Carried) -> list[str]:
    """What is said of it, in order."""
    return [str(one) for one in carried.left]


def is_taken(carried: Carried) -> None:
    """The admin API takes each provider and route as it is; no text of a key is said or shown."""
    for document in carried.providers:
        define(read_provider(document), resolve=None)
    for document in carried.routes:
        read_route(document)
    printed = json.dumps([shown(carried.providers), shown(carried.routes), lines(carried)])
    assert KEY not in printed
    assert OTHER not in printed


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """The document without some members."""
    return {name: value for name, value in document.items() if name not in names}
