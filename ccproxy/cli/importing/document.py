"""The file that is imported, as a document: JSON with the liberties that its writers take, or YAML."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from ccproxy.errors import InvalidRequest

# claude-code-router reads JSON5, and its own example ends an object with a comma.
_COMMENTS = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMAS = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)


def read(file: Path) -> dict[str, Any]:
    """The document. Raises InvalidRequest for a file that cannot be read, or holds no object."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidRequest(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidRequest(f"{file}: is not text in UTF-8") from None
    try:
        document = _json(text) if text.lstrip().startswith(("{", "//", "/*")) else yaml.safe_load(text)
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
        # Comments make room for themselves, so that positions in messages stay right.
        bare = _COMMENTS.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)
        return json.loads(_LAST_COMMAS.sub(lambda found: found[1] or " ", bare))
