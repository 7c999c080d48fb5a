"""Payloads with fields of wrong types, and what is no payload."""

from __future__ import annotations

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate.wire.bedrock_converse.chunks import BlockDelta, Body, Delta, body, reader

read = reader(BlockDelta)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"contentBlockIndex":2,"delta":{"text":"a"},"p":"xyz"}', BlockDelta(2, Delta("a"))),
        (b'{"contentBlockIndex":"2","delta":{"text":"a"}}', BlockDelta(2, Delta("a"))),
        (b'{"contentBlockIndex":null,"delta":{"text":"a","toolUse":7}}', BlockDelta(0, Delta("a"))),
        (b'{"delta":{"text":"\\ud83d"}}', BlockDelta(0, Delta("\ufffd"))),
        (b"{}", BlockDelta()),
    ],
)
def test_reading(data: bytes, expected: BlockDelta) -> None:
    assert read(data) == expected


@pytest.mark.parametrize("data", [b"", b"[]", b"5", b"<html>", b"\xff"])
def test_what_is_no_payload(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        read(data)
    with pytest.raises(BadAnswer):
        body(data)


def test_an_odd_body() -> None:
    assert body(b'{"stopReason":5,"usage":{"inputTokens":"many"}}') == Body(usage=body(b'{"usage":{}}').usage)
