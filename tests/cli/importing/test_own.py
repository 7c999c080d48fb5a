"""ccproxy's own config file, for a proxy that did not start with it."""

import pytest

from ccproxy.cli.importing import own
from ccproxy.cli.importing.carried import shown
from ccproxy.cli.importing.there import There
from ccproxy.errors import InvalidRequest
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
        There(),
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
        {"routes": {"default": "a/${MODEL}", "gpt-5": {"provider": "a", "model": "m"}}}, {"MODEL": "big"}, There()
    )
    is_taken(carried)
    assert carried.routes == [
        {"name": "default", "match": {"scenario": "default"}, "targets": [{"provider": "a", "model": "big"}]},
        {"name": "gpt-5", "match": {"model": ["gpt-5"]}, "targets": [{"provider": "a", "model": "m"}]},
    ]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (
            {"routes": {"longContext": "a/b", "long_context": "a/c"}},
            "routes.long_context: is given twice, also as longContext",
        ),
        (
            {"routes": {"webSearch": "a/b", "m": 5, "web_search": 7}},
            "routes.web_search: is given twice, also as webSearch",
        ),
        ({"routes": [{"name": "r"}, 7, {"name": " r"}]}, "routes.2.name: ' r' is given twice"),
        ({"providers": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}, "providers.2.name: 'a' is given twice"),
    ],
)
def test_what_is_given_twice_is_refused_as_at_a_start(document, why):
    with pytest.raises(InvalidRequest) as caught:
        own.carry(document, {}, There())
    assert caught.value.message == why


@pytest.mark.parametrize("name", ["type", "api_base_url", "apiBaseUrl", "name"])
def test_a_provider_of_which_it_is_not_known_where_it_is_is_left(name):
    """Its name alone would be that of a known one, which would get a key that is not for it."""
    carried = own.carry({"providers": [{"name": "openai", name: "${GONE}", "api_key": KEY}]}, {}, There())
    assert carried.providers == []
    assert lines(carried) == [
        f"not carried: providers.0.{name}: the environment variable GONE is not set",
        f"not carried: providers.0: its {name} is not known, and its key is for no other provider",
    ]


def test_a_route_of_which_it_is_not_known_what_it_is_for_is_left():
    route = {"name": "r", "match": {"headers": {"x-team": "${GONE}"}}, "targets": ["a/m", "${GONE}/m"]}
    carried = own.carry({"routes": [route, {**route, "match": {}, "name": "s"}]}, {}, There())
    assert carried.routes == [{"name": "s", "match": {}, "targets": ["a/m"]}]
    assert "not carried: routes.0: would take more requests than it is for" in lines(carried)


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
    carried = own.carry(document, {}, There())
    assert carried.providers == carried.routes == []
    assert lines(carried)[0] == f"not carried: {said}"
