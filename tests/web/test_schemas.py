"""The form of a provider in JSON, without HTTP; faults over HTTP are in test_providers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ccproxy.errors import InvalidRequest
from ccproxy.settings import Secret
from ccproxy.store.providers import Provider
from ccproxy.web.schemas import hint, is_mask, is_secret, mask, moment, read_provider, show_provider
from tests.gateway.credentials.accounts import PAIR, TOKEN, service_account, user

WHEN = datetime(2026, 11, 23, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("document", "given"),
    [
        ({}, {}),
        ({"name": "a", "enabled": False}, {"name": "a", "enabled": False}),
        ({"apiKey": " k ", "apiBaseUrl": " http://x "}, {"api_key": "k", "api_base_url": "http://x"}),
        ({"api_key": "", "api_base_url": " "}, {"api_key": None, "api_base_url": None}),
        ({"api_key": None, "api_base_url": None}, {"api_key": None, "api_base_url": None}),
        ({"models": [" a ", "b/c"]}, {"models": ["a", "b/c"]}),
        ({"headers": {"X-A": "", "x-b": "\u00e9\t"}}, {"headers": {"X-A": "", "x-b": "\u00e9\t"}}),
        ({"options": {"deep": {"er": [1]}}}, {"options": {"deep": {"er": [1]}}}),
        ({"api_key": Secret("k")}, {"api_key": "k"}),
        ({"apiKeys": [Secret(" k "), "l"]}, {"api_keys": ("k", "l")}),
        ({"api_keys": None}, {"api_keys": ()}),
        ({"api_keys": []}, {"api_keys": ()}),
        ({"api_key": ' {\n  "a": "\u00e9\\n",\n  "b": 1\n}\n'}, {"api_key": r'{"a":"\u00e9\n","b":1}'}),
        ({"api_key": Secret('{"a": 1}')}, {"api_key": '{"a":1}'}),
    ],
)
def test_what_is_given_is_read(document: dict[str, Any], given: dict[str, Any]) -> None:
    assert read_provider(document) == given


@pytest.mark.parametrize(
    "name", ["name", "type", "api_base_url", "api_key", "models", "enabled", "headers", "options", "nonsense"]
)
@pytest.mark.parametrize("value", [["TOP\nSECRET", 1], "TOP\nSECRET", 5.5])
def test_a_fault_names_the_path_and_never_repeats_the_value(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_provider({name: value})
    assert caught.value.message.startswith(name)
    assert "SECRET" not in caught.value.message


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ('{"SECRET": ', "begins like JSON and is none"),
        ('{"a":' * 100_000, "must not be longer than 16384 characters"),
        ("SECRET\n{}", "no line ends"),
        ("SECRET {}", "no spaces"),
    ],
)
def test_what_is_no_key(key: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^api_key: .*{words}") as caught:
        read_provider({"api_key": key})
    assert "SECRET" not in caught.value.message


def test_a_provider_is_shown_without_its_secrets() -> None:
    provider = Provider(
        name="groq",
        type="groq",
        api_base_url="https://api.groq.com/openai/v1",
        api_key="gsk-0123456789",
        models=("a",),
        headers={"X-Token": "tok-0123456789", "X-Team": "blue"},
        options={"a": 1},
        created_at=WHEN,
        updated_at=WHEN,
    )
    assert show_provider(provider) == {
        "name": "groq",
        "type": "groq",
        "api_base_url": "https://api.groq.com/openai/v1",
        "api_key_set": True,
        "api_key_hint": "6789",
        "api_key_hints": ["6789"],
        "models": ["a"],
        "enabled": True,
        "headers": {"X-Token": "…6789", "X-Team": "blue"},
        "options": {"a": 1},
        "created_at": "2026-11-23T07:30:00.123Z",
        "updated_at": "2026-11-23T07:30:00.123Z",
    }


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (None, None),
        ("", None),
        ("12345678901", None),
        ("123456789012", "9012"),
        ("x" * 40 + "9876", "9876"),
        # Of a pair and of an account in JSON: the end of the id, which is no secret
        (f"{PAIR}:{TOKEN}", "MPLE"),
        (service_account(), "4567"),
        (user(), None),
        ('{"type":"no account"}', None),
    ],
)
def test_a_hint_gives_no_short_key_away(key: str | None, shown: str | None) -> None:
    assert hint(key) == shown
    if key:
        assert mask(key) == "…" + (shown or "")
        assert is_mask(mask(key))
        assert not is_mask(key)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("Authorization", True),
        ("X-Api-Key", True),
        ("cf-aig-authorization", True),
        ("Helicone-Auth", True),
        ("Cookie", True),
        ("X-Session-Token", True),
        ("X-Team", False),
        ("HTTP-Referer", False),
        ("OpenAI-Organization", False),
    ],
)
def test_headers_that_sound_like_credentials(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


def test_a_moment_is_told_in_utc() -> None:
    assert moment(WHEN) == "2026-11-23T07:30:00.123Z"
    assert moment(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
