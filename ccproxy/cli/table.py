"""Lists for people: columns as wide as what is in them."""

from __future__ import annotations

from collections.abc import Sequence

from ccproxy.cli.terminal import visible


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines with a heading, columns two blanks apart; the last one is not filled up."""
    every = [list(headings), *([visible(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in every) for column in range(len(headings))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in every]
    return "\n".join(lines)


def shortened(text: str, most: int) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"
