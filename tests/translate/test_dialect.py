from __future__ import annotations

from typing import Any

import pytest

from ccproxy.translate.dialect import OVERRIDES, Dialect, Variant, resolve

VARIED = Dialect(
    stop_limit=3,
    variants=(
        Variant(r"^big", {"top_k": True, "max_output_tokens": 8}),
        Variant(r"big-2", {"max_output_tokens": 16}),
    ),
)


@pytest.mark.parametrize(
    ("model", "options", "top_k", "most"),
    [
        ("small", {}, False, None),
        ("big-1", {}, True, 8),
        ("BIG-2", {}, True, 16),
        ("x/big-2", {}, False, 16),
        ("big-2", {"max_output_tokens": 4}, True, 4),
        ("small", {"max_output_tokens": 4, "top_k": True}, True, 4),
    ],
)
def test_variants_and_options(model: str, options: dict[str, Any], top_k: bool, most: int | None) -> None:
    found = resolve(VARIED, model, options)
    assert (found.top_k, found.max_output_tokens, found.stop_limit) == (top_k, most, 3)


def test_lists_of_options_become_tuples() -> None:
    assert resolve(Dialect(), "m", {"efforts": ["low", "high"]}).efforts == ("low", "high")


def test_options_that_are_no_flags_change_nothing() -> None:
    plain = Dialect()
    assert resolve(plain, "m", {"extra_body": {}, "path": "/x"}) is plain
    assert resolve(plain, "m", {}) is plain


def test_overrides_are_flags() -> None:
    assert set(OVERRIDES) <= set(Dialect.__struct_fields__)
