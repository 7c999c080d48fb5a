"""Lists for people."""

from ccproxy.cli.table import shortened, table


def test_columns_are_as_wide_as_what_is_in_them():
    assert table(("A", "LONG"), [("wide", ""), ("x", "y")]) == "A     LONG\nwide\nx     y"
    assert table(("A",), []) == "A"


def test_a_long_text_ends_in_an_ellipsis():
    assert (shortened("abc", 3), shortened("abcd", 3)) == ("abc", "ab…")
