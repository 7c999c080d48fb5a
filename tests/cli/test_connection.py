"""Which proxy is meant."""

import json

import pytest

from ccproxy.cli.api import Api
from ccproxy.cli.connection import address, is_here, token
from ccproxy.errors import SettingsError


@pytest.mark.parametrize(
    ("url", "key", "environ", "expected"),
    [
        (None, None, {}, ("http://127.0.0.1:3456", None)),
        (
            None,
            None,
            {"CCPROXY_PORT": "99", "CCPROXY_HOST": "0.0.0.0", "CCPROXY_APIKEY": "k"},
            ("http://127.0.0.1:99", "k"),
        ),
        (None, None, {"CCPROXY_HOST": "::"}, ("http://[::1]:3456", None)),
        (None, None, {"CCPROXY_HOST": "fd00::1"}, ("http://[fd00::1]:3456", None)),
        ("https://box/ ", None, {"CCPROXY_APIKEY": "k"}, ("https://box", "k")),
        ("http://box:1/v1/", "mine", {"CCPROXY_PORT": "not read"}, ("http://box:1", "mine")),
        (None, "mine", {"CCPROXY_PORT": "5"}, ("http://127.0.0.1:5", "mine")),
    ],
)
def test_the_address(url, key, environ, expected):
    api = address(url, key, environ)
    assert (api.url, api.key) == expected


@pytest.mark.parametrize(
    "url",
    [
        *("box:3456", "ftp://box", "http://", "http://box:http", "http://box/?a=1", "http://[::1", "", "http://box#a"),
        *("http://a..b", f"http://{'x' * 64}", "http://box/ü", "http://a b", "http://bo\nx", "http://box\x1b"),
        *("http://\udcff", "http://box:70000", "http://box:0"),
    ],
)
def test_what_is_no_address(url):
    with pytest.raises(SettingsError, match="--url"):
        address(url, "k", {})


def test_a_password_in_an_address_is_not_repeated():
    with pytest.raises(SettingsError, match="--url: the value is not allowed"):
        address("http://me:se-cret@box", "k", {})


@pytest.mark.parametrize("key", ["se-cret\nx-a: b", "se cret", "sécret", "se-cret\x00", " "])
@pytest.mark.parametrize("url", ["http://box", None])
def test_a_key_that_no_header_can_hold_is_not_repeated(url, key):
    with pytest.raises(SettingsError) as caught:
        address(url, key, {})
    assert caught.value.message == (
        "--api-key: the value is not allowed; must be visible ASCII characters without spaces"
    )


@pytest.mark.parametrize(("key", "sent"), [("k\n", "k"), ("", None)])
def test_the_end_of_a_line_is_no_part_of_a_key_and_an_empty_one_is_none(key, sent):
    assert address("http://box", key, {}).key == sent


def test_the_key_of_the_config_file(tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"apikey": "filed", "port": 7}))
    api = address(None, None, {"CCPROXY_CONFIG": str(path)})
    assert (api.url, api.key) == ("http://127.0.0.1:7", "filed")


def test_options_are_stronger_than_the_environment(ask, proxy):
    proxy.answers["GET /providers"] = []
    assert ask("providers", "list", "--api-key", "given", CCPROXY_APIKEY="other").exit_code == 0
    assert proxy.asked[0].headers["authorization"] == "Bearer given"
    assert ask("providers", "list", "--url", proxy.url, CCPROXY_URL="http://127.0.0.1:1").exit_code == 0


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1", True),
        ("http://127.0.0.2:1", True),
        ("http://[::1]:1", True),
        ("http://10.0.0.1:1", False),
    ],
)
def test_whether_it_is_this_machine(url, here):
    assert is_here(Api(url, None)) is here


def test_clients_insist_on_a_key():
    assert (token(Api("http://x", None)), token(Api("http://x", "k"))) == ("local", "k")
