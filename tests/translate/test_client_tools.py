"""Tools that Anthropic defines and clients run get words and a schema of their own."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.translate.client_tools import define
from ccproxy.translate.messages import Tool


def defined(type: str, **about: Any) -> tuple[str, dict[str, Any]]:
    found = define(Tool(type=type, name="x", **about))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("type", "properties", "required"),
    [
        ("bash_20241022", {"command", "restart"}, []),
        ("bash_20250124", {"command", "restart"}, []),
        (
            "memory_20250818",
            {
                "command",
                "path",
                "view_range",
                "file_text",
                "old_str",
                "new_str",
                "insert_line",
                "insert_text",
                "old_path",
                "new_path",
            },
            ["command"],
        ),
    ],
)
def test_bash_and_memory(type: str, properties: set[str], required: list[str]) -> None:
    description, schema = defined(type)
    assert description
    assert schema["type"] == "object"
    assert set(schema["properties"]) == properties
    assert schema["required"] == required


@pytest.mark.parametrize(
    ("type", "undo", "inserted"),
    [
        ("text_editor_20241022", True, False),
        ("text_editor_20250124", True, False),
        ("text_editor_20250429", False, True),
        ("text_editor_20250728", False, True),
    ],
)
def test_text_editor_by_version(type: str, undo: bool, inserted: bool) -> None:
    description, schema = defined(type)
    assert ("undo_edit" in schema["properties"]["command"]["enum"]) is undo
    assert ("undo_edit" in description) is undo
    assert ("insert_text" in schema["properties"]) is inserted
    assert schema["required"] == ["command", "path"]


def test_text_editor_says_how_much_it_shows() -> None:
    assert "cut to 5000 characters" in defined("text_editor_20250728", max_characters=5000)[0]


@pytest.mark.parametrize(
    ("type", "about", "has", "lacks"),
    [
        ("computer_20241022", {}, {"left_click"}, {"scroll", "zoom"}),
        ("computer_20250124", {}, {"left_click", "scroll"}, {"zoom"}),
        ("computer_20251124", {"enable_zoom": True}, {"scroll", "zoom"}, set()),
    ],
)
def test_computer_by_version(type: str, about: dict[str, Any], has: set[str], lacks: set[str]) -> None:
    _, schema = defined(type, **about)
    actions = set(schema["properties"]["action"]["enum"])
    assert has <= actions
    assert not lacks & actions
    assert ("region" in schema["properties"]) is ("zoom" in has)
    assert ("scroll_amount" in schema["properties"]) is ("scroll" in has)


def test_computer_knows_its_screen() -> None:
    description, _ = defined("computer_20250124", display_width_px=1280, display_height_px=800, display_number=1)
    assert "1280x800" in description
    assert ":1" in description
    assert "1024x768" in defined("computer_20250124")[0]


@pytest.mark.parametrize("type", [None, "custom", "web_search_20250305", "computer_toolset_20260801", "new_thing"])
def test_every_other_type_is_not_ours_to_define(type: str | None) -> None:
    assert define(Tool(type=type, name="x")) is None
