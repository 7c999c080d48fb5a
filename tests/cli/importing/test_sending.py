"""What becomes of providers and routes where some are there already. What else is said is seen in test_init."""

import json
from dataclasses import asdict

import pytest

from ccproxy.cli.importing.sending import _PROVIDER, _ROUTE
from ccproxy.store.providers import Provider
from ccproxy.store.routes import Route, RouteTarget
from ccproxy.web.definitions import define
from ccproxy.web.schemas import read_provider, show_provider
from tests.cli.fake_proxy import refused
from tests.cli.importing.checks import KEY, OTHER

ONE = {"name": "a", "type": "openai-chat", "api_base_url": "http://one.example/v1", "api_key": KEY}
TWO = {**ONE, "api_base_url": "http://two.example/v1", "api_key": OTHER}
FILE = {"providers": [TWO], "routes": {"think": "a/m", "default": {"provider": "b", "model": "m"}}}


@pytest.fixture
def having(proxy):
    """A proxy that has a provider `a`, and takes everything."""

    def having(document, routes=()):
        known = show_provider(Provider(**define(read_provider(document), resolve=None)))
        proxy.answers |= {"GET /providers": [known], "GET /routes": [{"name": name} for name in routes]}
        proxy.answers |= {"POST /providers": (200, {}), "POST /routes": (200, {})}
        return proxy

    return having


def lines(result):
    return result.stderr.splitlines()[:-1]


def test_a_route_to_a_provider_that_stays_and_is_another_says_where_it_leads(ask, having):
    having(ONE)
    result = ask("import", "-", given=json.dumps(FILE))
    assert lines(result) == [
        "not carried: provider a: is there already, and differs in address, keys; --replace changes it",
        "carried otherwise: route think: a/m is the proxy's own a, openai-chat at http://one.example/v1",
    ]
    assert KEY not in result.output


@pytest.mark.parametrize(
    ("change", "differs"),
    [({}, ""), ({"models": ["x"]}, ", and differs in models"), ({"enabled": False}, ", and differs in being enabled")],
)
def test_a_route_to_the_same_provider_leads_where_it_should(ask, having, change, differs):
    having({**TWO, **change})
    result = ask("import", "-", given=json.dumps(FILE))
    assert lines(result) == [f"not carried: provider a: is there already{differs}; --replace changes it"]


def test_a_route_that_stays_itself_is_said_once(ask, having):
    having(ONE, routes=["think"])
    result = ask("import", "-", given=json.dumps(FILE))
    assert lines(result)[1:] == ["not carried: route think: is there already; --replace changes it"]


def test_a_provider_that_is_refused_stays_what_it_was(ask, having):
    having(ONE).answers["POST /providers"] = (400, refused("api_base_url: no"))
    result = ask("import", "-", "--replace", given=json.dumps(FILE))
    assert lines(result) == [
        "not carried: provider a: api_base_url: no",
        "carried otherwise: route think: a/m is the proxy's own a, openai-chat at http://one.example/v1",
    ]


def test_of_what_is_there_nothing_is_said_once_the_proxy_is_gone(ask, having):
    proxy = having(ONE, routes=["think"])
    proxy.answers["POST /providers"] = (200, b"<html>")
    result = ask("import", "-", given=json.dumps({**FILE, "providers": [{"name": "groq"}]}))
    why = f"{proxy.url} answers POST /providers without JSON (HTTP 200); is it ccproxy?"
    assert lines(result) == [
        f"not carried: {what}: {why}" for what in ("provider groq", "route think", "route default")
    ]


@pytest.mark.parametrize(
    ("document", "sent"),
    [
        (TWO, {**TWO, "models": [], "enabled": True, "headers": {}, "options": {}}),
        # Another server does not get the key that is there
        (
            {"name": "a", "apiBaseUrl": "http://two.example"},
            {
                "name": "a",
                "apiBaseUrl": "http://two.example",
                "type": "openai-chat",
                "api_key": None,
                "models": [],
                "enabled": True,
                "headers": {},
                "options": {},
            },
        ),
        # And a known one has its own address
        (
            {"name": "a", "type": "groq", "models": ["x"]},
            {
                "name": "a",
                "type": "groq",
                "api_base_url": None,
                "api_key": None,
                "models": ["x"],
                "enabled": True,
                "headers": {},
                "options": {},
            },
        ),
        # At the same server it stays
        (
            {"name": "a", "api_base_url": "http://one.example/v1"},
            {
                "name": "a",
                "type": "openai-chat",
                "api_base_url": "http://one.example/v1",
                "models": [],
                "enabled": True,
                "headers": {},
                "options": {},
            },
        ),
    ],
)
def test_nothing_is_left_of_a_provider_that_is_replaced(ask, having, document, sent):
    proxy = having({**ONE, "models": ["m"], "headers": {"x-team": "b"}})
    result = ask("import", "-", "--replace", given=json.dumps({"providers": [document]}))
    assert result.exit_code == 0
    assert proxy.bodies("POST /providers") == [sent]


def test_nothing_is_left_of_a_route_that_is_replaced(ask, having):
    proxy = having(ONE, routes=["r"])
    route = {"name": "r", "match": {"model": "x"}, "targets": ["a/m"], "retries": 3}
    ask("import", "-", "--replace", given=json.dumps({"routes": [route, {**route, "name": "s"}]}))
    replaced, added = proxy.bodies("POST /routes")
    assert replaced == {**_ROUTE, **route}
    assert added == {**route, "name": "s"}


def test_the_defaults_are_those_of_the_proxy():
    fresh = asdict(Route(name="r", targets=(RouteTarget(provider="a", model="m"),)))
    assert {name: fresh[name] for name in _ROUTE} == dict(_ROUTE)
    assert {*fresh} - {*_ROUTE} == {"name", "match", "targets", "created_at", "updated_at"}
    made = define(read_provider({**_PROVIDER, "name": "groq"}), resolve=None)
    assert made == define({"name": "groq"}, resolve=None)


def test_what_json_cannot_hold_is_named_and_the_rest_set_up(ask, having):
    having(ONE)
    given = "providers: [{name: b, type: groq, options: {a: .nan}}, {name: c, type: groq}]"
    result = ask("import", "-", given=given)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "not carried: provider b: what is given holds NaN or Infinity, which are no numbers in JSON",
        "ccproxy config file: 1 set up, 1 not",
    ]
