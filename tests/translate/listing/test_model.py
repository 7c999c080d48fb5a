from __future__ import annotations

import msgspec
from anthropic.types import ModelInfo

from ccproxy.translate.listing.model import Model


def test_what_is_not_known_is_left_out() -> None:
    assert msgspec.to_builtins(Model(id="p/x", display_name="x")) == {
        "type": "model",
        "id": "p/x",
        "display_name": "x",
        "created_at": "1970-01-01T00:00:00Z",
        "lifecycle": "active",
    }


def test_the_sdk_reads_it() -> None:
    whole = Model(
        id="p/x",
        display_name="x",
        max_input_tokens=8,
        max_tokens=4,
        line=None,
        retires_at="2026-12-31T00:00:00Z",
        lifecycle="deprecated",
    )
    info = ModelInfo.model_validate_json(msgspec.json.encode(whole))
    assert (info.id, info.max_input_tokens, info.max_tokens, info.line) == ("p/x", 8, 4, None)
    assert info.retires_at is not None
    assert set(Model.__struct_fields__) | {"type"} == set(ModelInfo.model_fields)
