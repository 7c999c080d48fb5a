"""`/routes`: which requests go where, as administrators write it. Thin: `route_schemas` checks, the store keeps."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response

from ccproxy.errors import InvalidRequest, NotFound
from ccproxy.store.routes import Route
from ccproxy.web.acting import acting, admins_only
from ccproxy.web.bodies import check_json, has_body, read_document
from ccproxy.web.replies import as_json
from ccproxy.web.route_schemas import read_order, read_route, show_route
from ccproxy.web.services import services

MAX_BODY = 1024 * 1024
BODY_TIMEOUT = 30.0

blueprint = Blueprint("routes", __name__, url_prefix="/routes")
blueprint.before_request(admins_only)


@blueprint.url_value_preprocessor
def drop_last_slash(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """No name ends in a slash, and a path may."""
    if values and "name" in values:
        values["name"] = values["name"].removesuffix("/")


@blueprint.get("")
def list_all() -> Response:
    """A bare array, in order of creation."""
    return as_json([show_route(route) for route in services().providers.snapshot().routes])


@blueprint.post("")
def create_or_update() -> Response:
    """201 for a new one. On one that there is, fields left out stay, as with PUT."""
    given = read_route(read_document(MAX_BODY, BODY_TIMEOUT))
    if "name" not in given:
        raise InvalidRequest("name: is missing")
    routes = services().routes
    if _known(given["name"]) is None:
        if "targets" not in given:
            raise InvalidRequest("targets: is missing")
        route, created = routes.save(given, acting())
    else:
        route, created = routes.change(given["name"], given, acting()), False
    response = as_json(show_route(route), 201 if created else 200)
    response.headers["Location"] = f"/routes/{quote(route.name)}"
    return response


@blueprint.put("")
def reorder() -> Response:
    """Have all routes looked at in this order: in one write, or not at all (409) where these are not all there are."""
    services().routes.reorder(read_order(read_document(MAX_BODY, BODY_TIMEOUT)), acting())
    return list_all()


@blueprint.get("/<path:name>")
def show(name: str) -> Response:
    """One route."""
    return as_json(show_route(_find(name)))


@blueprint.put("/<path:name>")
def change(name: str) -> Response:
    """Fields left out stay, `match` and `targets` are changed as a whole. A route keeps its name."""
    given = read_route(read_document(MAX_BODY, BODY_TIMEOUT))
    if given.get("name", _find(name).name) != name:
        raise InvalidRequest(f"name: a route keeps its name, which is {name!r} in the path")
    return as_json(show_route(services().routes.change(name, given, acting())))


@blueprint.delete("/<path:name>")
def delete(name: str) -> Response:
    """Gone at once, in every worker; requests that have begun end as they were."""
    services().routes.delete(_find(name).name, acting())
    return as_json({"message": f"route {name} deleted"})


@blueprint.patch("/<path:name>/toggle")
def toggle(name: str) -> Response:
    """Flip `enabled`."""
    if has_body():
        check_json()
    route = services().routes.toggle(_find(name).name, acting())
    state = "enabled" if route.enabled else "disabled"
    return as_json({"message": f"route {name} {state}", "enabled": route.enabled})


def _known(name: str) -> Route | None:
    return next((route for route in services().providers.snapshot().routes if route.name == name), None)


def _find(name: str) -> Route:
    route = _known(name)
    if route is None:
        raise NotFound(f"there is no route {name[:80]!r}")
    return route
