"""Recorded streams as sparser servers would have sent them: whatever is left out, the client gets the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccproxy.translate import render
from ccproxy.translate.wire.openai_responses import StreamDecoder
from tests.translate.contexts import context
from tests.translate.grammar import Said, check, frames
from tests.translate.replaying import RECORDINGS, each, fed, streamed

Event = dict[str, Any]
_API = ("openai-responses",)


def _without_deltas(events: list[Event]) -> list[Event]:
    return [event for event in events if not event["type"].endswith(".delta")]


def _without_ends_of_parts(events: list[Event]) -> list[Event]:
    ends = ("_text.done", "_part.done", "_arguments.done", "refusal.done")
    return [event for event in events if not event["type"].endswith(ends)]


def _without_beginnings(events: list[Event]) -> list[Event]:
    return [event for event in events if not event["type"].endswith(("_item.added", "_part.added"))]


def _without_ends(events: list[Event]) -> list[Event]:
    """What was streamed ends with the answer."""
    streamed = ("message", "reasoning", "function_call")
    ended = "response.output_item.done"
    return [event for event in events if event["type"] != ended or event["item"]["type"] not in streamed]


def _only_ends(events: list[Event]) -> list[Event]:
    return [event for event in events if event["type"] == "response.output_item.done" or event is events[-1]]


def _without_whole_output(events: list[Event]) -> list[Event]:
    return [*events[:-1], events[-1] | {"response": events[-1]["response"] | {"output": []}}]


def _without_places(events: list[Event]) -> list[Event]:
    """Only ids tell the items apart; Copilot's change with each event, so they are made anew."""
    found = []
    for event in events:
        place = event.get("output_index")
        event = {name: value for name, value in event.items() if name != "output_index"}
        if "item" in event:
            event["item"] = event["item"] | {"id": f"item_{place}"}
        elif place is not None:
            event["item_id"] = f"item_{place}"
        found.append(event)
    return found


def _events(record: dict[str, Any]) -> list[Event]:
    lines = record["response_stream"].replace("\r\n", "\n").split("\n")
    data = [line[5:].strip() for line in lines if line.startswith("data:")]
    return [json.loads(text) for text in data if text and text != "[DONE]"]


def _said(events: list[Event]) -> Said:
    data = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    return check(frames(render.events(fed(StreamDecoder(context()), data))))


def _whole(record: dict[str, Any]) -> bool:
    """Whether deltas, ends and the whole output say the same: authors shortened some, ChatGPT's backend leaves out."""
    if not streamed(record):
        return False
    try:
        events = _events(record)
    except ValueError:
        return False
    output = events[-1]["response"].get("output")
    told = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    pieces = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    texts = [part.get("text") or "" for item in told if item["type"] == "message" for part in item["content"]]
    return (
        bool(output)
        and [item["type"] for item in output] == [item["type"] for item in told]
        and ("".join(texts) == pieces)
    )


def _kinds(said: Said) -> list[str]:
    """The blocks that say something; what reasoning brings back may come in another place."""
    return sorted(block["type"] for block in said.blocks if block["type"] != "thinking" or block["thinking"])


def _calls(said: Said) -> list[tuple[str, str, str]]:
    return [(block["id"], block["name"], block["partial_json"]) for block in said.blocks if block["type"] == "tool_use"]


def _same(left_out: Callable[[list[Event]], list[Event]]) -> Callable[[dict[str, Any]], None]:
    def replay(record: dict[str, Any]) -> None:
        events = _events(record)
        full, sparse = _said(events), _said(left_out(events))
        assert sparse.text == full.text
        assert sparse.thinking == full.thinking
        assert _calls(sparse) == _calls(full)
        assert sparse.stop_reason == full.stop_reason
        assert _kinds(sparse) == _kinds(full)
        assert sparse.usage == full.usage
        cited = [[one["url"] for block in said.blocks for one in block["citations"]] for said in (sparse, full)]
        assert cited[0] == cited[1]

    return replay


LEFT_OUT = [
    _without_deltas,
    _without_ends_of_parts,
    _without_beginnings,
    _without_ends,
    _only_ends,
    _without_whole_output,
    _without_places,
]


@pytest.mark.parametrize("left_out", LEFT_OUT)
def test_the_recordings_that_are_kept_here(left_out: Callable[[list[Event]], list[Event]]) -> None:
    assert each(RECORDINGS, _API, _whole, _same(left_out)) >= 2


@pytest.mark.parametrize("left_out", LEFT_OUT)
def test_every_recording(shared: Path, left_out: Callable[[list[Event]], list[Event]]) -> None:
    assert each(shared / "wire" / "recorded", _API, _whole, _same(left_out)) > 150
