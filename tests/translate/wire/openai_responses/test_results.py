from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.openai_chat.requests import PDF, PNG, assistant, request, result, text, use, user

from .requests import items, losses

IMAGE = {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,aGk="}
FILE = {"type": "input_file", "filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}


def part(words: str) -> dict[str, Any]:
    return {"type": "input_text", "text": words}


def wish(content: Any, **more: Any) -> Any:
    return request([user("a"), assistant(use()), user(result(content=content, **more))])


@pytest.mark.parametrize(
    ("content", "more", "expected"),
    [
        ("found", {}, "found"),
        (None, {}, "(no output)"),
        ("", {}, "(no output)"),
        (" ", {}, "(no output)"),
        ([], {}, "(no output)"),
        ([text(" ")], {}, "(no output)"),
        ([text("a"), text("b")], {}, "a\n\nb"),
        ([PNG], {}, [IMAGE]),
        ([text("a"), PDF, text("b")], {}, [part("a"), FILE, part("b")]),
        ("broke", {"is_error": True}, "Error: broke"),
        ("Error 5", {"is_error": True}, "Error 5"),
        (None, {"is_error": True}, "Error: (no output)"),
        ([PNG], {"is_error": True}, [part("Error:"), IMAGE]),
        ([text("a"), PNG], {"is_error": True}, [part("Error: a"), IMAGE]),
        ([{"type": "tool_reference", "tool_name": "look"}], {}, "Tool available: look"),
    ],
)
def test_outputs(content: Any, more: dict[str, Any], expected: Any) -> None:
    assert items(wish(content, **more))[-1] == {"type": "function_call_output", "call_id": "t1", "output": expected}
    assert losses(wish(content, **more)) == []


def test_what_cannot_be_shown_is_told_and_reported() -> None:
    shown = wish([text("a"), PNG, PDF])
    assert items(shown, images="none", pdf="none")[-1]["output"] == (
        "a\n\n[an image: not shown, because this model cannot be given it]"
        "\n\n[a document: not shown, because this model cannot be given it]"
    )
    assert losses(shown, images="none", pdf="none") == [f"messages[2].content[0].content[{at}]" for at in (1, 2)]


def test_what_an_output_cannot_hold_is_reported() -> None:
    marked = wish("a", cache_control={"type": "ephemeral"}, toolset_name="t")
    assert losses(marked) == ["messages[2].content[0].toolset_name", "messages[2].content[0].cache_control"]


def test_an_attachment_says_whose_it_is() -> None:
    out = items(request([user(text("a"), result("t9", [PNG]))]), result_media=False)
    assert out[0]["content"] == [
        part("a"),
        part("[attachment of the result of t9]"),
        IMAGE,
        part("[result of an earlier tool call t9]"),
        part("(see the attachment in the user message below)"),
    ]
