"""Lines for people. Names come from clients, providers and files, and none of them may steer the reader's terminal."""

from __future__ import annotations

import click


def visible(text: str) -> str:
    """The text on one line, whatever cannot be printed written as Python would: `\\x1b`, `\\n`."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def say(*lines: str, err: bool = False) -> None:
    """Print lines of which each stays one."""
    for line in lines:
        click.echo(visible(line), err=err)
