"""How the store says what went wrong, without knowing the logging library.

A `Report` is called like structlog's `logger.warning`: an event in words, then fields. The default goes to the
standard library's logger, which tests and the command line read.
"""

from __future__ import annotations

import logging
from typing import Protocol

_LOGGER = logging.getLogger("ccproxy.store")


class Report(Protocol):
    """Something that takes an event and its fields; what it returns is ignored."""

    def __call__(self, event: str, /, **fields: object) -> object:
        """Say it once; never raise."""


def to_logging(event: str, /, **fields: object) -> None:
    """The default: one warning, its fields behind the event."""
    _LOGGER.warning("%s %s", event, " ".join(f"{name}={value!r}" for name, value in fields.items()))
