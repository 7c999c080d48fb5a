"""Answers in JSON, as every view but those of errors gives them."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response


def as_json(value: Any, status: int = 200) -> Response:
    """A response with the value as JSON (what `msgspec` can encode). It is true now, so nothing on its way keeps it."""
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(value), status, headers, mimetype="application/json")
