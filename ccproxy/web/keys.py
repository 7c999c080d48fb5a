"""`/keys`: who may call, as whom and how much, as administrators set it up. Thin: `key_schemas` checks fields.

A key's text is in the answer to its creation and to its rotation, and never again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response
from sqlalchemy import Connection

from ccproxy.errors import InvalidRequest, NotFound
from ccproxy.gateway.limits import periods
from ccproxy.store.client_keys import ClientKey, last_uses
from ccproxy.store.spending import Spent, spent_since
from ccproxy.web.acting import acting, admins_only
from ccproxy.web.bodies import check_json, has_body, read_document
from ccproxy.web.key_schemas import read_grace, read_key, show_key
from ccproxy.web.reading import read
from ccproxy.web.replies import as_json
from ccproxy.web.schemas import moment
from ccproxy.web.services import services

MAX_BODY = 256 * 1024
BODY_TIMEOUT = 30.0

blueprint = Blueprint("keys", __name__, url_prefix="/keys")


blueprint.before_request(admins_only)


@blueprint.get("")
def list_all() -> Response:
    """A bare array, in order of creation."""
    tell = _telling()
    return as_json([tell(key) for key in services().client_keys.snapshot().keys])


@blueprint.post("")
def create() -> Response:
    """201 with the key's text, this once. 409 where there is a key of that name: a new text is `rotate`'s."""
    given = read_key(read_document(MAX_BODY, BODY_TIMEOUT))
    if "name" not in given:
        raise InvalidRequest("name: is missing")
    tell = _telling(given["name"])
    key, secret = services().client_keys.create(given, acting())
    response = as_json({**tell(key), "secret": secret}, 201)
    response.headers["Location"] = f"/keys/{key.name}"
    return response


@blueprint.get("/<name>")
def show(name: str) -> Response:
    """One key."""
    return as_json(_telling(name)(_find(name)))


@blueprint.put("/<name>")
def change(name: str) -> Response:
    """Fields left out stay. A key keeps its name, by which the logs know it."""
    given = read_key(read_document(MAX_BODY, BODY_TIMEOUT))
    if given.get("name", _find(name).name) != name:
        raise InvalidRequest(f"name: a key keeps its name, which is {name!r} in the path")
    return as_json(_telling(name)(services().client_keys.change(name, given, acting())))


@blueprint.delete("/<name>")
def delete(name: str) -> Response:
    """Refused from now on, in every worker; requests that have begun end as they were."""
    services().client_keys.delete(_find(name).name, acting())
    return as_json({"message": f"key {name} deleted"})


@blueprint.patch("/<name>/toggle")
def toggle(name: str) -> Response:
    """Flip `enabled`."""
    if has_body():
        check_json()
    key = services().client_keys.toggle(_find(name).name, acting())
    return as_json({"message": f"key {name} {'enabled' if key.enabled else 'disabled'}", "enabled": key.enabled})


@blueprint.post("/<name>/rotate")
def rotate(name: str) -> Response:
    """A new text, shown this once; the old one is taken for `grace_seconds` longer."""
    grace = read_grace(read_document(MAX_BODY, BODY_TIMEOUT) if has_body() else {})
    tell = _telling(_find(name).name)
    key, secret = services().client_keys.rotate(name, grace, acting())
    return as_json({**tell(key), "secret": secret})


def _find(name: str) -> ClientKey:
    key = services().client_keys.snapshot().get(name)
    if key is None:
        raise NotFound(f"there is no key {name[:80]!r}")
    return key


def _telling(only: str | None = None) -> Callable[[ClientKey], dict[str, Any]]:
    """How keys (or only that one) are shown, with what the log says of them now: their last use, and what they spent.

    Read before a key is given a text: whatever happened between that and the answer, nobody would ever see the text.
    """
    now = time.time()
    spans = {str(span.name): span for span in (periods.day(now), periods.month(now))}

    def work(connection: Connection) -> tuple[Mapping[str, datetime], Mapping[str, Mapping[str, Spent]]]:
        spent = {name: spent_since(connection, span.first_day, only) for name, span in spans.items()}
        return last_uses(connection), spent

    used, spent = read(services(), work)

    def tell(key: ClientKey) -> dict[str, Any]:
        spend = {name: _told(spent[name].get(key.name, Spent()), span.ends) for name, span in spans.items()}
        return show_key(key, datetime.fromtimestamp(now, UTC), used.get(key.name), spend)

    return tell


def _told(spent: Spent, renews: float) -> dict[str, Any]:
    return {
        "requests": spent.requests,
        "tokens": spent.tokens,
        "cost_usd": round(spent.cost_usd, 6),
        "renews_at": moment(datetime.fromtimestamp(renews, UTC)),
    }
