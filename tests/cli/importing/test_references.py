"""References to the environment, in the forms of three programs."""

import pytest

from ccproxy.cli.importing.carried import Carried, shown
from ccproxy.cli.importing.references import References, secret
from ccproxy.settings import Secret
from tests.cli.importing.checks import KEY, lines

ENVIRON = {"KEY": KEY, "HOST": "h", "EMPTY": ""}


@pytest.mark.parametrize(
    ("how", "given", "value", "as_shown"),
    [
        ({}, "${KEY}", KEY, "${KEY}"),
        ({}, "http://${HOST}/v1", "http://h/v1", "http://${HOST}/v1"),
        ({}, "$KEY", "$KEY", "$KEY"),
        ({}, "os.environ/KEY", "os.environ/KEY", "os.environ/KEY"),
        ({}, 7, 7, 7),
        ({}, None, None, None),
        ({"bare": True}, "$KEY", KEY, "${KEY}"),
        ({"bare": True}, "${KEY}", KEY, "${KEY}"),
        ({"bare": True}, "pa$$word$x", "pa$$word$x", "pa$$word$x"),
        ({"litellm": True}, "os.environ/KEY", KEY, "${KEY}"),
        ({"litellm": True}, "${KEY}", KEY, "${KEY}"),
    ],
)
def test_what_a_reference_comes_to(how, given, value, as_shown):
    carried = Carried()
    found = References(ENVIRON, carried, **how).resolved(given, "p")
    assert found == value
    assert shown(found) == as_shown
    assert carried.left == []


def test_what_is_missing_is_left_out_of_its_object_or_list_and_named():
    carried = Carried()
    document = {"a": ["${KEY}", "${GONE}"], "b": {"c": "${EMPTY}", "none": None}, "d": "${HOST}${GONE}"}
    assert References(ENVIRON, carried).resolved(document, "p") == {"a": [KEY], "b": {"none": None}}
    assert lines(carried) == [
        "not carried: p.a.1: the environment variable GONE is not set",
        "not carried: p.b.c: the environment variable EMPTY is not set",
        "not carried: p.d: the environment variable GONE is not set",
    ]


@pytest.mark.parametrize(
    ("names", "found"), [(["GONE", "EMPTY", "KEY", "HOST"], "${KEY}"), (["GONE"], None), ([], None)]
)
def test_the_first_of_some_variables(names, found):
    assert shown(References(ENVIRON, Carried()).first(names)) == found


def test_a_key_in_the_file_is_hidden_and_one_from_the_environment_keeps_its_name():
    assert shown(secret(KEY)) == "***"
    assert shown(secret(Secret(KEY, "${A}"))) == "${A}"
    assert secret(None) is None
