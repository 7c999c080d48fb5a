"""From a target to the headers of its requests, over real sockets where a token is fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from ccproxy.errors import NoCredentials, Unreachable, UpstreamError
from ccproxy.gateway.credentials import Credentials, aws, keys
from ccproxy.gateway.upstream import Upstream
from ccproxy.translate.target import Target
from tests.fake_upstream import Exact, FakeUpstream, Json, closed_port, head
from tests.gateway.credentials.accounts import ACCESS_KEY, PAIR, SECRET_KEY, TOKEN, private_key, service_account
from tests.gateway.credentials.signatures import expected
from tests.translate.contexts import target as plain_target

URL = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m%3A0/converse"
SENT = {"content-type": "application/json"}


def target(auth: Any, key: str | None, **options: Any) -> Target:
    return Target(
        provider="cloud",
        kind="openai-chat",
        wire="openai-chat",
        model="m",
        base_url="http://127.0.0.1:1",
        dialect=plain_target().dialect,
        auth=auth,
        key=key,
        options=options,
        secrets=keys.secrets(key) if key else (),
    )


@pytest.fixture
def credentials() -> Iterator[Credentials]:
    made = Credentials(Upstream(connect=5, idle=5))
    yield made
    made.close()


def headers(credentials: Credentials, target: Target, sent: dict[str, str] = SENT) -> dict[str, str]:
    made = credentials.headers(target, "POST", URL, sent, b"{}")
    return {name.lower(): value for name, value in made.items()}


def token(text: str = "ya29.t") -> Json:
    return Json({"access_token": text, "expires_in": 3599, "token_type": "Bearer"})


def test_headers_that_hold_all_there_is_are_left_alone(credentials: Credentials) -> None:
    assert credentials.headers(target("headers", "k"), "POST", URL, SENT, b"") is SENT


@pytest.mark.parametrize("auth", ["aws", "google"])
def test_what_an_administrator_authorizes_with_stands(credentials: Credentials, auth: str) -> None:
    mine = {"Authorization": "Bearer mine"}
    assert credentials.headers(target(auth, "k"), "POST", URL, mine, b"") is mine


@pytest.mark.parametrize(
    ("auth", "key", "added"),
    [
        ("aws", "bedrock-api-key-YQ==", {"authorization": "Bearer bedrock-api-key-YQ=="}),
        ("google", "an-api-key", {"x-goog-api-key": "an-api-key"}),
    ],
)
def test_a_key_that_is_one_word(credentials: Credentials, auth: str, key: str, added: dict[str, str]) -> None:
    assert headers(credentials, target(auth, key)) == {**SENT, **added}


def signed_with(made: dict[str, str], region: str) -> bool:
    names = "content-type;host;x-amz-date" + (";x-amz-security-token" if "x-amz-security-token" in made else "")
    signature = expected(SECRET_KEY, "bedrock", "POST", URL, made, names, b"{}", region)
    return made["authorization"].endswith(f"SignedHeaders={names}, Signature={signature}")


@pytest.mark.parametrize("key", [PAIR, f"{PAIR}:{TOKEN}"])
def test_a_pair_signs(credentials: Credentials, key: str) -> None:
    assert signed_with(headers(credentials, target("aws", key, region="us-east-1")), "eu-west-1")


def test_without_a_key_the_machine_s_own_sign(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    class Found:
        access_key, secret_key, token = ACCESS_KEY, SECRET_KEY, TOKEN

        def get_frozen_credentials(self) -> Found:
            return self

    def sources(profile: str | None) -> Any:
        asked.append(profile)
        return Found() if profile == "work" else None

    monkeypatch.setattr(aws, "_sources", sources)
    fresh = Credentials(Upstream(connect=5, idle=5))
    mine = target("aws", None, profile="work")
    assert signed_with(headers(fresh, mine), "eu-west-1")
    assert signed_with(headers(fresh, mine), "eu-west-1")
    assert asked == ["work"]
    fresh.refused(mine)
    headers(fresh, mine)
    assert asked == ["work", "work"]
    with pytest.raises(NoCredentials, match=r"^provider 'cloud': there are no AWS credentials") as refused:
        headers(fresh, target("aws", None))
    assert (refused.value.status, refused.value.should_retry) == (401, False)
    fresh.close()


def test_a_token_is_fetched_once_and_again_when_it_was_refused(credentials: Credentials) -> None:
    with FakeUpstream() as google:
        google.enqueue(token("ya29.one"), token("ya29.two"))
        mine = target("google", service_account(google.url + "/token"))
        waiting = [gevent.spawn(headers, credentials, mine) for _ in range(20)]
        gevent.joinall(waiting, timeout=30)
        assert [one.value["authorization"] for one in waiting] == ["Bearer ya29.one"] * 20
        assert len(google.requests) == 1
        credentials.refused(mine)
        assert headers(credentials, mine)["authorization"] == "Bearer ya29.two"
        assert len(google.requests) == 2


def test_each_account_has_a_token_of_its_own(credentials: Credentials) -> None:
    with FakeUpstream() as google:
        google.enqueue(token("ya29.one"), token("ya29.two"))
        mine = [target("google", service_account(google.url + "/token", private_key_id=id)) for id in ("a", "b")]
        assert [headers(credentials, one)["authorization"] for one in mine] == ["Bearer ya29.one", "Bearer ya29.two"]


def failing(credentials: Credentials, url: str) -> UpstreamError:
    mine = target("google", service_account(url))
    found = []
    for _ in range(2):
        with pytest.raises(UpstreamError) as failed:
            headers(credentials, mine)
        found.append(failed.value)
    assert found[0] is not found[1]
    assert found[0].message == found[1].message
    return found[0]


def test_refused_credentials_are_a_401_that_names_the_provider(credentials: Credentials) -> None:
    body = {"error": "invalid_grant", "error_description": f"what is {json.dumps(private_key())[1:-1]} and 1//x"}
    with FakeUpstream() as google:
        google.script("*", Json(body, 400))
        error = failing(credentials, google.url + "/token")
        assert len(google.requests) == 1
    assert isinstance(error, NoCredentials)
    assert error.message.startswith("provider 'cloud': Google gave no access token: invalid_grant: what is ")
    assert not any(line in error.message for line in private_key().splitlines()[1:-1])


def test_a_token_server_that_is_not_there_is_a_502(credentials: Credentials) -> None:
    error = failing(credentials, f"http://127.0.0.1:{closed_port()}/token")
    assert isinstance(error, Unreachable)
    assert "provider 'cloud': no access token from Google: the provider could not be reached" in error.message


def test_a_token_server_that_talks_nonsense(credentials: Credentials) -> None:
    with FakeUpstream() as google:
        google.script("*", Exact(head(200, {"content-type": "text/html", "content-length": "4"}), b"<p/>"))
        assert "its answer makes no sense (TypeError)" in failing(credentials, google.url + "/token").message
