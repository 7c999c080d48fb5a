"""Clouds through a real server: tokens that are fetched, requests that are signed, and nothing of either in the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import pytest

from tests.fake_upstream import FakeUpstream, Json, Pause, Received, Stream
from tests.gateway.credentials.accounts import ACCESS_KEY, SECRET_KEY, TOKEN, private_key, service_account
from tests.gateway.credentials.signatures import expected
from tests.live.sdk import HELLO, provider_of, text_of
from tests.live.server import Server

GEMINI = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Hello."}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
}
CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
}


@pytest.fixture(scope="module")
def container() -> Iterator[FakeUpstream]:
    """Where the server's container has its AWS credentials."""
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with FakeUpstream() as service:
        service.models_answer = Json(
            {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "Token": TOKEN, "Expiration": until}
        )
        yield service


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory, container: FakeUpstream) -> Iterator[Server]:
    """One worker in such a container, which logs all that it can."""
    made = Server(tmp_path_factory.mktemp("cloud"), workers=1, settings={"log_level": "debug"})
    for name in [name for name in made.environ if name.startswith(("AWS_", "GOOGLE_"))]:
        del made.environ[name]
    made.environ |= {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": container.base_url + "/models",
        "AWS_CONFIG_FILE": str(made.folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(made.folder / "none"),
    }
    with made as running:
        yield running


@pytest.fixture
def client(talkative: Server) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=talkative.url, api_key="local", max_retries=0) as made:
        yield made


def ask(client: anthropic.Anthropic, model: str) -> str:
    return text_of(client.messages.create(model=model, max_tokens=100, messages=HELLO))


def header(received: Received, name: str) -> str:
    return {key.lower(): value for key, value in received.headers.items()}[name]


def hidden(server: Server, *secrets: str) -> None:
    log = server.log.read_text()
    assert "api_action" in log
    for secret in secrets:
        assert secret not in log


def test_a_service_account_s_token_is_fetched_once_for_a_crowd(client: anthropic.Anthropic, talkative: Server) -> None:
    with FakeUpstream() as cloud:

        def answer(received: Received) -> Any:
            if received.path == "/token":
                token = {"access_token": "ya29.made-for-this-test", "expires_in": 3599, "token_type": "Bearer"}
                return Json(token, before=(Pause(0.1),))
            if "stream" in received.path:
                return Stream([GEMINI])
            return Json(GEMINI)

        cloud.script("*", answer)
        account = service_account(cloud.url + "/token")
        place = cloud.url + "/v1beta1/projects/p/locations/x"
        with provider_of(talkative, "cloud", place, type="vertex", api_key=account, options={"project": "p"}):
            with ThreadPoolExecutor(10) as crowd:
                assert list(crowd.map(lambda _: ask(client, "cloud/gemini-2.5-flash"), range(10))) == ["Hello."] * 10
            status, shown, _ = talkative.request("GET", "/providers/cloud")
            assert (status, shown["api_key_hint"]) == (200, "4567")
            assert "private_key" not in json.dumps(shown)
        tokens = [received for received in cloud.requests if received.path == "/token"]
        others = [received for received in cloud.requests if received.path != "/token"]
        assert len(tokens) == 1
        assert {header(received, "authorization") for received in others} == {"Bearer ya29.made-for-this-test"}
    hidden(talkative, "ya29.made-for-this-test", private_key().splitlines()[1], "assertion=")


def test_an_account_that_google_refuses_is_a_401_that_names_the_provider(
    client: anthropic.Anthropic, talkative: Server
) -> None:
    with FakeUpstream() as cloud:
        cloud.script("*", Json({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400))
        account = service_account(cloud.url + "/token")
        with (
            provider_of(talkative, "cloud", cloud.url + "/v1beta1/x", type="vertex", api_key=account),
            pytest.raises(anthropic.AuthenticationError) as refused,
        ):
            ask(client, "cloud/gemini-2.5-flash")
        assert [received.path for received in cloud.requests] == ["/token"]
    assert "provider 'cloud': Google gave no access token: invalid_grant" in refused.value.message
    assert refused.value.response.headers["x-should-retry"] == "false"


def signed(received: Received, region: str) -> bool:
    """Whether the request arrived as it was signed."""
    headers = {name.lower(): value for name, value in received.headers.items()}
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    url = f"http://{headers['host']}{received.target}"
    signature = expected(SECRET_KEY, "bedrock", "POST", url, headers, names, received.body, region)
    return headers["authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize("key", [None, f"{ACCESS_KEY}:{SECRET_KEY}"])
def test_requests_arrive_as_they_were_signed(
    client: anthropic.Anthropic, talkative: Server, container: FakeUpstream, key: str | None
) -> None:
    with FakeUpstream() as cloud:
        cloud.script("*", Json(CONVERSE))
        options = {"region": "eu-west-1"}
        with provider_of(talkative, "cloud", cloud.url, type="bedrock", api_key=key, options=options):
            for _ in range(3):
                assert ask(client, "cloud/eu.amazon.nova-lite-v1:0") == "Hello."
        assert len(cloud.requests) == 3
        assert all(signed(received, "eu-west-1") for received in cloud.requests)
        assert {"x-amz-security-token" in map(str.lower, seen.headers) for seen in cloud.requests} == {key is None}
    assert key is not None or len(container.listings) == 1
    hidden(talkative, SECRET_KEY, TOKEN, "Signature=", "CanonicalRequest")
