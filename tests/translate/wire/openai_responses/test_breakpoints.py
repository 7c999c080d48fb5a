from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.openai_chat.requests import (
    PDF,
    PNG,
    assistant,
    request,
    result,
    system,
    text,
    tool,
    use,
    user,
)
from tests.translate.wire.openai_responses.requests import body, items, losses

MARK = {"cache_control": {"type": "ephemeral"}}
END = {"prompt_cache_breakpoint": {"mode": "explicit"}}
IMAGE = {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,aGk="}
FILE = {"type": "input_file", "filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}


def part(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "input_text", "text": words, **more}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (text("a", **MARK), [part("a", **END)]),
        ({**PNG, **MARK}, [{**IMAGE, **END}]),
        ({**PDF, **MARK}, [{**FILE, **END}]),
        ({**PDF, **MARK, "context": "c"}, [part("<context>c</context>"), {**FILE, **END}]),
        ({"type": "tool_reference", "tool_name": "look", **MARK}, [part("Tool available: look", **END)]),
        (text("a", cache_control=None), [part("a")]),
    ],
)
def test_parts(block: dict[str, Any], expected: list[Any]) -> None:
    wish = request([user(block, text("z"))])
    assert items(wish, "openai", model="gpt-5.6")[0]["content"] == [*expected, part("z")]
    assert losses(wish, "openai", model="gpt-5.6") == []


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (result(content="a", **MARK), [part("a", **END)]),
        (result(content=None, **MARK), [part("(no output)", **END)]),
        (result(content=[text("a"), PNG], **MARK), [part("a"), {**IMAGE, **END}]),
        (result(content=[text("a", **MARK)]), [part("a", **END)]),
        (result(content=[text("a", **MARK)], is_error=True), [part("Error:"), part("a", **END)]),
    ],
)
def test_results(block: dict[str, Any], expected: list[Any]) -> None:
    wish = request([user("a"), assistant(use()), user(block)])
    assert items(wish, "openai", model="gpt-5.6")[-1]["output"] == expected
    assert losses(wish, "openai", model="gpt-5.6") == []


def test_a_marked_system_prompt_is_a_message() -> None:
    wish = request(
        system=[text("a", **MARK), text("b")], output_config={"format": {"type": "json_schema", "schema": {}}}
    )
    out = body(wish, "openai", model="gpt-5.6")
    assert "instructions" not in out
    assert out["input"][0] == {"type": "message", "role": "developer", "content": [part("a", **END), part("b")]}


def test_an_hour_is_longer_than_the_provider_keeps_it() -> None:
    wish = request([user(text("a", cache_control={"type": "ephemeral", "ttl": "1h"}))])
    assert losses(wish, "openai", model="gpt-5.6") == ["messages[0].content[0].cache_control.ttl"]


def test_marks_without_a_place_are_reported() -> None:
    turn = [user("a"), assistant(text("b", **MARK), {**use(), **MARK}), user(result())]
    wish = request(turn, tools=[tool(**MARK)])
    assert losses(wish, "openai", model="gpt-5.6") == [
        "tools[0].cache_control",
        "messages[1].content[0].cache_control",
        "messages[1].content[1].cache_control",
    ]


@pytest.mark.parametrize(("kind", "model"), [("openai", "gpt-5.5"), ("azure", "gpt-5.6"), ("xai", "grok-4.3")])
def test_who_knows_no_breakpoints(kind: str, model: str) -> None:
    wish = request([user(text("a", **MARK))], system=[text("s", **MARK)])
    assert losses(wish, kind, model=model) == ["system[0].cache_control", "messages[0].content[0].cache_control"]
    assert "prompt_cache_breakpoint" not in str(body(wish, kind, model=model))


def test_a_mark_stays_where_a_system_message_becomes_a_reminder() -> None:
    wish = request([user("a"), system(text("s"), text("t", **MARK))])
    told = part("<system-reminder>\ns\n\nt\n</system-reminder>", **END)
    assert items(wish, cache_breakpoints=True) == [{"type": "message", "role": "user", "content": [part("a"), told]}]


def test_a_mark_behind_nothing_is_reported() -> None:
    wish = request([user("a"), assistant(use()), user(result(content=[text(" ", **MARK), text("b")]))])
    assert items(wish, "openai", model="gpt-5.6")[-1]["output"] == "b"
    assert losses(wish, "openai", model="gpt-5.6") == ["messages[2].content[0].content[0].cache_control"]
