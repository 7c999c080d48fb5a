from __future__ import annotations

import msgspec
import pytest
from msgspec import Raw

from ccproxy.translate.wire.openai_responses.reasoning import Reasoning, packed, unpacked

SUMMARY = [{"type": "summary_text", "text": "Hm."}]
CONTENT = [{"type": "reasoning_text", "text": "Well."}]


def raw(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Reasoning("rs_1", "gAAA"), {"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}),
        (
            Reasoning("rs_1", "gAAA", raw(SUMMARY)),
            {"type": "reasoning", "summary": SUMMARY, "encrypted_content": "gAAA"},
        ),
        (Reasoning("rs_1", None, raw([]), raw(CONTENT)), {"type": "reasoning", "summary": [], "content": CONTENT}),
        (
            Reasoning(None, "gAAA", raw(None), raw(None)),
            {"type": "reasoning", "summary": [], "encrypted_content": "gAAA"},
        ),
    ],
)
def test_there_and_back(item: Reasoning, expected: object) -> None:
    assert msgspec.json.decode(msgspec.json.encode(unpacked(packed([item])))) == [expected]


def test_several_items_stay_in_order() -> None:
    found = unpacked(packed([Reasoning("rs_1", "one"), Reasoning("rs_2"), Reasoning("rs_3", "three")]))
    assert [item["encrypted_content"] for item in found] == ["one", "three"]


@pytest.mark.parametrize("payload", [b"", b"{", b"{}", b"[1]", b'"text"', b'[{"encrypted_content":1}]'])
def test_a_payload_of_another_form_is_nothing(payload: bytes) -> None:
    assert unpacked(payload) == []


def test_what_is_not_there_takes_no_room() -> None:
    assert packed([Reasoning("rs_1", "gAAA")]) == b'[{"id":"rs_1","encrypted_content":"gAAA"}]'
