"""The file that is imported, as a document: JSON with the liberties that its writers take, or YAML."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any, ClassVar

import yaml

from ccproxy.errors import InvalidRequest


class _Yaml(yaml.SafeLoader):
    """YAML as far as JSON goes: `api_version: 2024-02-01` is a text, names are, and nothing makes bytes or sets."""

    yaml_constructors: ClassVar[dict[str | None, Any]] = {
        **yaml.SafeLoader.yaml_constructors,
        "tag:yaml.org,2002:timestamp": yaml.SafeLoader.construct_yaml_str,
        **{
            f"tag:yaml.org,2002:{name}": yaml.SafeLoader.construct_undefined
            for name in ("binary", "set", "omap", "pairs")
        },
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """An object. Its names are texts, whatever YAML takes them for."""
        return {str(name): value for name, value in super().construct_mapping(node, deep).items()}


# claude-code-router reads JSON5, and its own example ends an object with a comma. These are what people write of it:
# comments and texts in single quotes first, then last commas and names without quotes.
_TEXT = r'("(?:\\.|[^"\\])*")'
_QUOTES = re.compile(_TEXT + r"|'((?:\\.|[^'\\])*)'|//[^\n]*|/\*.*?\*/", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)|\"", re.DOTALL)
_NAMES = re.compile(_TEXT + r"|,(?=\s*[}\]])|([A-Za-z_$][\w$]*)(?=\s*:)", re.DOTALL)


def read(file: Path) -> dict[str, Any]:
    """The document. Raises InvalidRequest for a file that cannot be read, or holds no object."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidRequest(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidRequest(f"{file}: is not text in UTF-8") from None
    try:
        document = _json(text) if text.lstrip().startswith(("{", "//", "/*")) else yaml.load(text, _Yaml)  # noqa: S506 - a safe loader with less
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"{file}: not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
        raise InvalidRequest(f"{file}: not YAML: {error.problem}{where}") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise InvalidRequest(f"{file}: neither JSON nor YAML") from None
    if not isinstance(document, dict):
        raise InvalidRequest(f"{file}: must be an object of settings")
    return document


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return json.loads(_NAMES.sub(_named, _QUOTES.sub(_quoted, text)))


def _quoted(found: re.Match[str]) -> str:
    if found[2] is not None:
        return f'"{_ESCAPED.sub(_escaped, found[2])}"'
    # Comments make room for themselves, so that positions in messages stay right.
    return found[1] or re.sub(r"[^\n]", " ", found[0])


def _escaped(found: re.Match[str]) -> str:
    """A quote as it stands between quotes of the other kind."""
    if found[1] is None:
        return '\\"'
    return "'" if found[1] == "'" else found[0]


def _named(found: re.Match[str]) -> str:
    if found[2] is not None:
        return f'"{found[2]}"'
    return found[1] or " "
