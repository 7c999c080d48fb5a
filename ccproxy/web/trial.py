"""`POST /providers/{name}/test`: what its body may say."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema
from msgspec import Struct

from ccproxy.translate.parse import LONGEST_MODEL
from ccproxy.web.fields import Whole
from ccproxy.web.schemas import Text, read, require


class Wanted(Struct, frozen=True):
    """The model to ask, and the place of the key to ask it with; None: the first."""

    model: str | None = None
    key: int | None = None


class TrialSchema(Schema):
    """What is to be tested."""

    class Meta:
        """What is not known is a mistake that somebody wants to hear of."""

        unknown = RAISE

    error_messages = {"unknown": "is not a field of a test", "type": "must be an object"}  # noqa: RUF012

    model = Text(
        allow_none=True,
        validate=lambda name: require(
            len(name) <= LONGEST_MODEL, f"must not be longer than {LONGEST_MODEL} characters"
        ),
    )
    key = Whole(0, allow_none=True)


_schema = TrialSchema()


def read_trial(document: Any) -> Wanted:
    """What a JSON document says. Raises InvalidRequest that names the path of each fault."""
    return Wanted(**read(_schema, document))
