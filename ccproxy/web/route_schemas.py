"""What a route looks like in JSON, in and out; `read_route` guards the admin API and the config file alike.

Faults are named by their path (`targets.1.weight`), all of them at once. Providers need not be there yet. Which request
a route takes is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from marshmallow import RAISE, Schema, ValidationError, fields, validates_schema

from ccproxy.gateway.matching import OWN
from ccproxy.store.client_keys import Capture
from ccproxy.store.routes import MOST_PRIORITY, Agent, Match, Route, RouteTarget, Scenario, Strategy
from ccproxy.translate import overrides
from ccproxy.web.fields import OneOf, Whole
from ccproxy.web.schemas import (
    HEADER_NAME,
    HEADER_VALUE,
    LONGEST_HEADER,
    NAME,
    NAME_FORM,
    SHOWN_NAME,
    Flag,
    Text,
    moment,
    read,
    require,
)

LONGEST_NAME = 200
MOST_TARGETS = 100
MOST_MATCHED = 200
MOST_WEIGHT = 1000
MOST_RETRIES = 5
LONGEST_WAIT = 3600
LONGEST_FAULT = 300

# WSGI holds the two elsewhere than all others; and gunicorn drops names with an underscore, which could pass for a dash
_UNSEEN = ("content-type", "content-length")
_CREDENTIALS = ("authorization", "proxy-authorization", "x-api-key", "cookie")

_NULL: dict[str, str | list[Any] | dict[Any, Any]] = {"null": "must be an object"}
_MISSING: dict[str, str | list[Any] | dict[Any, Any]] = {"required": "is missing"}


class RouteName(Text):
    """What can stand in a path: every part between slashes is one."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        name = super()._deserialize(value)
        require(name.lower() not in OWN, f"must not be {name.lower()}, which is what decides where no route does")
        require(len(name) <= LONGEST_NAME, f"must not be longer than {LONGEST_NAME} characters")
        require(
            not {"", ".", ".."} & set(name.split("/")),
            "must not begin or end with a slash, nor hold // or a part that is . or ..",
        )
        return name


class Texts(fields.Field[tuple[str, ...]]):
    """One text or a list of them, which must not be empty; null: nothing is said."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            return (Text().deserialize(value),)
        require(isinstance(value, list), "must be a string or a list of strings")
        require(value, "must not be empty")
        require(len(value) <= MOST_MATCHED, f"must not hold more than {MOST_MATCHED}")
        return tuple(fields.List(Text()).deserialize(value))


class Seconds(fields.Field[float]):
    """A number of seconds, from one to an hour."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        require(number and 1 <= value <= LONGEST_WAIT, f"must be a number of seconds from 1 to {LONGEST_WAIT}, or null")
        return float(value)


class MatchedHeaders(fields.Field[dict[str, str]]):
    """Header names, which become lower case, and the values that they must have."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise ValidationError("must be an object of header names and values")
        require(len(value) <= MOST_MATCHED, f"must not hold more than {MOST_MATCHED}")
        faults: dict[str, list[str]] = {}
        headers: dict[str, str] = {}
        for name, text in value.items():
            if not HEADER_NAME.fullmatch(name):
                faults[name] = ["is not a header name"]
            elif "_" in name or name.lower() in _UNSEEN:
                faults[name] = ["is no header that requests are matched by"]
            elif name.lower() in _CREDENTIALS:
                faults[name] = ["holds credentials, which a route would show; match the client's `key` by its name"]
            elif not isinstance(text, str) or len(text) > LONGEST_HEADER or not HEADER_VALUE.fullmatch(text):
                faults[name] = ["must be one line of Latin-1 characters"]
            elif name.lower() in headers:
                faults[name] = ["is given twice"]
            else:
                headers[name.lower()] = text.strip(" \t")
        if faults:
            raise ValidationError(faults)
        return headers


class Parameters(fields.Field[dict[str, Any]]):
    """What stands in place of the client's own; `translate.overrides` knows which there are."""

    default_error_messages = {"null": "must be an object"}  # noqa: RUF012

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("must be an object")
        try:
            overrides.check(value)
        except ValueError as error:
            path, _found, text = str(error).partition(": ")
            raise ValidationError({path[:SHOWN_NAME]: [text[:LONGEST_FAULT]]}) from None
        return value


class MatchSchema(Schema):
    """What a request must be; all that is said must hold."""

    class Meta:
        """What is not known is a mistake that somebody wants to hear of."""

        unknown = RAISE

    error_messages = {"unknown": "is not a part of a match", "type": "must be an object"}  # noqa: RUF012

    model = Texts(allow_none=True)
    scenario = OneOf(get_args(Scenario), allow_none=True)
    min_input_tokens = Whole(1, allow_none=True)
    min_effort = OneOf(overrides.EFFORTS, allow_none=True)
    headers = MatchedHeaders(allow_none=True)
    key = Texts(allow_none=True)
    agent = OneOf(get_args(Agent), allow_none=True)

    @validates_schema
    def _only_of_thinking(self, given: Mapping[str, Any], **_: Any) -> None:
        """Elsewhere it would be ignored in silence."""
        if given.get("min_effort") and given.get("scenario") != "think":
            raise ValidationError("belongs to the scenario think", "min_effort")


class TargetSchema(Schema):
    """Where a route leads: a provider and one of its models."""

    class Meta:
        """What is not known is a mistake that somebody wants to hear of."""

        unknown = RAISE

    error_messages = {"unknown": "is not a field of a target", "type": "must be an object"}  # noqa: RUF012

    provider = Text(
        required=True,
        error_messages=_MISSING,
        validate=lambda name: require(NAME.fullmatch(name), NAME_FORM),
    )
    model = Text(required=True, error_messages=_MISSING)
    weight = Whole(0, MOST_WEIGHT)
    parameters = Parameters()


class Targets(fields.Field[tuple[RouteTarget, ...]]):
    """Targets in order, each an object or the text `provider/model` (`provider,model` as well)."""

    _each = fields.Nested(TargetSchema, error_messages=_NULL)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[RouteTarget, ...]:
        require(isinstance(value, list), "must be a list")
        require(value, "must hold at least one")
        require(len(value) <= MOST_TARGETS, f"must not hold more than {MOST_TARGETS}")
        made = []
        faults = {}
        for index, target in enumerate(value):
            try:
                given = self._each.deserialize(_split(target) if isinstance(target, str) else target)
                made.append(RouteTarget(**given))
            except ValidationError as error:
                faults[index] = error.messages
        if faults:
            raise ValidationError(faults)
        return tuple(made)


def _split(text: str) -> dict[str, str]:
    provider, *model = re.split("[/,]", text, maxsplit=1)
    require(provider.strip() and "".join(model).strip(), "must be 'provider/model' or an object")
    return {"provider": provider, "model": model[0]}


class RouteSchema(Schema):
    """A route as administrators write it. Nothing is required here, because a change names only what changes."""

    class Meta:
        """What is not known is a mistake that somebody wants to hear of."""

        unknown = RAISE

    error_messages = {"unknown": "is not a field of a route", "type": "must be an object"}  # noqa: RUF012

    name = RouteName()
    match = fields.Nested(MatchSchema, error_messages=_NULL)
    targets = Targets(error_messages={"null": "must be a list"})
    strategy = OneOf(get_args(Strategy))
    priority = Whole(-MOST_PRIORITY, MOST_PRIORITY)
    enabled = Flag()
    retries = Whole(0, MOST_RETRIES)
    first_byte_timeout = Seconds(allow_none=True)
    resume = Flag()
    capture = OneOf(get_args(Capture))


class OrderSchema(Schema):
    """The order of all routes."""

    class Meta:
        """What is not known is a mistake that somebody wants to hear of."""

        unknown = RAISE

    error_messages = {"unknown": "is not known here", "type": "must be an object"}  # noqa: RUF012

    order = fields.List(
        Text(), required=True, error_messages={**_MISSING, "null": "must be a list", "invalid": "must be a list"}
    )

    @validates_schema
    def _each_once(self, given: Mapping[str, Any], **_: Any) -> None:
        order = given["order"]
        if twice := {index: ["is given twice"] for index, name in enumerate(order) if name in order[:index]}:
            raise ValidationError({"order": twice})


_schema = RouteSchema()
_order_schema = OrderSchema()


def read_route(document: Any) -> dict[str, Any]:
    """The fields that a JSON document gives, as `store.routes.Routes` takes them.

    Raises InvalidRequest that names each fault's path.
    """
    given = read(_schema, document)
    if "match" in given:
        given["match"] = _match(given["match"])
    return given


def read_order(document: Any) -> list[str]:
    """The names in `order`, each once. Raises InvalidRequest."""
    order: list[str] = read(_order_schema, document)["order"]
    return order


def _match(given: Mapping[str, Any]) -> Match:
    said = {name: value for name, value in given.items() if value is not None}
    plural = {"model": "models", "key": "keys"}
    return Match(**{plural.get(name, name): value for name, value in said.items()})


def show_route(route: Route) -> dict[str, Any]:
    """A route as the API shows it; of its match what it says."""
    match = route.match
    said = {
        "model": list(match.models),
        "scenario": match.scenario,
        "min_input_tokens": match.min_input_tokens,
        "min_effort": match.min_effort,
        "headers": dict(match.headers),
        "key": list(match.keys),
        "agent": match.agent,
    }
    return {
        "name": route.name,
        "match": {name: value for name, value in said.items() if value not in (None, [], {})},
        "targets": [
            {
                "provider": target.provider,
                "model": target.model,
                "weight": target.weight,
                "parameters": dict(target.parameters),
            }
            for target in route.targets
        ],
        "strategy": route.strategy,
        "priority": route.priority,
        "enabled": route.enabled,
        "retries": route.retries,
        "first_byte_timeout": route.first_byte_timeout,
        "resume": route.resume,
        "capture": route.capture,
        "created_at": moment(route.created_at),
        "updated_at": moment(route.updated_at),
    }
