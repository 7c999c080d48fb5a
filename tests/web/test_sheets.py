import csv
import io

import pytest

from ccproxy.web.sheets import lines


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (-1.5, "-1.5"),
        (0, "0"),
        ("groq", "groq"),
        ('a,b\n"c"', 'a,b\n"c"'),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("+49", "'+49"),
        ("\t=1", "'\t'=1"),
        (" =1", " '=1"),
        ("gpt;=HYPERLINK(1)", "gpt;'=HYPERLINK(1)"),
        ("a\t =1", "a\t '=1"),
        ("a\n-1", "a\n'-1"),
        ("\r\nx", "'\r\nx"),
        ("a; b, c-d", "a; b, c-d"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
        ("\ud83d", "?"),
    ],
)
def test_a_cell_is_what_it_was_and_never_a_formula(value, expected):
    [[_, found]] = csv.reader(io.StringIO(lines([["x", value]]).decode(), newline=""))
    assert found == expected


def test_lines_end_as_the_format_says():
    assert lines([["a", "b"], [1, "x"]]) == b"a,b\r\n1,x\r\n"
