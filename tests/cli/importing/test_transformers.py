"""claude-code-router's transformers of one provider."""

import pytest

from ccproxy.cli.importing.carried import Carried
from ccproxy.cli.importing.transformers import Use, options, uses, wire
from tests.cli.importing.checks import lines


@pytest.mark.parametrize(
    ("given", "found", "said"),
    [
        (None, [], []),
        ("openrouter", [], []),
        ({"use": []}, [], []),
        ({"use": ["OpenRouter"]}, [Use("openrouter", "t.use.0")], []),
        ({"use": [["deepseek"]]}, [Use("deepseek", "t.use.0")], []),
        ({"use": [["maxtoken", {"max_tokens": 9}]]}, [Use("maxtoken", "t.use.0", {"max_tokens": 9})], []),
        # What ccproxy does by itself need not be said of one model either
        ({"use": ["deepseek"], "m": {"use": ["tooluse"]}}, [Use("deepseek", "t.use.0")], []),
        ({"m": {}}, [], []),
        (
            {"m": {"use": [["openrouter", {"provider": {"only": ["x"]}}], "mine"]}},
            [],
            ["t.m.use.0: openrouter: options are a provider's", "t.m.use.1: mine: options are a provider's"],
        ),
        # Forms that the router ignores, though files have them
        (
            {"use": ["maxtoken", {"max_tokens": 9}]},
            [Use("maxtoken", "t.use.0")],
            ["t.use.1: is no transformer: must be a name"],
        ),
        ({"use": ["maxtoken"], "max_tokens": 9}, [Use("maxtoken", "t.use.0")], ["t.max_tokens: is no model's"]),
    ],
)
def test_which_are_used(given, found, said):
    carried = Carried()
    assert uses(given, "t", carried) == found
    assert len(carried.left) == len(said)
    for line, start in zip(lines(carried), said, strict=True):
        assert line.startswith(f"not carried: {start}")


@pytest.mark.parametrize(
    ("names", "url", "api"),
    [
        ((), "https://x/v1/chat/completions", "openai-chat"),
        ((), "https://x/v1/responses/", "openai-responses"),
        (("openai-responses",), "https://x/v1", "openai-responses"),
        ((), "https://x/v1/messages", "anthropic"),
        ((), "https://x/api/anthropic", "anthropic"),
        (("anthropic",), "https://x", "anthropic"),
        # Among others it only cleans a request of Anthropic's form
        (("anthropic", "deepseek"), "https://x", "openai-chat"),
        (("gemini",), "https://x", "gemini"),
        (("maxtoken", "gemini"), "https://x", "gemini"),
    ],
)
def test_which_api_they_mean(names, url, api):
    assert wire([Use(name, "p") for name in names], url) == api


@pytest.mark.parametrize(
    ("used", "made", "said"),
    [
        ([("deepseek", {})], {}, []),
        ([("maxtoken", {"max_tokens": 8192})], {"max_output_tokens": 8192}, []),
        ([("maxcompletiontokens", {"max_completion_tokens": 9})], {"max_output_tokens": 9}, []),
        ([("maxtoken", {"max_tokens": "many"})], {}, ["p: maxtoken: the options max_tokens are not known here"]),
        (
            [("openrouter", {"provider": {"only": ["x"]}, "referer": "https://x", "title": "t", "providerOrder": []})],
            {"extra_body": {"provider": {"only": ["x"]}}},
            ["p: openrouter: the options referer, title are not known here"],
        ),
        (
            [("customparams", {"enable_thinking": False, "none": None}), ("openrouter", {"models": ["a"]})],
            {"extra_body": {"enable_thinking": False, "models": ["a"]}},
            [],
        ),
        ([("sampling", {"temperature": 1})], {}, ["p: the transformer sampling is not known here"]),
        # Where it is asked is read elsewhere
        (
            [("vertex-claude", {"project": "p", "region": "r", "quota": 1})],
            {},
            ["p: vertex-claude: the options quota are not known here"],
        ),
    ],
)
def test_which_options_there_are_here(used, made, said):
    carried = Carried()
    assert options([Use(name, "p", given) for name, given in used], carried) == made
    assert lines(carried) == [f"not carried: {one}" for one in said]
