"""The plain form of routes."""

import pytest

from ccproxy.cli.importing import plain


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("default", {"scenario": "default"}),
        ("longContext", {"scenario": "long_context"}),
        ("webSearch", {"scenario": "web_search"}),
        ("claude-x", {"model": ["claude-x"]}),
    ],
)
def test_a_key_is_a_kind_of_request_or_a_model(name, match):
    targets = [{"provider": "a", "model": "m"}]
    assert plain.route(name, targets) == {"name": name, "match": match, "targets": targets}


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("a/m", {"provider": "a", "model": "m"}),
        ("a, m", {"provider": "a", "model": "m"}),
        ("a,org/m:free", {"provider": "a", "model": "org/m:free"}),
        ({"provider": "a", "model": "m", "weight": 2}, {"provider": "a", "model": "m", "weight": 2}),
        ({"provider": "a"}, None),
        ("a", None),
        ("a,", None),
        (",m", None),
        (3, None),
    ],
)
def test_a_target_is_written_in_three_ways(given, target):
    assert plain.target(given) == target
