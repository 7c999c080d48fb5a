"""Every recorded request to Anthropic, as Google's own types take it, with every text accounted for.

The types are google-genai's: they refuse unknown fields and values of a wrong kind, and the names of fields are those
of the REST API. What stands in a body beside them is a list here (`FIELDS`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccproxy.errors import InvalidRequest
from ccproxy.translate.parse import parse
from ccproxy.translate.wire.gemini import encode
from tests.translate.marking import mark, unaccounted
from tests.translate.wire.gemini.requests import target

types = pytest.importorskip("google.genai.types", reason="Google's own types are not installed")

TARGETS = [
    ("gemini", "gemini-2.5-flash", {}),
    ("gemini", "gemini-2.5-pro", {}),
    ("gemini", "gemini-3-pro-preview", {}),
    ("gemini", "gemini-2.0-flash", {}),
    ("gemini", "gemini-2.5-flash", {"tool_json_schema": False}),
    ("vertex", "gemini-2.5-flash", {}),
    ("vertex", "gemini-3.1-pro-preview", {}),
]
FIELDS = {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
# What converters of google-genai's refuse for one of the two: fields that it has only there.
NOT_ON_VERTEX = ("includeServerSideToolInvocations",)
NOT_ON_AI_STUDIO = ("excludeDomains",)


def recorded(shared: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The recorded requests to Anthropic, and Claude Code's own."""
    for path in sorted((shared / "wire" / "recorded").glob("*/anthropic-*.json")):
        request = json.loads(path.read_bytes())["request"]
        if isinstance(request, dict) and "messages" in request:
            yield f"{path.parent.name}/{path.name}", {"model": "claude", "max_tokens": 1024} | request
    for path in sorted((shared / "clients").glob("*.json")):
        body = json.loads(path.read_bytes())
        if "messages" in body:
            yield path.name, body


def check(body: dict[str, Any]) -> None:
    """Raise where Google's types do not take the body, or the order of its contents is not as docs want it."""
    assert set(body) <= FIELDS
    for content in body["contents"]:
        types.Content.model_validate(content)
        assert content["parts"]
    roles = [content["role"] for content in body["contents"]]
    assert roles == ["user" if at % 2 == 0 else "model" for at in range(len(roles))]
    if "systemInstruction" in body:
        types.Content.model_validate(body["systemInstruction"])
    for tool in body.get("tools", ()):
        types.Tool.model_validate(tool)
        for declared in tool.get("functionDeclarations", ()):
            assert "parameters" not in declared or "parametersJsonSchema" not in declared
    types.ToolConfig.model_validate(body.get("toolConfig", {}))
    types.GenerationConfig.model_validate(body.get("generationConfig", {}))
    for said, heard in zip(body["contents"][1::2], body["contents"][2::2], strict=False):
        calls = [part["functionCall"]["name"] for part in said["parts"] if "functionCall" in part]
        answers = [part["functionResponse"]["name"] for part in heard["parts"] if "functionResponse" in part]
        assert calls == answers


@pytest.mark.parametrize(("kind", "model", "options"), TARGETS)
def test_googles_types_take_every_recorded_request(
    kind: str, model: str, options: dict[str, Any], shared: Path
) -> None:
    to = target(model, kind, **options)
    refused: list[str] = []
    count = 0
    for _, request in recorded(shared):
        count += 1
        try:
            body = encode(parse(json.dumps(request).encode()).request, to).body
        except InvalidRequest as error:
            refused.append(error.message.partition(": ")[0])
            continue
        check(json.loads(body))
        foreign = NOT_ON_VERTEX if kind == "vertex" else NOT_ON_AI_STUDIO
        assert not any(name.encode() in body for name in foreign)
    assert count > 300
    # Each names what it refuses: files of Anthropic's, media that the model does not take, tools of Anthropic's.
    assert len(refused) <= 20
    assert all(path.startswith(("messages.", "tools.", "container", "mcp_servers")) for path in refused), refused


@pytest.mark.parametrize(("kind", "model", "options"), TARGETS)
def test_every_text_is_carried_or_reported_or_refused(
    kind: str, model: str, options: dict[str, Any], shared: Path
) -> None:
    to = target(model, kind, **options)
    missing = []
    for name, request in recorded(shared):
        marked, marks = mark(request)
        lost, _ = unaccounted(lambda parsed: encode(parsed.request, to), marked, marks)
        missing += [f"{name}: {path}" for path in lost]
    assert missing == []


@pytest.mark.parametrize(
    "body",
    [
        {"contents": [{"role": "user", "parts": [{"words": "hi"}]}]},
        {"contents": [{"role": "model", "parts": [{"text": "hi"}]}]},
        {"contents": [], "tools": [{"functionDeclarations": [{"name": "a", "schema": {}}]}]},
        {"contents": [], "generationConfig": {"thinkingConfig": {"level": "LOW"}}},
    ],
)
def test_the_check_finds_what_is_wrong(body: dict[str, Any]) -> None:
    with pytest.raises((ValueError, AssertionError)):
        check(body)
