"""The least that a WSGI application can do: the baseline for what the server itself costs.

Served by `gunicorn -k gevent`, it reads a Messages request and answers with a ready-made message of the words that
were asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from bench import wire

_MESSAGE = json.dumps(
    {
        "id": "msg_bench",
        "type": "message",
        "role": "assistant",
        "model": "bench",
        "content": [{"type": "text", "text": "".join(wire.words(20))}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": wire.PROMPT_TOKENS, "output_tokens": 20},
    }
).encode()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Read the body, answer 20 words."""
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(_MESSAGE)))])
    return [_MESSAGE]
