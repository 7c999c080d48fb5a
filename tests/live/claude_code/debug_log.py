"""What Claude Code's debug log complains of: every warning and error, but for those listed here with a reason."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z \[(WARN|ERROR)\] (.*)$", re.MULTILINE)

HARMLESS = (
    # It knows no model of such a name; docs/claude-code.md tells how to give it a context window.
    r'\[autocompact\] "[^"]+" isn\'t described by this version\'s model catalog',
    r'Claude Code doesn\'t recognize the model "[^"]+", so it assumes a context window',
    r"\[claude-code:unrecognized_model\] ",
    # A command of the model's that failed, as it may: no answer of a provider's was at fault.
    r"\[Stall\] tool_dispatch_end tool=\w+ toolUseId=\S+ outcome=error",
)


@dataclass(frozen=True)
class DebugLog:
    """The text of the log."""

    text: str

    def complaints(self) -> list[str]:
        """The lines that tell of a retry, a repair, a malformed answer or any other trouble, in order."""
        found = [match[2] for match in _LINE.finditer(self.text)]
        return [line for line in found if not any(re.match(pattern, line) for pattern in HARMLESS)]

    def told(self) -> str:
        """What it complains of, for the message of a failed assertion."""
        return "\n".join(self.complaints()) or "nothing in its log"
