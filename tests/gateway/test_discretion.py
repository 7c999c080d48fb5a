from __future__ import annotations

import pytest

from ccproxy.errors import Unreachable, UpstreamError, UpstreamRefused
from ccproxy.gateway.credentials import keys
from ccproxy.gateway.discretion import fit_to_show, secrets_of
from ccproxy.store.providers import Provider
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.target import Target

SECRET = "abcdef-0123456789"
TARGET = Target(
    provider="p",
    kind="k",
    wire="anthropic",
    model="m",
    base_url="",
    dialect=Dialect(),
    secrets=(SECRET, "other-secret"),
)


def refused(status: int, message: str, payload: bytes | None = None) -> UpstreamRefused:
    error = UpstreamRefused(message, status=status, type="api_error")
    error.payload = payload
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (refused(400, f"bad key {SECRET}"), "bad key [redacted]"),
        (refused(401, "no"), "provider 'p' refused its API key: no"),
        (Unreachable("gone"), "gone"),
    ],
)
def test_messages(error: UpstreamError, message: str) -> None:
    assert fit_to_show(error, TARGET) is error
    assert error.message == message


@pytest.mark.parametrize(
    ("payload", "kept"),
    [(b'{"a":1}', True), (SECRET.encode(), False), (b"an other-secret thing", False), (None, False)],
)
def test_a_body_with_a_secret_in_it_goes(payload: bytes | None, kept: bool) -> None:
    assert fit_to_show(refused(400, "x", payload), TARGET).payload == (payload if kept else None)


def test_all_that_is_known_to_be_secret() -> None:
    plain = {"type": "openai-chat", "api_base_url": "http://x"}
    found = secrets_of(
        [
            Provider(name="none", **plain),
            Provider(name="one", **plain, api_key="key-1", headers={"X-Team": "blue", "Authorization": "Bearer abc"}),
            Provider(name="two", **plain, api_key="key-1", api_keys=("key-1", "AKIAX:pair-of-aws")),
        ]
    )
    assert set(found) == {"key-1", "Bearer abc", "abc", "AKIAX:pair-of-aws"} | set(keys.secrets("AKIAX:pair-of-aws"))
    assert len(found) == len(set(found))
