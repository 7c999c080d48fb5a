"""Every recorded request to Anthropic, as AWS's own description of Converse takes it, with every text accounted for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccproxy.errors import InvalidRequest
from ccproxy.translate.parse import parse
from ccproxy.translate.wire.bedrock_converse import count, encode
from tests.translate.marking import mark, unaccounted
from tests.translate.wire.bedrock_converse import shapes
from tests.translate.wire.bedrock_converse.requests import ALL, CLAUDE, target

# Requests that Anthropic refused too, by their files, and why.
REFUSED = {"anthropic-json-400-error-05c4c7ea.json": "a temperature of -5"}


def recorded(shared: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The recorded requests to Anthropic, and Claude Code's own."""
    for path in sorted((shared / "wire" / "recorded").glob("*/anthropic-*.json")):
        request = json.loads(path.read_bytes())["request"]
        if isinstance(request, dict) and "messages" in request and path.name not in REFUSED:
            yield f"{path.parent.name}/{path.name}", {"model": "claude", "max_tokens": 1024} | request
    for path in sorted((shared / "clients").glob("*.json")):
        body = json.loads(path.read_bytes())
        if "messages" in body:
            yield path.name, body


def check(body: dict[str, Any], beside: tuple[str, ...]) -> None:
    """Raises AssertionError where AWS would refuse the body, or the order of its messages."""
    shapes.check(body)
    messages = body["messages"]
    assert [message["role"] for message in messages] == [
        "user" if at % 2 == 0 else "assistant" for at in range(len(messages))
    ]
    waiting: list[str] = []
    names: list[str] = []
    for message in messages:
        content = message["content"]
        assert content
        assert [next(iter(piece)) for piece in content] != ["reasoningContent"] * len(content)
        results = [piece["toolResult"]["toolUseId"] for piece in content if "toolResult" in piece]
        assert results == waiting
        if results:
            assert "toolResult" in content[0]
            kinds = {next(iter(piece)) for piece in content} - {"toolResult", "cachePoint", "searchResult"}
            assert kinds <= set(beside)
        if any("document" in piece for piece in content):
            assert any("text" in piece for piece in content)
        names += [piece["document"]["name"] for piece in content if "document" in piece]
        waiting = [piece["toolUse"]["toolUseId"] for piece in content if "toolUse" in piece]
        assert len(set(waiting)) == len(waiting)
        assert "toolConfig" in body or not (waiting or results)
    assert waiting == []
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("model", ALL)
def test_aws_takes_every_recorded_request(model: str, shared: Path) -> None:
    to = target(model)
    refused: list[str] = []
    seen = 0
    for name, request in recorded(shared):
        seen += 1
        try:
            sent = encode(parse(json.dumps(request).encode()).request, to)
        except InvalidRequest as error:
            refused.append(error.message.partition(": ")[0])
            continue
        try:
            check(json.loads(sent.body), to.dialect.beside_results)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
        assert len(set(sent.losses)) == len(sent.losses), name
    assert seen > 300
    # Each names what it refuses: files of Anthropic's, media and tools that the model does not take, other servers.
    assert all(path.startswith(("messages.", "tools.", "tool_choice.", "mcp_servers")) for path in refused), refused
    assert len(refused) <= 36, refused


@pytest.mark.parametrize("model", ALL)
def test_every_text_is_carried_or_reported_or_refused(model: str, shared: Path) -> None:
    to = target(model)
    missing = []
    for name, request in recorded(shared):
        if not to.dialect.tools:
            request.pop("tool_choice", None)  # a tool that is forced and cannot be given is refused
        marked, marks = mark(request)
        lost, _ = unaccounted(lambda parsed: encode(parsed.request, to), marked, marks)
        missing += [f"{name}: {path}" for path in lost]
    assert missing == []


def test_aws_counts_every_recorded_request(shared: Path) -> None:
    counted = 0
    for _, request in recorded(shared):
        sent = count(parse(json.dumps(request).encode()), {}, target(CLAUDE))
        if sent is not None:
            shapes.check(json.loads(sent.body), "CountTokens")
            counted += 1
    assert counted > 280


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": [{"words": "hi"}]}]},
        {"messages": [{"role": "user", "content": [{"text": "hi", "image": {}}]}]},
        {"messages": [{"role": "tool", "content": [{"text": "hi"}]}]},
        {"messages": [{"role": "assistant", "content": [{"toolUse": {"toolUseId": "a b", "name": "n", "input": {}}}]}]},
        {"messages": [], "toolConfig": {"tools": [{"toolSpec": {"name": "a"}}]}},
        {"messages": [], "inferenceConfig": {"temperature": "hot"}},
        {"messages": [{"role": "user", "content": [{"image": {"format": "bmp", "source": {"bytes": "aGk="}}}]}]},
    ],
)
def test_the_check_finds_what_is_wrong(body: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        check(body, ())
