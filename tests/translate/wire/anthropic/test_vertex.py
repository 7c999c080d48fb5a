from __future__ import annotations

import json

import pytest

from ccproxy.errors import ThreadUnsupported
from ccproxy.translate.target import Target
from ccproxy.translate.wire import anthropic
from ccproxy.translate.wire.anthropic import vertex
from tests.translate.contexts import target
from tests.translate.wire.anthropic.requests import BODY, HEADERS, dumped, parsed

CLAUDE = Target(
    provider="p",
    kind="vertex",
    wire="anthropic-vertex",
    model="claude-sonnet-4-5@20250929",
    base_url="",
    dialect=target(threads=False, counts_tokens=True).dialect,
    headers={"x-goog-user-project": "p"},
)


@pytest.mark.parametrize(
    ("stream", "method"), [(True, "streamRawPredict"), (False, "rawPredict"), (None, "rawPredict")]
)
def test_model_and_method_stand_in_the_path(stream: bool | None, method: str) -> None:
    request = vertex.relay(parsed(dumped(stream=stream)), HEADERS, CLAUDE)
    assert request.path == f"/models/claude-sonnet-4-5@20250929:{method}"
    assert json.loads(request.body) == {
        "anthropic_version": "vertex-2023-10-16",
        **{name: value for name, value in BODY.items() if name != "model"},
        "stream": stream,
    }
    assert request.headers == {
        "anthropic-beta": "effort-2025-11-24,new-2026-11-11",
        "x-claude-code-session-id": "s",
        "x-app": "cli",
        "content-type": "application/json",
        "x-goog-user-project": "p",
    }


def test_without_betas() -> None:
    assert "anthropic-beta" not in vertex.relay(parsed(dumped()), {}, CLAUDE).headers


def test_a_version_that_the_client_sent_is_replaced() -> None:
    request = vertex.relay(parsed(dumped(anthropic_version="x")), {}, CLAUDE)
    assert json.loads(request.body)["anthropic_version"] == "vertex-2023-10-16"


def test_counting_names_the_model_in_the_body() -> None:
    body = parsed(dumped(max_tokens=..., stream=...), counting=True)
    request = vertex.count(body, HEADERS, CLAUDE)
    assert request is not None
    assert request.path == "/models/count-tokens:rawPredict"
    assert json.loads(request.body)["model"] == "claude-sonnet-4-5@20250929"
    assert vertex.count(body, {}, target()) is None


def test_threads() -> None:
    with pytest.raises(ThreadUnsupported):
        vertex.relay(parsed(dumped(thread={"type": "create"})), {}, CLAUDE)


def test_answers_are_the_plain_apis() -> None:
    assert vertex.StreamDecoder is anthropic.StreamDecoder
    assert vertex.decode is anthropic.decode
    assert vertex.decode_error is anthropic.decode_error
    assert vertex.counted is anthropic.counted
