"""What the tests with the Python SDK share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anthropic.types import MessageParam

from tests.live.server import Server

MODEL = "fake/model-x"
HELLO: list[MessageParam] = [{"role": "user", "content": "Hello!"}]


@contextmanager
def provider_of(server: Server, name: str, base_url: str, **fields: Any) -> Iterator[str]:
    """A further provider; it is gone afterwards, because bare model names go to an only one."""
    server.add_provider(name, base_url, **fields)
    try:
        yield name
    finally:
        status, answer, _ = server.request("DELETE", f"/providers/{name}")
        assert status == 200, answer


def text_of(message: Any) -> str:
    """The text of a message."""
    return "".join(block.text for block in message.content if block.type == "text")
