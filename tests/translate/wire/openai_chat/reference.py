"""What a recorded chat completion says, worked out from the record alone.

Written apart from the decoder and as simply as possible, so that the two can disagree.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_REASONS = {"length": "max_tokens", "content_filter": "refusal"}


@dataclass
class Expected:
    """What the client must get. `calls` are (id, name, arguments as text)."""

    text: str = ""
    thinking: str = ""
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    finish: str | None = None
    refused: bool = False
    usage: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    found: dict[str, str] = field(default_factory=dict)
    """The web pages that searches found: the URL, and the title where the record has one."""
    searches: int = 0
    """How many searches the record shows or tells of; 0 where it says nothing of them."""

    @property
    def stop_reason(self) -> str:
        if self.finish == "length":
            return "max_tokens"
        if self.calls:
            return "tool_use"
        return "refusal" if self.refused else _REASONS.get(self.finish or "", "end_turn")


def expected(record: dict[str, Any]) -> Expected:
    """What the record says, streamed or not."""
    found = Expected()
    for value in _values(record):
        if value.get("error"):
            found.error = value["error"] if isinstance(value["error"], dict) else {"message": value["error"]}
        usage = value.get("usage") or (value.get("x_groq") or {}).get("usage")
        if usage:
            found.usage = usage
        _pages(found, value)
        for choice in value.get("choices") or []:
            if choice["index"] == 0:
                _choice(
                    found,
                    choice,
                    whole="response_body" in record,
                    repeated="completion.done" in str(value.get("object")),
                )
    tagged = re.match(r"\s*<think>(.*?)(?:</think>(.*)|$)", found.text, re.DOTALL)
    if tagged:
        found.thinking += tagged[1]
        found.text = (tagged[2] or "").lstrip()
    return found


def _values(record: dict[str, Any]) -> list[dict[str, Any]]:
    if "response_body" in record:
        return [record["response_body"]]
    lines = record["response_stream"].replace("\r\n", "\n").split("\n")
    data = [line[5:].strip() for line in lines if line.startswith("data:")]
    return [json.loads(text) for text in data if text and text != "[DONE]"]


def _choice(found: Expected, choice: dict[str, Any], *, whole: bool, repeated: bool) -> None:
    found.finish = choice.get("finish_reason") or found.finish
    said = choice.get("message" if whole else "delta") or {}
    if repeated:
        return
    _content(found, said.get("content"))
    found.text += (said.get("audio") or {}).get("transcript") or ""
    if said.get("refusal"):
        found.refused = True
        found.text += said["refusal"]
    thought = said.get("reasoning_content") or said.get("reasoning")
    if not thought:
        details = said.get("reasoning_details") or []
        thought = "".join(detail.get("text") or detail.get("summary") or "" for detail in details)
    found.thinking += thought
    for call in said.get("tool_calls") or []:
        _call(found, call, whole=whole)
    function = said.get("function_call")
    if function and function["name"]:
        found.calls.append(("", function["name"], function["arguments"]))


def _pages(found: Expected, value: dict[str, Any]) -> None:
    """Every page that is listed anywhere in the answer; a bare list of addresses counts where no other is there."""
    listed = list(value.get("search_results") or value.get("citations") or [])
    ran = 0
    for choice in value.get("choices") or []:
        for said in (choice.get("message") or {}, choice.get("delta") or {}):
            listed += [note["url_citation"] for note in said.get("annotations") or [] if "url_citation" in note]
            for tool in said.get("executed_tools") or []:
                if tool["type"] == "search" and tool.get("output"):
                    ran += 1
                    listed += tool["search_results"]["results"]
    for page in listed:
        url, title = (page, "") if isinstance(page, str) else (page["url"], page.get("title") or "")
        if url:  # files that were sent along are listed too, without one
            found.found[url] = found.found.get(url) or title
    told = ((value.get("usage") or {}).get("server_tool_use_details") or {}).get("web_search_requests") or 0
    found.searches = max(found.searches + ran, told)


def _content(found: Expected, content: Any) -> None:
    if isinstance(content, str):
        found.text += content
    for item in content if isinstance(content, list) else []:
        found.text += item.get("text") or ""
        found.thinking += "".join(part["text"] for part in item.get("thinking") or [])


def _call(found: Expected, call: dict[str, Any], *, whole: bool) -> None:
    function = call["function"]
    given = call.get("id") or ""
    arguments = function.get("arguments") or ""
    if whole or not found.calls or (given and given not in {id for id, _, _ in found.calls}):
        found.calls.append((given, function["name"], arguments))
        return
    # Recorded deltas that continue a call come in the order of the calls, so they belong to the last one.
    id, name, text = found.calls[-1]
    found.calls[-1] = (id, name, text + arguments)
