"""What a recorded response says, worked out from the record alone.

Written apart from the decoder and as simply as possible, so that the two can disagree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

_SEARCHES = ("web_search_call", "x_search_call")
_SILENT = ("mcp_list_tools", "tool_search_call", "tool_search_output", "file_search_call", "compaction")
_WAITING = {"local_shell_call": "action", "apply_patch_call": "operation", "shell_call": "action"}


@dataclass
class Expected:
    """What the client must get. `calls` are (id, name, arguments as text), `searches` (query, URLs or None).

    `others` are the types of the items that are told in some other way, `payloads` what reasoning must bring back.
    """

    text: str = ""
    thinking: str = ""
    payloads: list[str] = field(default_factory=list)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    searches: list[tuple[str, list[str] | None]] = field(default_factory=list)
    cited: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    refused: bool = False
    response: dict[str, Any] = field(default_factory=dict)

    @property
    def stop_reason(self) -> str:
        if self.response["status"] == "incomplete":
            return {"max_output_tokens": "max_tokens"}[self.response["incomplete_details"]["reason"]]
        if self.calls:
            return "tool_use"
        return "refusal" if self.refused else "end_turn"


def expected(record: dict[str, Any]) -> Expected:
    """What the record says, streamed or not."""
    if "response_body" in record:
        found = Expected(response=record["response_body"])
        for item in found.response["output"]:
            _item(found, item, {})
        return found
    events = _events(record["response_stream"])
    found = Expected(response=events[-1]["response"])
    told = [event for event in events if event["type"] == "response.output_item.done"]
    for event in told:
        deltas = [one for one in events if one.get("output_index") == event["output_index"]]
        _item(found, event["item"], _deltas(deltas))
    return found


def _events(stream: str) -> list[dict[str, Any]]:
    lines = stream.replace("\r\n", "\n").split("\n")
    data = [line[5:].strip() for line in lines if line.startswith("data:")]
    return [json.loads(text) for text in data if text and text != "[DONE]"]


def _deltas(events: list[dict[str, Any]]) -> dict[str, str]:
    """The text that was streamed, by the types of its events."""
    found: dict[str, str] = {}
    for event in events:
        if event["type"].endswith(".delta") and isinstance(event.get("delta"), str):
            found[event["type"]] = found.get(event["type"], "") + event["delta"]
    return found


def _item(found: Expected, item: dict[str, Any], streamed: dict[str, str]) -> None:
    match item["type"]:
        case "message":
            _message(found, item, streamed)
        case "reasoning":
            texts = [part["text"] for part in item.get("summary") or item.get("content") or []]
            found.thinking += "\n\n".join(texts)
            if item.get("encrypted_content"):
                found.payloads.append(item["encrypted_content"])
        case "function_call":
            found.calls.append((item["call_id"] or item["id"], item["name"], item["arguments"]))
        case "custom_tool_call" if not item["name"].startswith("x_"):
            found.calls.append((item["call_id"], item["name"], json.dumps({"input": item["input"]})))
        case "custom_tool_call":
            found.searches.append((json.loads(item["input"])["query"], None))
        case kind if kind in _WAITING and "environment" not in item:
            name = kind.removesuffix("_call")
            found.calls.append((item["call_id"], name, json.dumps(item[_WAITING[kind]])))
        case "tool_search_call" if item["execution"] == "client":
            found.calls.append((item["call_id"], "tool_search", json.dumps(item["arguments"])))
        case kind if kind in _SEARCHES:
            _search(found, item)
        case kind if kind not in _SILENT:
            found.others.append(kind)


def _message(found: Expected, item: dict[str, Any], streamed: dict[str, str]) -> None:
    whole = ""
    for part in item["content"]:
        found.refused = found.refused or part["type"] == "refusal"
        whole += part.get("text") or part.get("refusal") or ""
        found.cited += [note["url"] for note in part.get("annotations") or [] if note["type"] == "url_citation"]
    # Some recordings were shortened by their authors; a client that is given the pieces adds what is missing.
    pieces = streamed.get("response.output_text.delta", "") + streamed.get("response.refusal.delta", "")
    found.text += pieces + whole[len(pieces) :]


def _search(found: Expected, item: dict[str, Any]) -> None:
    action = item.get("action") or json.loads(item["arguments"])
    urls = [source["url"] for source in action.get("sources") or [] if source.get("url")]
    if action.get("url"):
        url = action["url"].split("#ws_call_id")[0]
        found.searches.append((f"{action.get('pattern', '')} {url}".strip(), [url]))
        return
    queries = [query for query in action.get("queries") or [] if "ws_call_id" not in query]
    found.searches.append((action.get("query") or "; ".join(queries), list(dict.fromkeys(urls)) or None))
