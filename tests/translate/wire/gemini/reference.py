"""What a recorded answer of Gemini says, worked out from the record alone.

Written apart from the decoder and as simply as possible, so that the two can disagree.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from typing import Any

_COUNTS = ("prompt", "candidates", "thoughts", "cachedContent", "toolUsePrompt")
_SHOWN = {"image": "[an image that cannot be shown here]", "audio": "[a sound that cannot be played here]"}


@dataclass
class Expected:
    """What the client must get.

    `order` are the kinds of what was said, neighbours of one kind as one. `calls` are [id, name, input], `signed` the
    signatures of the calls, by their place. `counts` are the usage's, each as it was told last.
    """

    text: str = ""
    thinking: str = ""
    order: list[str] = field(default_factory=list)
    calls: list[list[Any]] = field(default_factory=list)
    signed: dict[int, str] = field(default_factory=dict)
    runs: list[tuple[str, str]] = field(default_factory=list)
    queries: set[str] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)
    cited: set[tuple[str, str]] = field(default_factory=set)
    finish: Any = None
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def stop_reason(self) -> str:
        if self.finish in ("MAX_TOKENS", 2):
            return "max_tokens"
        return "tool_use" if self.calls else "end_turn"

    def said(self, kind: str) -> None:
        if self.order[-1:] != [kind] or kind in ("tool_use", "server_tool_use"):
            self.order.append(kind)


def chunks(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The record's chunks."""
    if "response_body" in record:
        body = record["response_body"]
        return body if isinstance(body, list) else [body]
    lines = record["response_stream"].replace("\r\n", "\n").split("\n")
    return [json.loads(line[5:]) for line in lines if line.startswith("data:")]


def expected(record: dict[str, Any]) -> Expected:
    """What the record says, streamed or not."""
    found = Expected()
    for chunk in chunks(record):
        for name in _COUNTS:
            count = chunk.get("usageMetadata", {}).get(name + "TokenCount")
            if count is not None:
                found.counts[name] = count
        candidate = chunk["candidates"][0]
        found.finish = candidate.get("finishReason") or found.finish
        for part in candidate.get("content", {}).get("parts", []):
            _part(found, part)
        _grounding(found, candidate)
    return found


def _part(found: Expected, part: dict[str, Any]) -> None:
    if "functionCall" in part:
        _call(found, part["functionCall"], part.get("thoughtSignature"))
    elif "executableCode" in part:
        found.said("server_tool_use")
        found.runs.append((part["executableCode"]["code"], ""))
    elif "codeExecutionResult" in part:
        found.runs[-1] = (found.runs[-1][0], part["codeExecutionResult"].get("output", ""))
    elif "inlineData" in part:
        found.said("text")
        found.text += _SHOWN[part["inlineData"]["mimeType"].split("/")[0]]
    elif "toolCall" in part:
        found.queries |= set(part["toolCall"].get("args", {}).get("queries", []))
    elif part.get("text"):
        kind = "thinking" if part.get("thought") else "text"
        found.said(kind)
        setattr(found, kind, getattr(found, kind) + part["text"])


def _call(found: Expected, call: dict[str, Any], signature: str | None) -> None:
    if "name" in call:
        found.said("tool_use")
        found.calls.append([call.get("id", ""), call["name"], call.get("args", {})])
        if signature:
            found.signed[len(found.calls) - 1] = signature
    for piece in call.get("partialArgs", []):
        place = found.calls[-1][2]
        steps = [int(step) if step.isdigit() else step for step in re.findall(r"[^$.\[\]]+", piece["jsonPath"])]
        for step, after in itertools.pairwise(steps):
            below: Any = [] if isinstance(after, int) else {}
            if isinstance(step, int):
                place += [below] * (step + 1 - len(place))
                place = place[step]
            else:
                place = place.setdefault(step, below)
        if isinstance(steps[-1], int):
            place += [""] * (steps[-1] + 1 - len(place))
        elif "stringValue" in piece:
            place.setdefault(steps[-1], "")
        if "stringValue" in piece:
            place[steps[-1]] += piece["stringValue"]
        else:
            place[steps[-1]] = piece["numberValue"]


def _grounding(found: Expected, candidate: dict[str, Any]) -> None:
    grounding = candidate.get("groundingMetadata", {})
    found.queries |= set(grounding.get("webSearchQueries", []))
    sources = [chunk.get("web", {}) for chunk in grounding.get("groundingChunks", [])]
    found.pages |= {source["uri"] for source in sources if source}
    for support in grounding.get("groundingSupports", []):
        for index in support["groundingChunkIndices"]:
            if sources[index]:
                found.cited.add((sources[index]["uri"], support["segment"]["text"]))
    for page in candidate.get("urlContextMetadata", {}).get("urlMetadata", []):
        found.pages.add(page["retrievedUrl"])
