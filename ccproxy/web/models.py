"""GET /v1/models and /v1/models/{id}: the names that /v1/messages takes, in the Messages API's form."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request

from ccproxy.errors import InvalidRequest
from ccproxy.gateway import discovery
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.catalog import page
from ccproxy.gateway.permission import planned
from ccproxy.store.client_keys import ClientKey
from ccproxy.store.providers import Snapshot
from ccproxy.web.replies import as_json
from ccproxy.web.services import services

LIMIT = 20
LARGEST_LIMIT = 1000

_WHOLE_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)

blueprint = Blueprint("models", __name__)


@blueprint.get("/v1/models")
def show_models() -> Response:
    """One page of the list: `limit`, and `after_id` or `before_id`."""
    parts = services()
    key = parts.gate.check(request.environ).key
    parts.limits.knock_beside(key)
    limit = _limit(request.args.get("limit"))
    snapshot = parts.providers.snapshot()
    parts.health.take_in(snapshot)
    aliases = discovery.is_claude_code(request.environ.get("HTTP_USER_AGENT", ""))
    lead = _lead(snapshot, key)
    models = discovery.listed(parts.catalog, snapshot, lead, aliases=aliases)
    if key is not None and key.models:
        models = tuple(model for model in models if discovery.leads(model.id, lead))
    after, before = request.args.get("after_id"), request.args.get("before_id")
    return as_json(page(models, limit=limit, after_id=after or None, before_id=before or None))


@blueprint.get("/v1/models/<path:model>")
def show_model(model: str) -> Response:
    """One model; its id may hold slashes. 403 where the key may not use it."""
    parts = services()
    key = parts.gate.check(request.environ).key
    parts.limits.knock_beside(key)
    snapshot = parts.providers.snapshot()
    parts.health.take_in(snapshot)
    lead = _lead(snapshot, key)
    if key is not None and key.models:
        lead(model)
    return as_json(discovery.found(model, parts.catalog, snapshot, lead))


def _lead(snapshot: Snapshot, key: ClientKey | None) -> discovery.Lead:
    """Where a name leads, for whoever has this key."""
    router = services().router
    return lambda name: planned(router, Asked.named(name), snapshot, key)


def _limit(given: str | None) -> int:
    if given is None or given == "":
        return LIMIT
    limit = int(given) if _WHOLE_NUMBER.fullmatch(given) else 0
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidRequest(f"limit: expected a whole number from 1 to {LARGEST_LIMIT}, got {given[:20]!r}")
    return limit
