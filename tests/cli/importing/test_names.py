"""Names of providers that were other programs'."""

import pytest

from ccproxy.cli.importing.names import provider_name, unused


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("groq", "groq"),
        ("OpenRouter", "openrouter"),
        (" Silicon Flow (CN) ", "silicon-flow-cn"),
        ("iflow,v2", "iflow-v2"),
        ("_own.", "own"),
        ("硅基流动", "provider"),
        ("x" * 80, "x" * 63),
    ],
)
def test_the_nearest_name_that_is_allowed(given, name):
    assert provider_name(given) == name


@pytest.mark.parametrize(
    ("name", "taken", "made"),
    [
        ("a", set(), "a"),
        ("a", {"a"}, "a-2"),
        ("a", {"a", "a-2"}, "a-3"),
        ("x" * 63, {"x" * 63}, "x" * 59 + "-2"),
    ],
)
def test_a_name_that_is_taken_gets_a_number(name, taken, made):
    assert unused(name, taken) == made
