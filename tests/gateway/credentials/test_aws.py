from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import CredentialRetrievalError

from ccproxy.gateway.credentials import aws
from ccproxy.gateway.credentials.keys import Pair
from ccproxy.gateway.credentials.lease import Failure, Lease
from ccproxy.gateway.upstream import Upstream
from tests.fake_upstream import FakeUpstream, Json
from tests.gateway.credentials.accounts import ACCESS_KEY, SECRET_KEY, TOKEN
from tests.gateway.credentials.signatures import expected

RUNTIME = "https://bedrock-runtime.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("url", "options", "region"),
    [
        (f"{RUNTIME}/model/m/converse", {}, "us-east-1"),
        (f"{RUNTIME}/model/m/converse", {"region": "eu-west-1"}, "us-east-1"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", {}, "us-gov-west-1"),
        ("https://bedrock.ap-southeast-2.amazonaws.com/foundation-models", {}, "ap-southeast-2"),
        ("https://vpce-01-ab.bedrock-runtime.eu-central-1.vpce.amazonaws.com/model/m", {}, "eu-central-1"),
        ("https://bedrock-runtime.cn-north-1.amazonaws.com.cn", {}, "cn-north-1"),
        ("https://bedrock-mantle.us-west-2.api.aws/v1", {}, "us-west-2"),
        ("http://127.0.0.1:9/model/m", {"region": "eu-west-1"}, "eu-west-1"),
        ("http://127.0.0.1:9/model/m", {}, "us-east-1"),
        ("https://my-proxy-1.example.com", {"region": "eu-west-1"}, "eu-west-1"),
        ("https://x.us-east-1.amazonaws.com.example.com", {"region": "eu-west-1"}, "eu-west-1"),
    ],
)
def test_region(url: str, options: dict[str, Any], region: str) -> None:
    assert aws.region(url, options) == region


@pytest.mark.parametrize(
    ("url", "kind", "service"),
    [
        (f"{RUNTIME}/model/m/converse", "bedrock", "bedrock"),
        ("https://bedrock.us-east-1.amazonaws.com/foundation-models", "bedrock", "bedrock"),
        ("https://bedrock-mantle.us-east-1.api.aws/v1", "bedrock-mantle", "bedrock-mantle"),
        ("https://bedrock-mantle.us-east-1.api.aws/v1", "openai-chat", "bedrock-mantle"),
        ("http://127.0.0.1:9/v1", "bedrock-mantle", "bedrock-mantle"),
    ],
)
def test_service(url: str, kind: str, service: str) -> None:
    assert aws.service(url, kind) == service


EXAMPLE = "https://example.amazonaws.com"
# From AWS's published test suite for Signature Version 4.
VECTORS = [
    ("GET", f"{EXAMPLE}/", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("POST", f"{EXAMPLE}/", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (
        "GET",
        f"{EXAMPLE}/?Param2=value2&Param1=value1",
        {},
        b"",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "POST",
        f"{EXAMPLE}/",
        {"content-type": "application/x-www-form-urlencoded"},
        b"Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
]
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
EXAMPLE_DATE = {"x-amz-date": "20150830T123600Z"}


@pytest.mark.parametrize(("method", "url", "headers", "body", "signature"), VECTORS)
def test_the_second_computation_gives_what_aws_published(
    method: str, url: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    names = ";".join(sorted({"host", *headers, *EXAMPLE_DATE}))
    known = {**headers, **EXAMPLE_DATE}
    assert expected(EXAMPLE_SECRET, "service", method, url, known, names, body, "us-east-1") == signature


PATHS = [
    "/model/anthropic.claude-opus-5-5-v1%3A0/converse",
    "/model/anthropic.claude-opus-5-5-v1:0/converse-stream",
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova/invoke",
    "/model/arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova/invoke",
    "/model/with%20blank~tilde/converse",
    "/foundation-models?byOutputModality=TEXT&byInferenceType=ON_DEMAND",
]


def reading(authorization: str) -> tuple[str, str, str]:
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})", authorization
    )
    assert found is not None
    return found[1], found[2], found[3]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, TOKEN])
def test_what_arrives_is_signed(path: str, token: str | None) -> None:
    body = json.dumps({"messages": ["ü", "x" * 5000]}).encode()
    headers = {"content-type": "application/json", "accept": "*/*", "X-Amzn-Bedrock-Trace": "ENABLED", "x-team": "a"}
    with FakeUpstream() as provider:
        provider.enqueue(Json({}))
        url = provider.url + path
        signed = aws.signature(Pair(ACCESS_KEY, SECRET_KEY, token), "bedrock", "eu-west-1", "POST", url, headers, body)
        answer = Upstream(connect=5, idle=5).send("POST", url, {**headers, **signed}, body)
        answer.close()
        [seen] = provider.requests
    arrived = {name.lower(): value for name, value in seen.headers.items()}
    assert seen.target == path
    assert seen.body == body
    credential, names, signature = reading(arrived["authorization"])
    assert credential == f"{ACCESS_KEY}/{arrived['x-amz-date'][:8]}/eu-west-1/bedrock/aws4_request"
    wanted = ["content-type", "host", "x-amz-date", "x-amzn-bedrock-trace"]
    assert names.split(";") == sorted([*wanted, "x-amz-security-token"] if token else wanted)
    assert arrived.get("x-amz-security-token") == token
    url = f"http://{arrived['host']}{seen.target}"
    assert signature == expected(SECRET_KEY, "bedrock", "POST", url, arrived, names, seen.body, "eu-west-1")


def test_only_what_signs_is_added() -> None:
    signed = aws.signature(
        Pair("a" * 20, "b"), "bedrock", "us-east-1", "GET", f"{RUNTIME}/x", {"content-type": "a/b"}, b""
    )
    assert set(signed) == {"X-Amz-Date", "Authorization"}


class Frozen:
    access_key, secret_key, token = ACCESS_KEY, SECRET_KEY, TOKEN


class Found:
    """What botocore's chain gives, or fails with; remembers in which threads it was asked."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.threads: list[int] = []

    def get_frozen_credentials(self) -> Frozen:
        self.threads.append(threading.get_ident())
        if self.failures:
            raise self.failures.pop(0)
        return Frozen()


@pytest.fixture
def chains() -> Iterator[list[aws.Chain]]:
    """Chains that are closed in the end."""
    made: list[aws.Chain] = []
    yield made
    for chain in made:
        chain.close()


def test_the_machine_s_own_are_looked_for_once_and_off_the_hub(chains: list[aws.Chain]) -> None:
    found, asked = Found(), list[str | None]()
    chain = aws.Chain(lambda profile: asked.append(profile) or found)  # type: ignore[func-returns-value]
    chains.append(chain)
    for _ in range(2):
        lease = chain.load("work")
        assert isinstance(lease, Lease)
        assert lease.value == Pair(ACCESS_KEY, SECRET_KEY, TOKEN)
        assert lease.renew < lease.lasts
    assert asked == ["work"]
    assert len(set(found.threads)) == 1
    assert threading.get_ident() not in found.threads
    chain.forget("work")
    chain.load("work")
    assert asked == ["work", "work"]


@pytest.mark.parametrize(
    ("source", "failure"),
    [
        (lambda _: None, Failure(aws._MISSING, refused=True)),
        (
            lambda _: Found(CredentialRetrievalError(provider="iam-role", error_msg="gone")),
            Failure(
                "AWS credentials could not be loaded: Error when retrieving credentials from iam-role: gone",
            ),
        ),
        (lambda _: Found(KeyError("the-secret")), Failure("AWS credentials could not be loaded: KeyError")),
    ],
)
def test_why_there_are_none(
    source: Any, failure: Failure, chains: list[aws.Chain], capfd: pytest.CaptureFixture[str]
) -> None:
    chain = aws.Chain(source)
    chains.append(chain)
    assert chain.load(None) == failure
    assert capfd.readouterr().err == ""


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment without anything of AWS's, and without an instance's metadata service."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "DEFAULT_PROFILE"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", raising=False)
    monkeypatch.delenv("AWS_WEB_IDENTITY_TOKEN_FILE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def test_the_environment_s(bare: pytest.MonkeyPatch, chains: list[aws.Chain]) -> None:
    chains.append(aws.Chain())
    assert chains[0].load(None) == Failure(aws._MISSING, refused=True)
    bare.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    bare.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    lease = chains[0].load(None)
    assert isinstance(lease, Lease)
    assert lease.value == Pair(ACCESS_KEY, SECRET_KEY)


def test_a_profile_s(bare: pytest.MonkeyPatch, chains: list[aws.Chain], tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(
        f"[work]\naws_access_key_id={ACCESS_KEY}\naws_secret_access_key={SECRET_KEY}\n", encoding="utf-8"
    )
    chains.append(aws.Chain())
    lease = chains[0].load("work")
    assert isinstance(lease, Lease)
    assert lease.value == Pair(ACCESS_KEY, SECRET_KEY)
    missing = chains[0].load("play")
    assert isinstance(missing, Failure)
    assert "play" in missing.message


def test_a_container_s(bare: pytest.MonkeyPatch, chains: list[aws.Chain]) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "Token": TOKEN, "Expiration": until}
    with FakeUpstream() as container:
        container.models_answer = Json(given)
        bare.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.base_url + "/models")
        chains.append(aws.Chain())
        for _ in range(3):
            lease = chains[0].load(None)
            assert isinstance(lease, Lease)
            assert lease.value == Pair(ACCESS_KEY, SECRET_KEY, TOKEN)
        assert len(container.listings) == 1
        chains[0].close()
