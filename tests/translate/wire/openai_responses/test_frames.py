"""Events as they are read."""

from __future__ import annotations

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate.wire.openai_responses.frames import Delta, Ended, Told, kind, read


@pytest.mark.parametrize(
    ("name", "payload", "wanted"),
    [
        (b"response.output_text.delta", b"not looked at", b"response.output_text.delta"),
        (b"response.created", b"not looked at", b"response.created"),
        (b"error", b"not looked at", b"error"),
        (b"response.error", b"not looked at", b"error"),
        (b"", b'{"delta":"a","type":"response.output_text.delta"}', b"response.output_text.delta"),
        (b"message", b'{"type":"response.completed"}', b"response.completed"),
        (b"", b'{"type":"keepalive"}', b"keepalive"),
        (b"", b'{"type":"error"}', b"error"),
        (b"", b'{"type":"response.error"}', b"error"),
        (b"", b'{"error":"x"}', b"error"),
        (b"", b'{"type":7}', b"error"),
        (b"", b"[]", b"error"),
    ],
)
def test_the_kind_of_an_event(name: bytes, payload: bytes, wanted: bytes) -> None:
    assert kind(name, payload) == wanted


def test_an_event_of_which_nothing_is_read_is_not_decoded() -> None:
    assert read(b"response.created", b"no JSON at all") is None


def test_what_is_missing_has_a_default() -> None:
    assert read(b"response.output_text.delta", b"{}") == Delta()
    assert read(b"response.output_item.done", b"{}") == Told()
    assert read(b"response.completed", b"{}") == Ended()


def test_misfits_count_as_not_sent() -> None:
    assert read(b"response.output_text.delta", b'{"delta":1.5,"output_index":[]}') == Delta()
    assert read(b"response.output_item.done", b'{"item":3,"output_index":2}') == Told(output_index=2)


@pytest.mark.parametrize(
    "payload", [b"no JSON", b"[]", b'"text"', pytest.param(b'{"response":{"error":' + b"[" * 100_000, id="deep")]
)
def test_what_is_no_event(payload: bytes) -> None:
    with pytest.raises(BadAnswer):
        read(b"response.completed", payload)
