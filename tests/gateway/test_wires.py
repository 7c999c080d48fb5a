"""A request in the form that a target's wire sends."""

from __future__ import annotations

import json

import pytest
from msgspec import structs

from ccproxy.errors import ThreadUnsupported
from ccproxy.gateway.wires import RELAYING, TRANSLATING, request_for, wire_of
from ccproxy.translate.parse import parse
from tests.translate.contexts import target

BODY = json.dumps(
    {"model": "m", "max_tokens": 5, "new": 1, "messages": [{"role": "user", "content": "hello"}]}
).encode()


def test_no_wire_is_both() -> None:
    assert not TRANSLATING.keys() & RELAYING.keys()


@pytest.mark.parametrize("name", [*TRANSLATING, *RELAYING])
def test_each_wire_has_what_the_exchange_needs(name: str) -> None:
    wire = wire_of(structs.replace(target(), wire=name))
    made = "relay" if name in RELAYING else "encode"
    for part in (made, "decode", "decode_error", "StreamDecoder"):
        assert callable(getattr(wire, part)), part
    assert hasattr(wire, "count") == hasattr(wire, "counted")


def test_what_is_unknown_is_lost_where_a_wire_translates() -> None:
    assert request_for(parse(BODY), {}, target()).losses == ("new",)


def test_what_is_unknown_passes_where_a_wire_relays() -> None:
    sent = request_for(parse(BODY), {}, structs.replace(target(), wire="anthropic", model="x"))
    assert sent.losses == ()
    assert json.loads(sent.body) == json.loads(BODY) | {"model": "x"}


def test_a_refusal_is_raised() -> None:
    body = json.dumps(json.loads(BODY) | {"thread": {"type": "create"}}).encode()
    with pytest.raises(ThreadUnsupported):
        request_for(parse(body), {}, target())


@pytest.mark.parametrize(
    "wire",
    ["anthropic", "anthropic-vertex", "anthropic-bedrock", "gemini", "bedrock-converse", "openai-responses"],
)
def test_wires_whose_upstream_counts(wire: str) -> None:
    counting = RELAYING.get(wire) or TRANSLATING[wire]
    assert callable(counting.count)
    assert callable(counting.counted)
