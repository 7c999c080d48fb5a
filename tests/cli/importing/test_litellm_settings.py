"""What a LiteLLM config says of all its routes; what comes of it there is seen in test_litellm."""

import pytest

from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.litellm_settings import Settings, items
from tests.cli.importing.checks import lines


@pytest.mark.parametrize(
    ("document", "retries", "said"),
    [
        ({}, None, []),
        ({"router_settings": {"num_retries": 0}, "litellm_settings": {"num_retries": 3}}, 0, []),
        ({"litellm_settings": {"num_retries": 3}}, 3, []),
        ({"litellm_settings": {"num_retries": 9}}, 5, ["carried otherwise: num_retries: 5 are the most here"]),
        ({"router_settings": {"num_retries": "x"}}, None, []),
    ],
)
def test_retries(document, retries, said):
    carried = Carried()
    assert Settings(document, carried).retries() == retries
    assert lines(carried) == said


def test_fallbacks_are_a_groups_own_else_those_of_all():
    settings = Settings({"router_settings": {"fallbacks": [{"a": ["b", "a", 7, ["b"]]}, {"*": ["c"]}]}}, Carried())
    assert settings.fallbacks("a") == ["b"]
    assert settings.fallbacks("b") == ["c"]
    assert settings.fallbacks("c") == []


def test_the_rest_is_named_with_what_stands_for_it():
    carried = Carried()
    Settings({"router_settings": {"timeout": 3, "redis_host": ""}, "general_settings": "x"}, carried).leave_rest()
    assert lines(carried) == ["not carried: router_settings.timeout: CCPROXY_REQUEST_TIMEOUT, for all requests"]
    assert items("x") == []
