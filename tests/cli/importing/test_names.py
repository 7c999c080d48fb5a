"""Names of providers that were other programs'."""

import pytest

from ccproxy.cli.importing.names import is_numbered, provider_name, unused


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


@pytest.mark.parametrize(
    ("name", "stem", "answer"),
    [
        ("a", "a", True),
        ("a-2", "a", True),
        ("x" * 59 + "-12", "x" * 63, True),
        ("a-b", "a", False),
        ("ab", "a", False),
        ("a-2-3", "a", False),
    ],
)
def test_such_a_name_is_known_again(name, stem, answer):
    assert is_numbered(name, stem) is answer
