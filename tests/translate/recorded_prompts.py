"""Recorded chat-completions requests as Messages requests, with the prompt tokens that their provider counted.

    python -m tests.translate.recorded_prompts FOLDER_OF_RECORDINGS

prints how far `tokens.estimate` and `tokens.count` are from them: the constants in `translate.tokens` come from here.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ccproxy.translate import tokens
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.parse import parse


class Prompt(NamedTuple):
    """One recorded request: `tokens` is the provider's `prompt_tokens`."""

    provider: str
    name: str
    request: MessagesRequest
    tokens: int


def prompts(recordings: Path) -> Iterator[Prompt]:
    """Every chat-completions recording with a whole request and a usage. Cut texts cannot be compared."""
    for path in sorted(recordings.glob("*/*.json")):
        record = json.loads(path.read_bytes())
        if record["api"] not in ("openai-chat", "mistral") or "text_truncated" in (record.get("altered") or ()):
            continue
        body, counted = record.get("request"), prompt_tokens(record)
        if isinstance(body, dict) and body.get("messages") and counted:
            yield Prompt(record["provider"], path.name, as_messages(body, record["provider"]), counted)


def prompt_tokens(record: dict[str, Any]) -> int | None:
    """The last `prompt_tokens` that the answer names, wherever it stands."""
    chunks = [record.get("response_body")]
    for line in (record.get("response_stream") or "").splitlines():
        if line.startswith("data:") and line[5:].lstrip().startswith("{"):
            try:
                chunks.append(json.loads(line[5:]))
            except ValueError:  # a stream that was cut
                continue
    found = None
    for chunk in chunks:
        if isinstance(chunk, dict):
            usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or {}
            found = usage.get("prompt_tokens") or found
    return found


def as_messages(body: dict[str, Any], provider: str) -> MessagesRequest:
    """A chat-completions request in Anthropic's form, as far as prompt tokens go."""
    request: dict[str, Any] = {"model": f"{provider}/{body.get('model') or 'any'}", "messages": []}
    for message in body["messages"]:
        request["messages"].append(_message(message))
    declared = [tool.get("function", tool) for tool in body.get("tools") or ()] + (body.get("functions") or [])
    request["tools"] = [_tool(function) for function in declared if "name" in function]
    schema = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")
    if schema:
        request["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    return parse(msgspec.json.encode(request), counting=True).request


def _tool(function: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": function["name"],
        "description": function.get("description"),
        "input_schema": function.get("parameters") or {},
    }


def _message(message: dict[str, Any]) -> dict[str, Any]:
    role, blocks = message["role"], _content(message.get("content"))
    if reasoning := message.get("reasoning_content") or message.get("reasoning"):
        blocks.insert(0, {"type": "thinking", "thinking": reasoning})
    for call in message.get("tool_calls") or ():
        function = call["function"]
        try:
            arguments = json.loads(function.get("arguments") or "{}")
        except ValueError:
            arguments = {"": function["arguments"]}
        arguments = arguments if isinstance(arguments, dict) else {"": arguments}
        blocks.append({"type": "tool_use", "id": call.get("id") or "", "name": function["name"], "input": arguments})
    if role in ("tool", "function"):
        blocks = [{"type": "tool_result", "tool_use_id": message.get("tool_call_id") or "", "content": blocks}]
    return {"role": {"assistant": "assistant", "user": "user", "tool": "user"}.get(role, "system"), "content": blocks}


def _content(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [_part(part) for part in content or () if isinstance(part, dict)]


def _part(part: dict[str, Any]) -> dict[str, Any]:
    match part:
        case {"type": "text", "text": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "image_url", "image_url": {"url": str(url)} | str(url)}:
            return {"type": "image", "source": _source(url)}
        case {"type": "file", "file": {"file_data": str(data)}} | {"type": "document_url", "document_url": str(data)}:
            return {"type": "document", "source": _source(data)}
    return {"type": "text", "text": json.dumps(part)[:200]}


def _source(url: str) -> dict[str, Any]:
    head, comma, data = url.partition(";base64,")
    if comma:
        return {"type": "base64", "media_type": head.removeprefix("data:"), "data": data}
    return {"type": "url", "url": url}


class Spread(NamedTuple):
    """How far a counter is from the providers' figures: median and 90th percentile of |ours - theirs| / theirs."""

    prompts: int
    median: float
    p90: float


def spread(counter: Callable[[MessagesRequest], int], recorded: list[Prompt]) -> Spread:
    """The counter's errors over these prompts."""
    errors = sorted(abs(counter(prompt.request) - prompt.tokens) / prompt.tokens for prompt in recorded)
    return Spread(len(errors), statistics.median(errors), errors[int(len(errors) * 0.9)])


def main(folder: str) -> None:
    """Print a table: overall, then per provider."""
    recorded = list(prompts(Path(folder)))
    groups = {"all": recorded}
    for prompt in recorded:
        groups.setdefault(prompt.provider, []).append(prompt)
    print(f"{'provider':24}{'prompts':>8}{'estimate p50':>14}{'p90':>8}{'count p50':>12}{'p90':>8}")  # noqa: T201
    for name, members in sorted(groups.items(), key=lambda group: -len(group[1])):
        cheap, good = spread(tokens.estimate, members), spread(tokens.count, members)
        print(  # noqa: T201
            f"{name:24}{cheap.prompts:>8}{cheap.median:>14.1%}{cheap.p90:>8.0%}{good.median:>12.1%}{good.p90:>8.0%}"
        )


if __name__ == "__main__":
    main(sys.argv[1])
