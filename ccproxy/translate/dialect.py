"""How one provider's chat completions differ from OpenAI's: flags, each of them a fact about the provider.

Presets hold a Dialect each; the wire reads it. A flag is named for what the provider does, never for the provider.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Dialect(Struct, frozen=True, kw_only=True):
    """The defaults are what an unknown server that speaks chat completions most likely takes."""

    path: str = "/chat/completions"
    models_path: str = "/models"
