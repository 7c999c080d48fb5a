"""What an import comes to, and how it is shown."""

import pytest

from ccproxy.cli.importing.carried import Carried, Left, masked, shown
from ccproxy.settings import Secret
from tests.cli.importing.checks import KEY


def test_what_is_left_and_what_is_changed_read_differently():
    carried = Carried()
    carried.leave("a.b", "why")
    carried.change("c", "how")
    assert carried.left == [Left("a.b", "why"), Left("c", "how", otherwise=True)]
    assert [str(one) for one in carried.left] == ["not carried: a.b: why", "carried otherwise: c: how"]


@pytest.mark.parametrize(
    ("path", "document", "left"),
    [
        ("p", {"known": 1, "new": 1}, ["p.new"]),
        ("", {"new": 0, "off": False}, ["new", "off"]),
        ("p", {"none": None, "text": "", "list": [], "object": {}}, []),
        ("p", {"// note": "x", "_comment": "x", "# x": "x", "$schema": "x"}, []),
        ("p", {7: "x"}, ["p.7"]),
    ],
)
def test_members_that_are_not_read_are_named_unless_they_say_nothing(path, document, left):
    carried = Carried()
    carried.leave_all(path, document, frozenset({"known"}), "why")
    assert carried.left == [Left(one, "why") for one in left]


def test_secrets_are_shown_by_where_they_came_from():
    document = {"keys": [Secret(KEY, "${A}"), "text"], "headers": {"x": Secret(KEY)}, "n": 1, "none": None}
    assert shown(document) == {"keys": ["${A}", "text"], "headers": {"x": "***"}, "n": 1, "none": None}


@pytest.mark.parametrize(
    ("text", "shown_as"),
    [
        ("https://me:pass@host/v1", "https://***@host/v1"),
        ("a https://host/v1?key=x&n=1: no", "a https://host/v1?key=***&n=1: no"),
        ("'https://host/?n=1&api_key=x'", "'https://host/?n=1&api_key=***'"),
        ("https://host/v1/@cf/model", "https://host/v1/@cf/model"),
        ("https://host:80/v1?n=1", "https://host:80/v1?n=1"),
    ],
)
def test_an_address_is_shown_without_credentials(text, shown_as):
    assert masked(text) == shown_as
    assert shown([text]) == [shown_as]
