"""Amazon Bedrock's presets: which API serves which model, and where."""

from __future__ import annotations

import pytest

from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.wires import RELAYING, TRANSLATING
from ccproxy.presets.aws import ALL
from ccproxy.store.providers import Provider
from ccproxy.translate.target import Target

ARN = "arn:aws:bedrock:us-east-1:000000000000"


def target(kind: str, model: str, **options: str) -> Target:
    return for_model(connect(Provider(name="aws", type=kind, api_base_url="", api_key="k", options=options)), model)


@pytest.mark.parametrize(
    ("model", "wire"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic-bedrock"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic-bedrock"),
        ("global.anthropic.claude-opus-5", "anthropic-bedrock"),
        (f"{ARN}:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0", "anthropic-bedrock"),
        ("amazon.nova-pro-v1:0", "bedrock-converse"),
        ("us.meta.llama4-maverick-17b-instruct-v1:0", "bedrock-converse"),
        ("openai.gpt-oss-120b-1:0", "bedrock-converse"),
        (f"{ARN}:application-inference-profile/abc123", "bedrock-converse"),
    ],
)
def test_claude_speaks_anthropics_api_and_all_others_converse(model: str, wire: str) -> None:
    found = target("bedrock", model)
    assert found.wire == wire
    assert found.base_url == "https://bedrock-runtime.us-east-1.amazonaws.com"
    assert (found.auth, found.key) == ("aws", "k")
    assert "authorization" not in found.headers


def test_the_api_can_be_pinned_and_the_region_named() -> None:
    converse = target("bedrock", "anthropic.claude-3-haiku-20240307-v1:0", api="converse", region="eu-west-1")
    assert converse.wire == "bedrock-converse"
    assert converse.base_url == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert target("bedrock", f"{ARN}:application-inference-profile/abc", api="invoke").wire == "anthropic-bedrock"


@pytest.mark.parametrize(
    ("model", "wire", "root"),
    [
        ("anthropic.claude-opus-5", "anthropic", "/anthropic"),
        ("openai.gpt-5.6-luna", "openai-responses", "/openai/v1"),
        ("openai.gpt-oss-120b", "openai-responses", "/v1"),
        ("openai.gpt-oss-safeguard-20b", "openai-chat", "/v1"),
        ("mistral.voxtral-mini-3b-2507", "openai-chat", "/v1"),
    ],
)
def test_mantle_has_an_api_for_each_maker(model: str, wire: str, root: str) -> None:
    found = target("bedrock-mantle", model)
    assert found.wire == wire
    assert found.base_url == f"https://bedrock-mantle.us-east-1.api.aws{root}"
    assert found.dialect.web_search == ""


def test_all_wires_are_there() -> None:
    assert {api.wire for preset in ALL for api in preset.apis} <= {*TRANSLATING, *RELAYING}
