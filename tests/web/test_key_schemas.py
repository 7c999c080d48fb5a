from datetime import UTC, datetime, timedelta

import pytest

from ccproxy.errors import InvalidRequest
from ccproxy.store.client_keys import ClientKey
from ccproxy.web.key_schemas import read_grace, read_key, show_key

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"name": "Anna"}, "name: must be 1 to 63 of a-z 0-9 . _ -"),
        ({"name": "key"}, "name: must not be key"),
        ({"name": "local"}, "name: must not be local"),
        ({"name": "cli"}, "name: must not be cli"),
        ({"role": "owner"}, "role: must be one of admin, member"),
        ({"capture": "some"}, "capture: must be one of off, errors, all"),
        ({"models": "claude-*"}, "models: must be a list of strings"),
        ({"models": ["a", ""]}, "models.1: must not be empty"),
        ({"addresses": ["10.0.0.1/8"]}, "addresses.0: must be a CIDR block without host bits"),
        ({"expires_at": "soon"}, "expires_at: must be a moment such as 2026-12-31T18:00:00Z"),
        ({"requests_per_minute": 0}, "requests_per_minute: must be a whole number from 1"),
        ({"tokens_per_minute": 1.5}, "tokens_per_minute: must be a whole number"),
        ({"concurrent_requests": "4"}, "concurrent_requests: must be a whole number"),
        ({"daily_budget_usd": 0}, "daily_budget_usd: must be a number above 0"),
        ({"monthly_budget_usd": "5"}, "monthly_budget_usd: must be a number above 0"),
        ({"daily_token_budget": True}, "daily_token_budget: must be a whole number"),
        ({"enabled": 1}, "enabled: must be true or false"),
        ({"secret": "ccp_x"}, "secret: is not a field of a key"),
        ({"prefix": "ccp_x"}, "prefix: is not a field of a key"),
        ([], "body: must be an object"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(document, words):
    with pytest.raises(InvalidRequest) as caught:
        read_key(document)
    assert caught.value.message.startswith(words)


def test_null_takes_a_limit_away():
    names = ("owner", "expires_at", "requests_per_minute", "tokens_per_minute", "concurrent_requests")
    names += ("daily_budget_usd", "monthly_budget_usd", "daily_token_budget", "monthly_token_budget")
    nothing = dict.fromkeys(names)
    assert read_key(nothing) == nothing


@pytest.mark.parametrize(("document", "seconds"), [({}, 86400), ({"grace_seconds": 0}, 0), ({"grace_seconds": 60}, 60)])
def test_the_grace_of_a_rotation(document, seconds):
    assert read_grace(document) == timedelta(seconds=seconds)


@pytest.mark.parametrize("document", [{"grace_seconds": -1}, {"grace_seconds": 31 * 86400}, {"grace": 1}, "1"])
def test_a_grace_that_is_none(document):
    with pytest.raises(InvalidRequest):
        read_grace(document)


def test_a_former_text_is_shown_as_long_as_it_is_taken():
    key = ClientKey(
        name="a", prefix="ccp_abcdefgh", digest="d1", former_prefix="ccp_former00", former_digest="d2", former_until=NOW
    )
    shown = show_key(key, NOW - timedelta(seconds=1), NOW, {"day": {}})
    assert shown["former"] == {"prefix": "ccp_former00", "until": "2026-11-28T00:00:00.000Z"}
    assert shown["last_used_at"] == "2026-11-28T00:00:00.000Z"
    assert shown["spend"] == {"day": {}}
    assert show_key(key, NOW, None, {})["former"] is None
    assert not {"d1", "d2"} & {str(value) for value in shown.values()}
