"""What a provider's row comes to as a target, and the target with another of its keys."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.gateway.connecting import connect, for_model, with_key
from ccproxy.store.providers import Provider
from ccproxy.translate.target import Target

KEY = "sk-a-secret-key-0123456789"
OTHER = "sk-a-secret-key-9876543210"


def provider(name: str, **more: Any) -> Provider:
    fields = {"type": "openai-chat", "api_base_url": "http://127.0.0.1:9/v1", "api_key": KEY, **more}
    return Provider(name=name, **fields)


def test_all_that_is_secret_of_a_key_is_kept_from_texts() -> None:
    target = connect(provider("cloud", api_key="AKIAIOSFODNN7EXAMPLE:a-very-secret-access-key"))
    assert target.secrets == ("AKIAIOSFODNN7EXAMPLE:a-very-secret-access-key", "a-very-secret-access-key")
    assert connect(provider("open", api_key=None)).secrets == ()


def test_a_target_carries_key_and_extra_headers_but_does_not_show_them() -> None:
    target = connect(provider("a", headers={"x-team": "blue"}, options={}), (b"seal",))
    assert target.headers["authorization"] == f"Bearer {KEY}"
    assert target.headers["x-team"] == "blue"
    assert target.secrets == (KEY,)
    assert target.seal_keys == (b"seal",)
    assert KEY not in repr(target)
    assert KEY not in str(target)
    assert connect(provider("a", api_key=None)).secrets == ()


def test_a_servers_root_goes_without_the_dot_that_marks_it() -> None:
    target = connect(provider("a", api_base_url="http://x.test/chat/completions"))
    assert target.base_url == "http://x.test"


def test_an_extra_header_replaces_the_presets_and_is_no_more_shown_than_a_key() -> None:
    target = connect(provider("a", headers={"Authorization": "Basic dXNlcjpwYXNz", "X-Team": "blue"}))
    assert target.headers == {"authorization": "Basic dXNlcjpwYXNz", "x-team": "blue"}
    assert target.secrets == (KEY, "Basic dXNlcjpwYXNz")


def test_a_target_has_all_keys_of_its_provider_and_keeps_them_secret() -> None:
    target = connect(provider("a", api_keys=(KEY, OTHER)))
    assert (target.key, target.keys) == (KEY, (KEY, OTHER))
    assert target.secrets == (KEY, OTHER)


@pytest.mark.parametrize(
    ("kind", "header", "value"),
    [
        ("openai-chat", "authorization", f"Bearer {OTHER}"),
        ("anthropic", "x-api-key", OTHER),
        ("gemini", "x-goog-api-key", OTHER),
    ],
)
def test_another_key_stands_where_the_first_one_stood(kind: str, header: str, value: str) -> None:
    target = for_model(connect(provider("a", type=kind, headers={"X-Team": "blue"}, api_keys=(KEY, OTHER))), "m")
    changed = with_key(target, OTHER)
    assert changed.headers == {**target.headers, header: value}
    assert changed.headers["x-team"] == "blue"
    assert (changed.key, changed.keys, changed.model) == (OTHER, (KEY, OTHER), "m")
    assert KEY not in str(changed.headers)
    assert with_key(changed, KEY) == target


def test_a_header_of_the_administrators_stays_in_place_of_any_key() -> None:
    target = connect(provider("a", headers={"Authorization": "Basic dXNlcjpwYXNz"}, api_keys=(KEY, OTHER)))
    assert with_key(target, OTHER).headers == {"authorization": "Basic dXNlcjpwYXNz"}


def test_the_same_key_changes_nothing() -> None:
    target = connect(provider("a"))
    assert with_key(target, KEY) is target


def test_a_key_goes_with_a_target_of_no_known_type_as_well() -> None:
    target: Target = connect(provider("a"))
    unknown = type(target)(
        provider="a", kind="no-such-type", wire="openai-chat", model="m", base_url="", dialect=target.dialect
    )
    assert with_key(unknown, OTHER).key == OTHER
