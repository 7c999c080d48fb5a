"""Tool results of every shape: the tool message, and what moves behind it."""

from __future__ import annotations

from typing import Any

import pytest

from .requests import PDF, PNG, assistant, losses, messages, request, result, text, use, user

PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


def answered(block: dict[str, Any], **about: Any) -> list[dict[str, Any]]:
    return messages(request([user("go"), assistant(use()), user(block)]), **about)[2:]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (result(content="found"), "found"),
        (result(content=[text("one"), text("two")]), "one\n\ntwo"),
        (result(content=""), "(no output)"),
        (result(content=[]), "(no output)"),
        (result(content=None), "(no output)"),
        ({"type": "tool_result", "tool_use_id": "t1"}, "(no output)"),
        (result(content=[text(" ")]), "(no output)"),
        (result(content="no such file", is_error=True), "Error: no such file"),
        (result(content="Error: no such file", is_error=True), "Error: no such file"),
        (result(content="<tool_use_error>bad</tool_use_error>", is_error=True), "<tool_use_error>bad</tool_use_error>"),
        (result(content="", is_error=True), "Error: (no output)"),
        (result(content="fine", is_error=False), "fine"),
        (result(content=[{"type": "tool_reference", "tool_name": "Grep"}]), "Tool available: Grep"),
        (
            result(content=[{"type": "document", "source": {"type": "text", "data": "d"}}]),
            "<document>\nd\n</document>",
        ),
        (result(content=[text("a"), {"type": "browser_state", "x": 1}]), "a"),
    ],
)
def test_text_of_a_result(block: dict[str, Any], expected: str) -> None:
    assert answered(block) == [{"role": "tool", "tool_call_id": "t1", "content": expected}]


def test_images_and_documents_move_behind_all_tool_messages() -> None:
    wish = request(
        [
            user("go"),
            assistant(use("t1", "Read"), use("t2", "Shot")),
            user(result("t1", [text("two pages"), PDF]), text("and now?"), result("t2", [PNG])),
        ]
    )
    assert messages(wish, pdf="file")[2:] == [
        {
            "role": "tool",
            "tool_call_id": "t1",
            "content": "two pages\n\n(see the attachment in the user message below)",
        },
        {"role": "tool", "tool_call_id": "t2", "content": "(see the attachment in the user message below)"},
        {
            "role": "user",
            "content": [
                text("[attachment of the result of Read t1]"),
                {
                    "type": "file",
                    "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
                },
                text("[attachment of the result of Shot t2]"),
                PART,
                text("and now?"),
            ],
        },
    ]


@pytest.mark.parametrize(("block", "kind"), [(PNG, "an image"), (PDF, "a document")])
def test_what_a_result_cannot_show_is_told_to_the_model_and_reported(block: dict[str, Any], kind: str) -> None:
    """Refusing it would end an agent's session: the result stays in the history of all later requests."""
    wish = request([user("go"), assistant(use()), user(result(content=[text("here"), block]))])
    tool_message = messages(wish, images="none")[2]
    assert tool_message["content"] == f"here\n\n[{kind}: not shown, because this model cannot be given it]"
    assert losses(wish, images="none") == ["messages[2].content[0].content[1]"]


def test_losses_of_a_result() -> None:
    block = result(content=[text("a", cache_control={"type": "ephemeral"})], cache_control={"type": "ephemeral"})
    block["toolset_name"] = "computer"
    wish = request([user("go"), assistant(use()), user(block)])
    assert losses(wish) == [
        "messages[2].content[0].toolset_name",
        "messages[2].content[0].cache_control",
        "messages[2].content[0].content[0].cache_control",
    ]


def test_a_cache_mark_goes_along_where_it_is_taken() -> None:
    marked = {"cache_control": {"type": "ephemeral"}}
    assert answered(result(content=[text("a", **marked)], **marked), cache_control=True) == [
        {"role": "tool", "tool_call_id": "t1", "content": [text("a", **marked)]}
    ]
