"""`/prices`: what models cost where the price lists that are shipped do not hold, and which price does.

Thin: the store keeps what is said, `gateway.pricing` knows what applies.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema

from ccproxy.errors import InvalidRequest, NotFound
from ccproxy.gateway.pricing import Found
from ccproxy.presets import prices as lists
from ccproxy.store.prices import EVERY, SaidPrice
from ccproxy.web.acting import acting, admins_only
from ccproxy.web.bodies import read_document
from ccproxy.web.fields import Amount
from ccproxy.web.replies import as_json
from ccproxy.web.schemas import NAME, Text, moment, read, require
from ccproxy.web.services import services

MAX_BODY = 64 * 1024
BODY_TIMEOUT = 30.0
LONGEST_MODEL = 200

_MISSING = {"required": "is missing"}

blueprint = Blueprint("prices", __name__, url_prefix="/prices")


class PriceSchema(Schema):
    """A price as administrators write it, in USD per million tokens."""

    class Meta:
        """What is not known is a mistake that somebody wants to hear of."""

        unknown = RAISE

    error_messages = {"unknown": "is not a field of a price", "type": "must be an object"}  # noqa: RUF012

    provider = Text(
        load_default=EVERY,
        validate=lambda name: require(
            name == EVERY or NAME.fullmatch(name), "must be a provider's name, or * for all of them"
        ),
    )
    model = Text(
        required=True,
        error_messages=_MISSING,
        validate=lambda model: require(len(model) <= LONGEST_MODEL, f"must not be longer than {LONGEST_MODEL}"),
    )
    input = Amount(zero=True, required=True)
    output = Amount(zero=True, required=True)
    cache_read = Amount(zero=True, allow_none=True)
    cache_write = Amount(zero=True, allow_none=True)


_schema = PriceSchema()


blueprint.before_request(admins_only)


@blueprint.get("")
def list_all() -> Response:
    """What administrators have said: a bare array, in order of creation."""
    return as_json([_shown(price) for price in services().providers.snapshot().prices])


@blueprint.post("")
def say() -> Response:
    """The price of a provider's models that fit a glob; 201 where nothing was said of just these, else 200."""
    price, created = services().prices.save(read(_schema, read_document(MAX_BODY, BODY_TIMEOUT)), acting())
    return as_json(_shown(price), 201 if created else 200)


@blueprint.delete("/<int(max=9007199254740991):number>")
def take_back(number: int) -> Response:
    """From now on the next one applies: a wider glob's, the provider's option, or the price list's."""
    price = services().prices.delete(number, acting())
    return as_json({"message": f"price of {price.model} at {price.provider} deleted"})


@blueprint.get("/known")
def known() -> Response:
    """The price that holds for `provider` and `model` now, and who says so."""
    name, model = request.args.get("provider", ""), request.args.get("model", "")
    for parameter, given in (("provider", name), ("model", model)):
        if not given:
            raise InvalidRequest(f"{parameter}: is missing")
    parts = services()
    provider = parts.providers.snapshot().get(name)
    if provider is None:
        raise NotFound(f"there is no provider {name[:80]!r}")
    found = parts.pricing.of(provider.name, provider.type, model, provider.options)
    return as_json({"provider": name, "model": model, **_told(found)})


def _told(found: Found | None) -> dict[str, Any]:
    if found is None:
        return {"price": None, "source": None, "url": None, "checked": lists.checked()}
    return {"price": found.price, "source": found.source, "url": found.url, "checked": found.checked}


def _shown(price: SaidPrice) -> dict[str, Any]:
    return {
        "id": price.id,
        "provider": price.provider,
        "model": price.model,
        "input": price.input,
        "output": price.output,
        "cache_read": price.cache_read,
        "cache_write": price.cache_write,
        "created_at": moment(price.created_at),
        "updated_at": moment(price.updated_at),
    }
