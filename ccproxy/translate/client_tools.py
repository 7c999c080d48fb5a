"""Tools that Anthropic defines and the client runs: bash, text editor, memory, computer.

Claude knows them by their dated type, so requests carry no schema; other models are told in words and by a schema
what Claude was trained on. The input they produce is what the clients' own implementations take.
"""

from __future__ import annotations

from typing import Any

from ccproxy.translate.messages import Tool

Schema = dict[str, Any]

_PATH = {"type": "string", "description": "Absolute path of the file or directory."}
_POINT = {
    "type": "array",
    "items": {"type": "integer"},
    "minItems": 2,
    "maxItems": 2,
    "description": "(x, y): pixels from the left and from the top edge.",
}


def define(tool: Tool) -> tuple[str, Schema] | None:
    """Description and input schema of an Anthropic-defined client tool; None for every other type."""
    kind = tool.type or ""
    if kind.startswith("bash_"):
        return _BASH, _object({"command": _BASH_COMMAND, "restart": _BASH_RESTART}, [])
    if kind.startswith("text_editor_"):
        return _text_editor(tool, kind)
    if kind.startswith("memory_"):
        return _MEMORY, _object(_MEMORY_FIELDS, ["command"])
    if kind.startswith("computer_2"):
        return _computer(tool, kind)
    return None


def _object(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required}


_BASH = (
    "Run commands in a bash shell. The shell is one session: working directory, variables and background processes "
    "stay from call to call. Interactive programs cannot be used. Output that is very long may be cut. If the shell "
    "hangs, restart it."
)
_BASH_COMMAND = {"type": "string", "description": "The command to run. Required unless the shell is restarted."}
_BASH_RESTART = {"type": "boolean", "description": "true restarts the shell instead of running a command."}


def _text_editor(tool: Tool, kind: str) -> tuple[str, Schema]:
    undo = kind < "text_editor_20250429"  # later versions have no undo_edit
    commands = ["view", "create", "str_replace", "insert", *(["undo_edit"] if undo else [])]
    text = (
        "View, create and edit text files. `view` shows a file with line numbers, or what a directory holds. `create` "
        "writes a new file and replaces an existing one. `str_replace` replaces `old_str`, which must occur exactly "
        "once, white space included, by `new_str`. `insert` puts text after a line."
    )
    if undo:
        text += " `undo_edit` takes the last edit of the file back."
    if tool.max_characters:
        text += f" A view is cut to {tool.max_characters} characters."
    inserted = "new_str" if undo else "insert_text"
    fields: Schema = {
        "command": {"type": "string", "enum": commands, "description": "What to do."},
        "path": _PATH,
        "file_text": {"type": "string", "description": "For `create`: the whole content of the file."},
        "old_str": {"type": "string", "description": "For `str_replace`: the text to be replaced."},
        "new_str": {"type": "string", "description": "For `str_replace`: the new text; left out, the old is deleted."},
        "insert_line": {
            "type": "integer",
            "description": "For `insert`: the line after which the text goes; 0 is the start of the file.",
        },
        "view_range": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "For `view` of a file: first and last line, counted from 1; -1 as the last is the end.",
        },
    }
    fields.setdefault(inserted, {"type": "string", "description": "For `insert`: the text to put in."})
    if undo:
        fields["new_str"] = {
            "type": "string",
            "description": "For `str_replace`: the new text; for `insert`: the text to put in.",
        }
    return text, _object(fields, ["command", "path"])


_MEMORY = (
    "Keep notes in files under /memories, which last from one conversation to the next. Look there (`view` of "
    "/memories) before starting, and write down progress and what was learned. `view` shows a directory or a file, "
    "`create` writes a file, `str_replace` replaces text in it, `insert` puts text after a line, `delete` removes and "
    "`rename` moves a file or directory."
)
_MEMORY_FIELDS: Schema = {
    "command": {
        "type": "string",
        "enum": ["view", "create", "str_replace", "insert", "delete", "rename"],
        "description": "What to do.",
    },
    "path": {"type": "string", "description": "Path under /memories; for all commands but `rename`."},
    "view_range": {
        "type": "array",
        "items": {"type": "integer"},
        "description": "For `view` of a file: first and last line, counted from 1.",
    },
    "file_text": {"type": "string", "description": "For `create`: the whole content of the file."},
    "old_str": {"type": "string", "description": "For `str_replace`: the text to be replaced, unique in the file."},
    "new_str": {"type": "string", "description": "For `str_replace`: the new text."},
    "insert_line": {"type": "integer", "description": "For `insert`: the line after which the text goes."},
    "insert_text": {"type": "string", "description": "For `insert`: the text to put in."},
    "old_path": {"type": "string", "description": "For `rename`: the present path."},
    "new_path": {"type": "string", "description": "For `rename`: the new path."},
}

_COMPUTER_FIRST = [
    "key",
    "type",
    "mouse_move",
    "left_click",
    "left_click_drag",
    "right_click",
    "middle_click",
    "double_click",
    "screenshot",
    "cursor_position",
]
_COMPUTER_LATER = ["left_mouse_down", "left_mouse_up", "scroll", "hold_key", "wait", "triple_click"]


def _computer(tool: Tool, kind: str) -> tuple[str, Schema]:
    """Version 20250124 added scrolling, holding and waiting; 20251124 zooming, where it is enabled."""
    later = kind >= "computer_20250124"
    zoom = bool(tool.enable_zoom)
    actions = _COMPUTER_FIRST + (_COMPUTER_LATER if later else []) + (["zoom"] if zoom else [])
    size = f"{tool.display_width_px or 1024}x{tool.display_height_px or 768}"
    text = (
        f"Use a computer by its screen ({size} pixels), mouse and keyboard. Take a screenshot first and after actions "
        "to see their effect; programs may need time to start. Click in the middle of what is meant."
    )
    if tool.display_number is not None:
        text += f" The X11 display is :{tool.display_number}."
    fields: Schema = {
        "action": {"type": "string", "enum": actions, "description": "What to do."},
        "coordinate": {**_POINT, "description": f"Where: for clicks, moves and scrolls. {_POINT['description']}"},
        "start_coordinate": {**_POINT, "description": f"For left_click_drag: where it starts. {_POINT['description']}"},
        "text": {
            "type": "string",
            "description": "For `type`: the text. For `key` and `hold_key`: keys as xdotool names them, as in ctrl+s. "
            "For clicks and scrolls: modifier keys held meanwhile.",
        },
    }
    if later:
        fields["scroll_direction"] = {"type": "string", "enum": ["up", "down", "left", "right"]}
        fields["scroll_amount"] = {"type": "integer", "description": "For `scroll`: how many clicks of the wheel."}
        fields["duration"] = {"type": "number", "description": "For `hold_key` and `wait`: seconds."}
    if zoom:
        fields["region"] = {
            "type": "array",
            "items": {"type": "integer"},
            "minItems": 4,
            "maxItems": 4,
            "description": "For `zoom`: x0, y0, x1, y1 of the part of the screen to be shown in full resolution.",
        }
    return text, _object(fields, ["action"])
