"""Lines in which nothing steers a terminal."""

import pytest

from ccproxy.cli.terminal import say, visible


@pytest.mark.parametrize(
    ("text", "as_shown"),
    [
        ("groq/llama … 日本 é", "groq/llama … 日本 é"),
        ("\x1b]0;mine\x07", r"\x1b]0;mine\x07"),
        ("\x1b[2Ja\rb", r"\x1b[2Ja\rb"),
        ("two\nlines\tof\x7f", r"two\nlines\tof\x7f"),
        # One that C1 controls begin with, one that turns the rest around, and a byte of an argument that was no text
        ("\x9b31m \u202e \udcff", r"\x9b31m \u202e \udcff"),
    ],
)
def test_what_cannot_be_printed_is_written_out(text, as_shown):
    assert visible(text) == as_shown


def test_each_line_stays_one(capsys):
    say("a\nb", "c")
    say("d\x1b", err=True)
    assert capsys.readouterr() == ("a\\nb\nc\n", "d\\x1b\n")
