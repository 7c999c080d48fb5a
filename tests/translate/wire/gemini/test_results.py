"""Results of tools as function responses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translate.wire.gemini.requests import NEW, OLD, contents, losses
from tests.translate.wire.openai_chat.requests import PDF, PNG, assistant, request, result, text, use, user

GIF = {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "aGk="}}
IMAGE = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}


def heard(*answers: dict[str, Any], model: str = NEW, calls: tuple[str, ...] = ("t1",)) -> list[dict[str, Any]]:
    """The parts of the content behind the calls."""
    talk = [user("hi"), assistant(*(use(id) for id in calls)), user(*answers)]
    return contents(request(talk), model)[2]["parts"]


@pytest.mark.parametrize(
    ("content", "more", "expected"),
    [
        ("found", {}, {"result": "found"}),
        ([text("a"), text("b")], {}, {"result": "a\n\nb"}),
        ("", {}, {"result": "(no output)"}),
        (None, {}, {"result": "(no output)"}),
        ("no such file", {"is_error": True}, {"error": "no such file"}),
    ],
)
def test_the_text_of_a_result(content: Any, more: dict[str, Any], expected: dict[str, Any]) -> None:
    assert heard(result(content=content, **more)) == [
        {"functionResponse": {"name": "look", "id": "t1", "response": expected}}
    ]


def test_newer_models_have_images_inside_of_the_response() -> None:
    (part,) = heard(result(content=[text("see"), PNG]))
    assert part["functionResponse"]["response"] == {"result": "see"}
    assert part["functionResponse"]["parts"] == [IMAGE]
    (part,) = heard(result(content=[PDF]))
    assert part["functionResponse"]["response"] == {"result": "(see the parts)"}


def test_older_models_have_them_beside_it() -> None:
    first, named, image = heard(result(content=[text("see"), PNG]), model=OLD)
    assert first["functionResponse"]["response"] == {"result": "see\n\n(see the attachment behind this result)"}
    assert named == {"text": "[attachment of the result of look t1]"}
    assert image == IMAGE


def test_what_no_response_may_hold_stands_beside_it() -> None:
    audio = {"type": "document", "source": {"type": "base64", "media_type": "audio/mpeg", "data": "aGk="}}
    response, named, part = heard(result(content=[audio, PNG]))
    assert response["functionResponse"]["parts"] == [IMAGE]
    assert "attachment" in named["text"]
    assert part["inlineData"]["mimeType"] == "audio/mpeg"


def test_all_responses_stand_before_what_is_beside_them() -> None:
    found = heard(result("t1", [PNG]), result("t2", "two"), text("and?"), model=OLD, calls=("t1", "t2"))
    assert [next(iter(part)) for part in found] == [
        "functionResponse",
        "functionResponse",
        "text",
        "inlineData",
        "text",
    ]


def test_what_cannot_be_shown_is_told_and_reported() -> None:
    (part,) = heard(result(content=[text("a"), GIF]))
    assert part["functionResponse"]["response"]["result"] == (
        "a\n\n[an image: not shown, because this model cannot be given it]"
    )
    talk = [user("hi"), assistant(use()), user(result(content=[text("a"), GIF]))]
    assert losses(request(talk)) == ["messages[2].content[0].content[1]"]


def test_a_call_that_was_interrupted_has_a_result() -> None:
    found = heard(text("stop"), calls=("t1", "t2"))
    assert [part["functionResponse"]["response"] for part in found[:2]] == [
        {"error": "[no result: the call was interrupted]"}
    ] * 2
    assert found[2] == {"text": "stop"}


def test_a_result_without_a_call_becomes_text() -> None:
    found = contents(request([user(result("gone", [text("x"), PNG], is_error=True), text("go on"))]))
    assert found[0]["parts"] == [
        IMAGE,
        {"text": "[result of an earlier tool call gone]\n\nError: x"},
        {"text": "go on"},
    ]


def test_what_a_result_holds_besides_is_reported() -> None:
    talk = [user("hi"), assistant(use()), user(result(cache_control={"type": "ephemeral"}, toolset_name="browser"))]
    assert losses(request(talk)) == ["messages[2].content[0].toolset_name", "messages[2].content[0].cache_control"]
