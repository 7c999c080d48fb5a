"""Google's accounts: an object, a text, or a file."""

import json

import pytest

from ccproxy.cli.importing.carried import shown
from ccproxy.cli.importing.google import account
from tests.cli.importing.checks import KEY

ACCOUNT = {"type": "authorized_user", "client_id": "c", "client_secret": KEY, "refresh_token": "r"}


def test_an_account_may_be_given_in_three_ways(tmp_path):
    file = tmp_path / "account.json"
    file.write_text("\n" + json.dumps(ACCOUNT, indent=2))
    for given in (ACCOUNT, json.dumps(ACCOUNT), str(file)):
        found = account(given)
        assert json.loads(found) == ACCOUNT
        assert shown(found) == "***"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("sk-provider-0123456789", "neither JSON nor the path of a file that can be read here: No such file"),
        ("x\0y", "neither JSON nor the path of a file that can be read here: it is not text"),
        (".", "neither JSON nor the path of a file that can be read here: Is a directory"),
        ("{", "is not the JSON that it begins like"),
        ({"type": "external_account"}, "is JSON of none of the types"),
        ({"type": "service_account", "client_email": KEY}, "is JSON without private_key"),
    ],
)
def test_what_is_none_is_said_without_repeating_it(given, why):
    with pytest.raises(ValueError, match=why) as caught:
        account(given)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(("content", "why"), [(b"token", "a file that is not JSON"), (b"\xff", "it is not text")])
def test_files_that_hold_none(tmp_path, content, why):
    file = tmp_path / "account.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=why):
        account(str(file))
