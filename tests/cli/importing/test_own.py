"""ccproxy's own config file, for a proxy that did not start with it."""

import pytest

from ccproxy.cli.importing import own
from ccproxy.cli.importing.carried import shown
from tests.cli.importing.checks import KEY, OTHER, is_taken, lines


@pytest.mark.parametrize(
    ("document", "answer"),
    [({"providers": []}, True), ({"routes": {}}, True), ({"routes": []}, True), ({"port": 1}, False)],
)
def test_what_it_looks_like(document, answer):
    assert own.recognised(document) is answer


def test_providers_and_routes_are_carried_as_they_stand():
    carried = own.carry(
        {
            "host": "0.0.0.0",
            "timeout": None,
            "providers": [
                {"name": "a", "type": "openai", "api_key": "${KEY}", "models": ["m"], "enabled": False},
                {"name": "b", "type": "groq", "api_keys": [OTHER, "${KEY}"], "headers": {"x-team": OTHER}},
                {"name": "c", "type": "groq", "api_key": "${GONE}"},
            ],
            "routes": [{"name": "r", "match": {"scenario": "think"}, "targets": ["a/m"], "retries": 2}],
        },
        {"KEY": KEY},
    )
    is_taken(carried)
    assert carried.providers == [
        {"name": "a", "type": "openai", "api_key": KEY, "models": ["m"], "enabled": False},
        {"name": "b", "type": "groq", "api_keys": [OTHER, KEY], "headers": {"x-team": OTHER}},
        {"name": "c", "type": "groq"},
    ]
    assert shown(carried.providers)[1] == {
        "name": "b",
        "type": "groq",
        "api_keys": ["***", "${KEY}"],
        "headers": {"x-team": "***"},
    }
    assert carried.routes == [{"name": "r", "match": {"scenario": "think"}, "targets": ["a/m"], "retries": 2}]
    assert lines(carried) == [
        "not carried: providers.2.api_key: the environment variable GONE is not set",
        "not carried: host: a setting of the server itself; see docs/settings.md",
    ]


def test_the_plain_form_of_routes_means_the_same():
    carried = own.carry(
        {"routes": {"default": "a/${MODEL}", "gpt-5": {"provider": "a", "model": "m"}}}, {"MODEL": "big"}
    )
    is_taken(carried)
    assert carried.routes == [
        {"name": "default", "match": {"scenario": "default"}, "targets": [{"provider": "a", "model": "big"}]},
        {"name": "gpt-5", "match": {"model": ["gpt-5"]}, "targets": [{"provider": "a", "model": "m"}]},
    ]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"providers": ["x"]}, "providers.0: is no provider: it has no name"),
        ({"providers": [{"name": 1}]}, "providers.0: is no provider: it has no name"),
        ({"providers": {"a": 1}, "routes": ["x"]}, "routes.0: is no route"),
        ({"routes": {"x": "a"}}, "routes.x: must be 'provider/model' or an object with provider and model"),
        ({"routes": {"x": "${GONE}"}}, "routes.x: the environment variable GONE is not set"),
        ({"routes": 1, "providers": []}, "routes: must be an object or a list"),
    ],
)
def test_what_is_none_is_named(document, said):
    carried = own.carry(document, {})
    assert carried.providers == carried.routes == []
    assert lines(carried)[0] == f"not carried: {said}"
