"""Stop reasons."""

from __future__ import annotations

import pytest

from ccproxy.errors import UpstreamRefused
from ccproxy.translate.calls import Call
from ccproxy.translate.wire.bedrock_converse.finish import stop_reason


def call(input: str) -> Call:
    made = Call(None, "id", "name")
    made.add(input)
    return made


WHOLE, CUT = '{"a":1}', '{"a":'


@pytest.mark.parametrize(
    ("told", "inputs", "expected"),
    [
        ("end_turn", [], "end_turn"),
        ("tool_use", [], "end_turn"),
        (None, [], "end_turn"),
        ("something_new", [], "end_turn"),
        ("MAX_TOKENS", [], "max_tokens"),
        ("stop_sequence", [], "stop_sequence"),
        ("guardrail_intervened", [], "refusal"),
        ("content_filtered", [], "refusal"),
        ("model_context_window_exceeded", [], "model_context_window_exceeded"),
        ("tool_use", [WHOLE], "tool_use"),
        ("end_turn", [WHOLE], "tool_use"),
        ("stop_sequence", [WHOLE], "tool_use"),
        ("max_tokens", [WHOLE, CUT], "max_tokens"),
        ("guardrail_intervened", [WHOLE], "refusal"),
        ("tool_use", [CUT], "max_tokens"),
        ("tool_use", [WHOLE, CUT], "tool_use"),
    ],
)
def test_reasons(told: str | None, inputs: list[str], expected: str) -> None:
    assert stop_reason(told, [call(input) for input in inputs]) == expected


@pytest.mark.parametrize("told", ["malformed_tool_use", "malformed_model_output"])
def test_failures(told: str) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        stop_reason(told, [])
    assert (caught.value.status, caught.value.type, caught.value.code) == (500, "api_error", told)
