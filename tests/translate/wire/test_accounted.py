"""Every text of every recorded request goes out on every wire, or its loss is told, or it is refused by its path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccproxy import presets
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.wires import TRANSLATING
from ccproxy.store.providers import Provider
from ccproxy.translate.target import Target
from tests.translate.marking import mark, unaccounted

TARGETS = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-5.6"),
    ("xai", "grok-4.3"),
    ("openrouter", "anthropic/claude-opus-5"),
    ("deepseek", "deepseek-v4-pro"),
    ("mistral", "mistral-small-latest"),
    ("ollama", "qwen3"),
    ("cohere", "command-a-03-2025"),
    ("cohere", "command-a-plus-05-2026"),
    ("gemini", "gemini-2.0-flash"),
    ("gemini", "gemini-2.5-pro"),
    ("gemini", "gemini-3-pro"),
    ("vertex", "gemini-3-pro"),
    ("bedrock", "us.amazon.nova-2-lite-v1:0"),
    ("bedrock", "mistral.mistral-large-3-675b-instruct"),
]
OPTIONS: dict[str, dict[str, Any]] = {"vertex": {"project": "p"}}


def target(kind: str, model: str) -> Target:
    preset = presets.find(kind)
    assert preset is not None
    options = OPTIONS.get(kind, {})
    url = presets.base_url(preset, None, options)
    provider = Provider(name=kind, type=kind, api_base_url=url, api_key="k", options=options)
    return for_model(connect(provider), model)


def recorded(shared: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The recorded requests to Anthropic, and Claude Code's own."""
    for path in sorted((shared / "wire" / "recorded").glob("*/anthropic-*.json")):
        record = json.loads(path.read_bytes())
        request = record["request"]
        if isinstance(request, dict) and "messages" in request:
            yield f"{path.parent.name}/{path.name}", {"model": "claude", "max_tokens": 1024} | request
    for path in sorted((shared / "clients").glob("*.json")):
        body = json.loads(path.read_bytes())
        if "messages" in body:
            yield path.name, body


@pytest.mark.parametrize(("kind", "model"), TARGETS)
def test_every_text_is_carried_or_reported_or_refused(kind: str, model: str, shared: Path) -> None:
    to = target(kind, model)
    wire = TRANSLATING[to.wire]
    missing = []
    count = 0
    for name, request in recorded(shared):
        marked, marks = mark(request)
        count += 1
        missing += [
            f"{name}: {path}" for path in unaccounted(lambda parsed: wire.encode(parsed.request, to), marked, marks)[0]
        ]
    assert missing == []
    assert count > 300
