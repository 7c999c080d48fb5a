"""Marks every text of a request, so that a test can tell where each of them went.

    marked, marks = mark(request)
    missing = unaccounted(encode, marked, marks)

Each string that says something gets a mark of its own: texts, titles, URLs, names and descriptions of tools, the data
of images and documents. After encoding it must be in what goes out, or lie under the path of a reported loss, or under
the path that a refusal names; there is no third way. Left alone are the words of the API itself (`type`, `role`, …),
ids, what only its maker can read (signatures, encrypted content), and thinking, which other providers never get.
"""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Callable
from typing import Any

from ccproxy.errors import InvalidRequest
from ccproxy.translate.parse import parse
from ccproxy.translate.target import UpstreamRequest

Marks = dict[str, str]
"""The path of a text, as losses write it, and what must be found of it."""

# The API's own words, and what is compared or looked up but never shown to a model.
_WORDS = frozenset(
    {"type", "role", "media_type", "ttl", "effort", "display", "service_tier", "speed", "model", "error_code"}
    | {"id", "tool_use_id", "file_id", "signature", "encrypted_content", "encrypted_index", "user_id"}
    | {"$schema", "$ref", "$id", "$anchor", "format", "pattern", "contentEncoding", "contentMediaType", "required"}
    | {"name", "tool_name", "caller", "citations", "cache_control", "container", "default", "examples"}
)
_THINKING = ("thinking", "redacted_thinking")
_LONGEST_NAME = 40
_MOST_REFUSALS = 40


def mark(request: dict[str, Any]) -> tuple[dict[str, Any], Marks]:
    """A copy of the request with a mark in each text, and the marks."""
    marking = _Marking()
    marked = marking.value(copy.deepcopy(request), "", "")
    marking.names(marked)
    return marked, marking.marks


def unaccounted(
    encode: Callable[[Any], UpstreamRequest], marked: dict[str, Any], marks: Marks
) -> tuple[list[str], list[str]]:
    """The paths of marked texts that are neither carried nor reported nor refused; and the paths that were refused.

    `encode` takes a Parsed. What is refused is taken out, so that the rest can be looked at.
    """
    refused: list[str] = []
    for _ in range(_MOST_REFUSALS):
        parsed = parse(json.dumps(marked).encode())
        try:
            encoded = encode(parsed)
        except InvalidRequest as error:
            if not _taken_out(marked, error.message.partition(": ")[0]):
                raise  # a refusal that names no path
            refused.append(error.message.partition(": ")[0])
            continue
        return _missing(encoded, [*encoded.losses, *parsed.unknown, *map(_bracketed, refused)], marks), refused
    raise AssertionError(f"refused over and over: {refused}")


def _missing(encoded: UpstreamRequest, excused: list[str], marks: Marks) -> list[str]:
    sent = encoded.body.decode() + encoded.path + json.dumps(encoded.local_stops) + json.dumps(encoded.names)
    return [
        path for path, text in marks.items() if text not in sent and not any(_covers(loss, path) for loss in excused)
    ]


def _covers(loss: str, path: str) -> bool:
    """Whether the loss is that of the path or of something around it; content as a string is its only block."""
    if loss.endswith(".content[0]") and loss[: -len("[0]")] == path:
        return True
    return path == loss or path.startswith((loss + ".", loss + "["))


class _Marking:
    def __init__(self) -> None:
        self.marks: Marks = {}
        self._number = 0

    def value(self, value: Any, path: str, key: str) -> Any:
        if isinstance(value, str):
            return self._text(value, path, key)
        if isinstance(value, list):
            return [self.value(item, f"{path}[{index}]", key) for index, item in enumerate(value)]
        if isinstance(value, dict) and value.get("type") not in _THINKING:
            return {name: self.value(item, _joined(path, name), self._key(name, key)) for name, item in value.items()}
        return value

    @staticmethod
    def _key(name: str, around: str) -> str:
        """Names of a schema's properties are no fields of the API, whatever they are called."""
        return f".{name}" if around == "properties" else name

    def _text(self, text: str, path: str, key: str) -> str:
        if key in _WORDS or not text.strip():
            return text
        if key == "data" and re.fullmatch(r"[A-Za-z0-9+/]+=*", text) and len(text) % 4 == 0:
            return self._data(text, path)
        if text.startswith("x-anthropic-billing-header"):
            return text
        own = self._next()
        self.marks[path] = own
        return f"{text}#{own}" if text.startswith(("http://", "https://")) else text + own

    def _data(self, text: str, path: str) -> str:
        data = base64.b64encode(base64.b64decode(text) + self._next().encode()).decode()
        self.marks[path] = data
        return data

    def _next(self) -> str:
        self._number += 1
        return f"zq{self._number}zq"

    def names(self, marked: dict[str, Any]) -> None:
        """The client's own tools, by the same new name wherever they are called."""
        renamed: dict[str, str] = {}
        for index, tool in enumerate(marked.get("tools") or ()):
            own = tool.get("type") in (None, "custom") and tool.get("name") != "DeferredToolPlaceholder"
            if own and 0 < len(tool["name"]) <= _LONGEST_NAME:
                renamed[tool["name"]] = f"{tool['name']}_{self._next()}"
                self.marks[f"tools[{index}].name"] = renamed[tool["name"]]
        _rename(marked, renamed)


def _rename(value: Any, renamed: dict[str, str]) -> None:
    if isinstance(value, list):
        for item in value:
            _rename(item, renamed)
    elif isinstance(value, dict):
        for key in ("name", "tool_name"):
            named = value.get(key)
            if isinstance(named, str) and value.get("type") in (None, "custom", "tool_use", "tool", "tool_reference"):
                value[key] = renamed.get(named, named)
        for key, item in value.items():
            if key not in ("input", "input_schema"):
                _rename(item, renamed)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _bracketed(path: str) -> str:
    return re.sub(r"\.(\d+)", r"[\1]", path)


def _taken_out(marked: dict[str, Any], path: str) -> bool:
    """Removes what the path leads to; False where it leads nowhere."""
    steps: list[Any] = [int(step) if step.isdigit() else step for step in path.split(".")]
    value: Any = marked
    for step in steps[:-1]:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    last = steps[-1]
    if isinstance(value, list) and isinstance(last, int) and last < len(value):
        # A text in its place, so that the paths behind it stay what they are.
        value[last] = {"type": "text", "text": "left out"} if "messages" in steps else {"name": "left_out"}
        return True
    if isinstance(value, dict) and last in value:
        del value[last]
        return True
    return False
