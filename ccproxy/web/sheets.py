"""Tables as CSV (RFC 4180), for spreadsheets that must not take a cell for a formula.

What clients send ends up in cells: names of models, sessions, errors. A spreadsheet runs text that begins like a
formula, so such text gets an apostrophe before it, which spreadsheets take for "this is text" (OWASP: CSV injection).
So does what begins after a semicolon, a tab or a new line: many countries' spreadsheets begin a cell there, whatever
the file's separator is. Numbers of ours stay numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

MIMETYPE = "text/csv"
_STARTS_A_FORMULA = re.compile(r"^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n])) *(?=[=+\-@＝＋－＠])")


def lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as they stand in the file, in UTF-8."""
    written = io.StringIO()
    csv.writer(written).writerows([[_cell(value) for value in row] for row in rows])
    return written.getvalue().encode(errors="replace")


def _cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return value
        case _:
            return _STARTS_A_FORMULA.sub(r"\g<0>'", str(value))
