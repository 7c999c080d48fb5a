"""What is there already, and in what a provider differs from it."""

import pytest

from ccproxy.cli.api import Api
from ccproxy.cli.importing.there import There
from ccproxy.store.providers import Provider
from ccproxy.web.definitions import define
from ccproxy.web.schemas import read_provider, show_provider
from tests.cli.importing.checks import KEY, OTHER, without

KNOWN = {
    "name": "a",
    "type": "openai-chat",
    "api_base_url": "http://one.example/v1",
    "api_keys": [KEY, OTHER],
    "models": ["m"],
    "headers": {"x-team": "blue", "x-token": "secret-token-0123456789"},
    "options": {"top_k": True},
}


@pytest.fixture
def there():
    return There({"a": show_provider(Provider(**define(read_provider(KNOWN), resolve=None)))})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ()),
        ({"api_base_url": "http://one.example/v1/chat/completions"}, ()),
        ({"api_base_url": "http://two.example/v1"}, ("address",)),
        ({"api_keys": [OTHER, KEY]}, ("keys",)),
        ({"headers": {"x-team": "blue", "x-token": "secret-token-9876543210"}}, ("headers",)),
        ({"options": {}, "models": []}, ("options", "models")),
        ({"enabled": False}, ("being enabled",)),
        ({"type": "groq", "api_base_url": None, "options": {}}, ("type", "address", "options")),
        ({"type": "mystery"}, ("form",)),
    ],
)
def test_differences(there, change, words):
    document = {**KNOWN, **change}
    assert there.differences(document) == words
    assert there.conflicts(document) == tuple(word for word in words if word not in ("models", "being enabled"))
    assert there.is_elsewhere(document) is ({"type", "address"} & {*words} != set())


def test_a_key_that_is_not_given_is_another_key(there):
    assert there.differences(without(KNOWN, "api_keys")) == ("keys",)


def test_what_is_there_in_words(there):
    assert there.described("a") == "openai-chat at http://one.example/v1"
    off = There({"a": {**there.providers["a"], "enabled": False}})
    assert off.described("a") == "openai-chat at http://one.example/v1, not enabled"


def test_it_is_asked_of_the_proxy(proxy):
    proxy.answers |= {"GET /providers": [{"name": "a"}], "GET /routes": [{"name": "r"}]}
    assert There.at(Api(proxy.url, None)) == There({"a": {"name": "a"}}, frozenset({"r"}))
