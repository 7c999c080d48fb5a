"""A function call as it comes in: whole, or with its input in pieces."""

from __future__ import annotations

import msgspec

from ccproxy.translate.wire.gemini.arguments import Arguments
from ccproxy.translate.wire.gemini.chunks import FunctionCall


class Streamed:
    """One call as far as it has come."""

    __slots__ = ("_pieces", "_whole", "id", "name", "signature")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.signature = ""
        self._pieces: Arguments | None = None
        self._whole: bytes | None = None

    def add(self, given: FunctionCall, signature: str) -> None:
        """Takes in the call, or a part of it; the id, the name and the signature stand on any of them."""
        self.id = self.id or given.id or ""
        self.name = self.name or given.name or ""
        self.signature = self.signature or signature
        if given.args is not None:
            self._whole = msgspec.json.encode(given.args)
        if given.partial_args:
            if self._pieces is None:
                self._pieces = Arguments()
            self._pieces.add(given.partial_args)

    def text(self, *, cut: bool = False) -> str:
        """The input as JSON text. `cut`: no more of it will come, so pieces are left without their end."""
        if self._pieces is not None:
            return self._pieces.text(cut=cut)
        if self._whole is not None:
            return self._whole.decode()
        return "{" if cut else "{}"
