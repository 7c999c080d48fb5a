"""Message batches: the models that a new one asks for, put into the provider's names; and where results are."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from ccproxy.errors import InvalidRequest
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.parse import LONGEST_MODEL
from ccproxy.translate.wire.anthropic import ours
from ccproxy.translate.wire.anthropic.members import Edit, Member, edited, items, members, named, replaced

_RESULTS = re.compile(rb'("results_url"\s*:\s*")https?://[^"]*?(/v1/messages/batches/)')


def models(body: bytes) -> list[str]:
    """The model of each request in a new batch. Raises InvalidRequest, whose message names the path."""
    return [_model(place, found) for place, found in enumerate(_requests(body))]


def rewritten(body: bytes, names: Mapping[str, str], dialect: Dialect) -> bytes:
    """The batch with the provider's names of the models, and without what its API would refuse in conversations."""
    edits: list[Edit] = []
    for place, found in enumerate(_requests(body)):
        edits += replaced(found, "model", msgspec.json.encode(names[_model(place, found)]))
        edits += ours.edits(body, found, signed=dialect.signed_thinking)
    return edited(body, edits)


def local(answer: bytes) -> bytes:
    """An answer whose `results_url` is a path of this server's: with a whole URL, SDKs would send their key there."""
    return _RESULTS.sub(rb"\1\2", answer)


def _requests(body: bytes) -> list[list[Member]]:
    """The members of the `params` of each request."""
    try:
        requests = named(members(body), "requests")
    except ValueError:
        raise InvalidRequest("body: expected a JSON object") from None
    if requests is None:
        raise InvalidRequest("requests: Field required")
    return [_params(place, one) for place, one in enumerate(items(requests.value, requests.start))]


def _params(place: int, request: Member) -> list[Member]:
    try:
        params = named(members(request.value, request.start), "params")
        return members(params.value, params.start) if params is not None else []
    except ValueError:
        raise InvalidRequest(f"requests.{place}: expected an object with the object `params`") from None


def _model(place: int, params: list[Member]) -> str:
    model = named(params, "model")
    if model is None or model.text is None:
        raise InvalidRequest(f"requests.{place}.params.model: expected a string")
    if len(model.text) > LONGEST_MODEL:
        raise InvalidRequest(
            f"requests.{place}.params.model: expected at most {LONGEST_MODEL} characters, got {len(model.text)}"
        )
    return model.text
