"""Text that must not be shown by accident."""

from __future__ import annotations

from typing import Any

MASK = "***"


class Secret(str):
    """A string that works as itself and shows as a mask.

    `repr` is what tracebacks, debuggers, log fields and other values' `repr` print; copying deeply is what
    `dataclasses.asdict` does. Formatting it or sending it gives the text, because that is done on purpose.
    """

    shown: str

    def __new__(cls, text: str, shown: str = MASK) -> Secret:
        """`shown` stands for the text wherever it is masked."""
        made = super().__new__(cls, text)
        made.shown = shown
        return made

    def __repr__(self) -> str:
        return repr(self.shown)

    def __deepcopy__(self, memo: dict[int, Any]) -> str:
        return self.shown

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (self.shown,)
