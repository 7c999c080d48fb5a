"""`/keys`: who may call, as whom and how much, as administrators set it up. Thin: `key_schemas` checks fields.

A key's text is in the answer to its creation and to its rotation, and never again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from ccproxy.errors import InvalidRequest, NotFound, Unavailable
from ccproxy.gateway.limits import periods
from ccproxy.store.client_keys import ClientKey
from ccproxy.store.spending import Spent
from ccproxy.web.acting import acting, admins_only
from ccproxy.web.bodies import check_json, has_body, read_document
from ccproxy.web.key_schemas import read_grace, read_key, show_key
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
    return as_json(_shown(services().client_keys.snapshot().keys))


@blueprint.post("")
def create() -> Response:
    """201 with the key's text, this once. 409 where there is a key of that name: a new text is `rotate`'s."""
    given = read_key(read_document(MAX_BODY, BODY_TIMEOUT))
    if "name" not in given:
        raise InvalidRequest("name: is missing")
    key, secret = services().client_keys.create(given, acting())
    response = _with_secret(key, secret, 201)
    response.headers["Location"] = f"/keys/{key.name}"
    return response


@blueprint.get("/<name>")
def show(name: str) -> Response:
    """One key."""
    return as_json(_shown([_find(name)])[0])


@blueprint.put("/<name>")
def change(name: str) -> Response:
    """Fields left out stay. A key keeps its name, by which the logs know it."""
    given = read_key(read_document(MAX_BODY, BODY_TIMEOUT))
    if given.get("name", _find(name).name) != name:
        raise InvalidRequest(f"name: a key keeps its name, which is {name!r} in the path")
    return as_json(_shown([services().client_keys.change(name, given, acting())])[0])


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
    key, secret = services().client_keys.rotate(_find(name).name, grace, acting())
    return _with_secret(key, secret, 200)


def _find(name: str) -> ClientKey:
    key = services().client_keys.snapshot().get(name)
    if key is None:
        raise NotFound(f"there is no key {name[:80]!r}")
    return key


def _with_secret(key: ClientKey, secret: str, status: int) -> Response:
    response = as_json({**_shown([key])[0], "secret": secret}, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _shown(keys: list[ClientKey] | tuple[ClientKey, ...]) -> list[dict[str, Any]]:
    """Keys with what the log says of them: when they were last used, and what they have spent."""
    parts = services()
    now = time.time()
    only = keys[0].name if len(keys) == 1 else None
    spans = {span.name: span for span in (periods.day(now), periods.month(now))}
    try:
        used = parts.client_keys.last_used()
        spent = {name: parts.spending.since(span.first_day, only) for name, span in spans.items()}
    except SQLAlchemyError as error:
        raise Unavailable("what keys have used cannot be read now; try again", retry_after=1) from error

    def spend(key: ClientKey) -> dict[str, Mapping[str, Any]]:
        return {name: _told(spent[name].get(key.name, Spent()), span.ends) for name, span in spans.items()}

    moment_now = datetime.fromtimestamp(now, UTC)
    return [show_key(key, moment_now, used.get(key.name), spend(key)) for key in keys]


def _told(spent: Spent, renews: float) -> dict[str, Any]:
    return {
        "requests": spent.requests,
        "tokens": spent.tokens,
        "cost_usd": round(spent.cost_usd, 6),
        "renews_at": moment(datetime.fromtimestamp(renews, UTC)),
    }
