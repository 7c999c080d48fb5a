from __future__ import annotations

import pytest

from ccproxy.errors import BadAnswer
from ccproxy.translate.wire.anthropic.counting import counted


def test_counted() -> None:
    assert counted(b'{"input_tokens":2095,"context_management":{"original_input_tokens":1}}') == 2095


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"tokens":1}', b'{"input_tokens":"1"}', b'{"input_tokens":null}']
)
def test_what_is_no_count(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        counted(body)
