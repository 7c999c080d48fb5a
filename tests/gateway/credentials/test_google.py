from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import gevent
import google.auth._exponential_backoff as backoff
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ccproxy.errors import DeadlinePassed, Unreachable
from ccproxy.gateway.credentials import google
from ccproxy.gateway.credentials.lease import Failure, Lease
from tests.gateway.credentials.accounts import private_key, service_account, user

Answer = tuple[int, bytes] | Exception


class Tokens:
    """Google's token server: gives each of its answers once, the last one for good."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Mapping[str, str], bytes | None, float]] = []

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.asked.append((method, url, headers, body, timeout))
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer[0], {"content-type": "application/json"}, answer[1]


def given(token: str = "ya29.the-token", seconds: int = 3599) -> tuple[int, bytes]:
    return 200, json.dumps({"access_token": token, "expires_in": seconds, "token_type": "Bearer"}).encode()


def refused(reason: str = "invalid_grant", words: str = "Invalid JWT Signature.") -> tuple[int, bytes]:
    return 400, json.dumps({"error": reason, "error_description": words}).encode()


def segment(text: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return read


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        ("an-api-key", {"x-goog-api-key": "an-api-key"}),
        ("ya29.a0-token", {"authorization": "Bearer ya29.a0-token"}),
    ],
)
def test_a_key_that_is_one_word(key: str, headers: dict[str, str]) -> None:
    assert google.plain(key) == headers


def test_a_service_account_s_token() -> None:
    server = Tokens(given())
    lease = google.token(service_account("http://127.0.0.1:9/token"), server)
    assert isinstance(lease, Lease)
    assert dict(lease.value) == {"authorization": "Bearer ya29.the-token"}
    assert 3500 < lease.lasts < 3600
    assert lease.renew == pytest.approx(lease.lasts - google.EARLY + google.LAST)
    [(method, url, headers, body, timeout)] = server.asked
    assert (method, url, timeout) == ("POST", "http://127.0.0.1:9/token", google.ONE_CALL)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    form = parse_qs((body or b"").decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    head, claims, signature = form["assertion"][0].split(".")
    assert segment(head)["kid"] == "0123456789abcdef0123456789abcdef01234567"
    said = segment(claims)
    assert (said["iss"], said["scope"]) == ("proxy@project-1.iam.gserviceaccount.com", google.SCOPE)
    key = serialization.load_pem_private_key(private_key().encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    padded = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    key.public_key().verify(padded, f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())


def test_a_user_s_token() -> None:
    server = Tokens(given("ya29.b"))
    lease = google.token(user(quota_project_id="project-2"), server)
    assert isinstance(lease, Lease)
    assert dict(lease.value) == {"authorization": "Bearer ya29.b", "x-goog-user-project": "project-2"}
    form = parse_qs((server.asked[0][3] or b"").decode())
    assert form["refresh_token"] == ["1//a-refresh-token"]


def test_a_token_that_ends_soon_is_used_and_not_asked_for_all_the_time() -> None:
    lease = google.token(user(), Tokens(given(seconds=120)))
    assert isinstance(lease, Lease)
    assert lease.renew == google.AT_LEAST
    assert 90 < lease.lasts < 106


def test_a_token_whose_end_nobody_tells() -> None:
    lease = google.token(user(), Tokens((200, b'{"access_token": "t"}')))
    assert isinstance(lease, Lease)
    assert lease.lasts == google.UNKNOWN - google.LAST


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """google-auth's retries without their pauses."""
    monkeypatch.setattr(backoff.time, "sleep", lambda seconds: None)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answers", "words", "by_google"),
    [
        ([refused()], "Google gave no access token: invalid_grant: Invalid JWT Signature.", True),
        ([(401, b"<html>")], "Google gave no access token: <html>", True),
        ([(200, b'{"token_type": "Bearer"}')], "Google gave no access token: No access token in response.", True),
        ([(503, b"busy")], "Google gave no access token: busy", False),
        ([Unreachable("the provider could not be reached: no")], "could not be reached: no", False),
        ([DeadlinePassed("the provider did not answer within 10 s")], "did not answer within 10 s", False),
    ],
)
@pytest.mark.usefixtures("hasty")
def test_why_there_is_no_token(answers: list[Answer], words: str, by_google: bool) -> None:
    failure = google.token(service_account(), Tokens(*answers))
    assert isinstance(failure, Failure)
    assert words in failure.message
    assert failure.refused == by_google


@pytest.mark.usefixtures("hasty")
def test_a_token_server_that_is_busy_for_a_moment_is_asked_again() -> None:
    server = Tokens((503, b"busy"), given())
    assert isinstance(google.token(service_account(), server), Lease)
    assert len(server.asked) == 2


@pytest.mark.parametrize("change", [lambda key: key.replace("MII", "AAA"), lambda key: "no key at all"])
def test_a_key_that_is_none_is_not_quoted(change: Callable[[str], str]) -> None:
    failure = google.token(service_account(private_key=change(private_key())), Tokens(given()))
    assert failure == Failure("Google's account in api_key cannot be read", refused=True)


def test_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google, "TIMEOUT", 0.01)

    def ask(*_: object) -> tuple[int, Mapping[str, str], bytes]:
        gevent.sleep(30)
        raise AssertionError

    assert google.token(user(), ask) == Failure("no access token came from Google within 0.01 s")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine without credentials of its own, and without Google's metadata service."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.delenv("GOOGLE_CLOUD_QUOTA_PROJECT", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "project-3")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    return monkeypatch


@pytest.mark.usefixtures("alone")
def test_a_machine_without_credentials() -> None:
    failure = google.token(None, Tokens(given()))
    assert isinstance(failure, Failure)
    assert failure.refused
    assert "GOOGLE_APPLICATION_CREDENTIALS" in failure.message


def test_the_machine_s_own(alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    file.write_text(service_account("http://127.0.0.1:9/token"), encoding="utf-8")
    alone.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    server = Tokens(given("ya29.c"))
    lease = google.token(None, server)
    assert isinstance(lease, Lease)
    assert lease.value["authorization"] == "Bearer ya29.c"
    assert server.asked[0][1] == "http://127.0.0.1:9/token"
