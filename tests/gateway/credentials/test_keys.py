from __future__ import annotations

from typing import Any

import pytest

from ccproxy.gateway.credentials import keys
from ccproxy.gateway.credentials.keys import Pair
from ccproxy.translate.redact import redact
from tests.gateway.credentials.accounts import (
    ACCESS_KEY,
    PAIR,
    SECRET_KEY,
    TOKEN,
    private_key,
    service_account,
    user,
)


@pytest.mark.parametrize(
    ("key", "pair"),
    [
        (PAIR, Pair(ACCESS_KEY, SECRET_KEY)),
        (f"{PAIR}:{TOKEN}", Pair(ACCESS_KEY, SECRET_KEY, TOKEN)),
        ("bedrock-api-key-YmVkcm9jaw==", None),
        ("ABSKQmVkcm9ja0FQSUtleS0=", None),
        ("short:secret", None),
        (f"{ACCESS_KEY}:short", None),
        (f"{PAIR}:", None),
        (f"{PAIR}:a:b", None),
        (service_account(), None),
    ],
)
def test_pair(key: str, pair: Pair | None) -> None:
    assert keys.pair(key) == pair


def test_a_pair_shows_nothing_of_itself() -> None:
    assert SECRET_KEY not in repr(keys.pair(PAIR))


@pytest.mark.parametrize(
    ("auth", "key"),
    [
        ("headers", "anything:at:all"),
        ("aws", PAIR),
        ("aws", f"{PAIR}:{TOKEN}"),
        ("aws", "bedrock-api-key-YmVkcm9jaw=="),
        ("google", service_account()),
        ("google", user()),
        ("google", "an-api-key"),
    ],
)
def test_keys_that_fit(auth: Any, key: str) -> None:
    keys.check(auth, key)


@pytest.mark.parametrize(
    ("auth", "key", "words"),
    [
        ("headers", service_account(), "is JSON, and the provider takes a key that is one word"),
        ("aws", service_account(), "is JSON, and"),
        ("aws", f"{ACCESS_KEY}:short", "must be ACCESS_KEY_ID:SECRET_ACCESS_KEY"),
        ("google", '{"type":', "is not the JSON that it begins like"),
        ("google", "{" + '"a":{' * 100_000, "is not the JSON"),
        ("google", '{"type":"external_account"}', "none of the types service_account, authorized_user"),
        ("google", "{}", "none of the types"),
        ("google", service_account(private_key=""), "is JSON without private_key"),
        ("google", service_account(token_uri=""), "is JSON without token_uri"),
        ("google", user(refresh_token=7), "is JSON without refresh_token"),
    ],
)
def test_keys_that_do_not_fit(auth: Any, key: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        keys.check(auth, key)
    assert "PRIVATE" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("one-word", ()),
        (PAIR, (SECRET_KEY,)),
        (f"{PAIR}:{TOKEN}", (SECRET_KEY, TOKEN)),
        (service_account(), tuple(private_key().splitlines()[1:-1])),
        (user(), ("a-secret-of-the-client", "1//a-refresh-token")),
        ('{"broken', ()),
    ],
)
def test_every_part_that_is_of_use_alone_is_secret(key: str, parts: tuple[str, ...]) -> None:
    secrets = keys.secrets(key)
    assert secrets[0] == key
    for part in (key, *parts):
        assert part not in redact(f"You sent {part}, which is wrong", secrets)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("one-word", "one-word"),
        (PAIR, ACCESS_KEY),
        (f"{PAIR}:{TOKEN}", ACCESS_KEY),
        (service_account(), "0123456789abcdef0123456789abcdef01234567"),
        (user(), ""),
        ('{"broken', ""),
    ],
)
def test_what_is_shown_of_a_key(key: str, shown: str) -> None:
    assert keys.shown(key) == shown
