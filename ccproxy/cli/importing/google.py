"""Google's accounts as other programs have them: in an object, in a text, or in a file of their machine.

The file is read, for that machine is the one that runs the import.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ccproxy.gateway.credentials import keys
from ccproxy.settings import Secret

_LARGEST = 65536


def account(given: Any) -> Secret:
    """An account's JSON: given as an object, as text, or as the path of a file that holds it.

    Raises ValueError that says what is wrong, and repeats nothing of what may be secret.
    """
    text = json.dumps(given) if isinstance(given, dict) else str(given).strip()
    if not text.startswith("{"):
        text = _content(text)
    keys.account(text)
    return Secret(text)


def _content(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(_LARGEST).strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not text"
        raise ValueError(f"is neither JSON nor the path of a file that can be read here: {why}") from None
    if not text.startswith("{"):
        raise ValueError("is the path of a file that is not JSON")
    return text
