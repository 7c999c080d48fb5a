"""A store of keepsakes for tests."""

from __future__ import annotations


class Drawer:
    """Keepsakes without bounds."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def get(self, id: str) -> bytes | None:
        return self.held.get(id)

    def put(self, id: str, kept: bytes) -> None:
        self.held[id] = kept
