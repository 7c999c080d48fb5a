"""`/providers`: what administrators set up. Thin: `schemas` and `definitions` check fields, the store keeps them."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, g, request

from ccproxy.errors import InvalidRequest, NotFound
from ccproxy.store.providers import Provider
from ccproxy.web.acting import acting, admins_only
from ccproxy.web.bodies import check_json, has_body, read_document
from ccproxy.web.definitions import define
from ccproxy.web.health import standing_of
from ccproxy.web.replies import as_json
from ccproxy.web.schemas import read_provider, show_provider
from ccproxy.web.services import services
from ccproxy.web.trial import LINES, findings, read_trial

# A provider with every model there is fits many times
MAX_BODY = 1024 * 1024
BODY_TIMEOUT = 30.0

blueprint = Blueprint("providers", __name__, url_prefix="/providers")
blueprint.before_request(admins_only)


@blueprint.get("")
def list_all() -> Response:
    """A bare array, in order of creation."""
    return as_json([_shown(provider) for provider in services().providers.snapshot().providers])


@blueprint.post("")
def create_or_update() -> Response:
    """201 for a new one. On one that there is, fields left out stay, as with PUT."""
    given = read_provider(read_document(MAX_BODY, BODY_TIMEOUT))
    if "name" not in given:
        raise InvalidRequest("name: is missing")
    providers = services().providers
    known = providers.snapshot().get(given["name"])
    fields = define(given, known)
    if known is None:
        provider, created = providers.save(fields, acting())
    else:
        provider, created = providers.change(known.name, _changed(fields, known), acting()), False
    response = as_json(_shown(provider), 201 if created else 200)
    response.headers["Location"] = f"/providers/{provider.name}"
    return response


@blueprint.get("/<name>")
def show(name: str) -> Response:
    """One provider."""
    return as_json(_shown(_find(name)))


@blueprint.put("/<name>")
def change(name: str) -> Response:
    """Fields left out stay; `api_key: null` takes all keys away. A provider keeps its name."""
    given = read_provider(read_document(MAX_BODY, BODY_TIMEOUT))
    known = _find(name)
    if given.get("name", name) != name:
        raise InvalidRequest(f"name: a provider keeps its name, which is {name!r} in the path")
    fields = define(given, known)
    return as_json(_shown(services().providers.change(name, _changed(fields, known), acting())))


@blueprint.delete("/<name>")
def delete(name: str) -> Response:
    """Gone at once, in every worker; requests that have begun end as they were."""
    services().providers.delete(_find(name).name, acting())
    return as_json({"message": f"provider {name} deleted"})


@blueprint.patch("/<name>/toggle")
def toggle(name: str) -> Response:
    """Flip `enabled`."""
    if has_body():
        check_json()
    provider = services().providers.toggle(_find(name).name, acting())
    state = "enabled" if provider.enabled else "disabled"
    return as_json({"message": f"provider {name} {state}", "enabled": provider.enabled})


@blueprint.post("/<name>/test")
def test(name: str) -> Response:
    """Send tiny real requests to it. 200 also where they fail: that is what was asked.

    Who accepts lines of JSON gets each finding as it comes.
    """
    wanted = read_trial(read_document(MAX_BODY, BODY_TIMEOUT) if has_body() else {})
    parts = services()
    run = partial(parts.trial.run, _find(name), wanted.model, wanted.key, g.request_id)
    token = parts.lifecycle.enter()
    leave = partial(parts.lifecycle.leave, token)
    try:
        if request.accept_mimetypes.best_match(("application/json", LINES)) == LINES:
            response = Response(findings(run), mimetype=LINES)
            response.call_on_close(leave)
            return response
        outcome = run()
    except BaseException:
        leave()
        raise
    leave()
    return as_json(outcome)


def _find(name: str) -> Provider:
    provider = services().providers.snapshot().get(name)
    if provider is None:
        raise NotFound(f"there is no provider {name[:80]!r}")
    return provider


def _shown(provider: Provider) -> dict[str, Any]:
    """The provider, with what traffic has shown of it."""
    parts = services()
    parts.health.take_in(parts.providers.snapshot())
    return {**show_provider(provider), "health": standing_of(parts.health, provider)}


def _changed(fields: dict[str, Any], known: Provider) -> dict[str, Any]:
    """Only what differs, so that two changes of different fields at once both hold."""
    return {name: value for name, value in fields.items() if value != getattr(known, name)}
