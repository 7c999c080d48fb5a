"""What an explanation shows of a request, and what it hides."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from ccproxy.errors import UpstreamRefused
from ccproxy.gateway.affinity import Affinity
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.call import Incoming, prepare
from ccproxy.gateway.choice import Choice
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.explanation import Condition, Views, condition, explain
from ccproxy.gateway.health import Health
from ccproxy.gateway.pricing import Pricing
from ccproxy.gateway.routing import Plan
from ccproxy.store.providers import Provider
from ccproxy.translate.parse import parse
from ccproxy.translate.target import Target

KEY = "sk-provider-0123456789"
PAIR = "EXAMPLEACCESSKEY0000:not-a-secret-not-a-secret-not-a-secret"
ACCOUNT = json.dumps(
    {"type": "authorized_user", "client_id": "id", "client_secret": "very-secret-indeed", "refresh_token": "1//fresh"}
)
PRICES = Pricing(lambda: None)
WELL = Views(lambda _: Condition(), lambda target: target.key and target.key[-4:], PRICES.estimate)
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def made(type: str, model: str, **more: Any) -> Target:
    fields = {"api_base_url": "http://127.0.0.1:9", "api_key": KEY, **more}
    return for_model(connect(Provider(name="p", type=type, **fields)), model)


def asking(session: str | None = None, headers: dict[str, str] | None = None, **more: Any) -> Incoming:
    body = {"model": "asked", "max_tokens": 1000, "messages": [{"role": "user", "content": "hi"}], **more}
    return Incoming(parse(json.dumps(body).encode()), headers or {}, "msg_1", "r", session)


def explained(
    incoming: Incoming, *targets: Target, views: Views = WELL, former: Target | None = None, why: str = "because"
) -> Any:
    """The explanation as its reader gets it."""
    plan = Plan("route", targets, why=why, strategy="weighted")
    asked = Asked.of(incoming.parsed, incoming.headers, "caller")
    return json.loads(msgspec.json.encode(explain(incoming, asked, plan, targets, former, views)))


def test_who_may_not_see_the_whole_sees_no_requests_and_not_what_is_not_to_be_had() -> None:
    part = msgspec.structs.replace(WELL, whole=False)
    why = 'route "a": its match fits; left out, as provider "b" is not enabled'
    found = explained(asking(top_k=3), made("groq", "llama-x"), views=part, why=why)
    assert found["why"] == 'route "a": its match fits'
    (target,) = found["targets"]
    assert (target["upstream"], target["losses"], target["ready"]) == (None, ["top_k"], False)
    assert explained(asking(), made("groq", "llama-x"), why=why)["why"] == why


def test_the_plan_and_its_targets_in_their_order() -> None:
    found = explained(asking(), made("openai", "gpt-4.1"), made("groq", "llama-x"))
    assert (found["route"], found["why"], found["strategy"], found["session"]) == ("route", "because", "weighted", None)
    assert [target["model"] for target in found["targets"]] == ["gpt-4.1", "llama-x"]


@pytest.mark.parametrize(
    ("more", "headers", "facts"),
    [
        ({}, {}, {}),
        ({"model": "claude-haiku-4-5"}, {}, {"model": "claude-haiku-4-5", "background": True}),
        (
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
            {},
            {"thinking": "adaptive", "effort": "max"},
        ),
        ({"tools": [SEARCH]}, {}, {"web_search": True}),
        ({}, {"x-claude-code-agent-id": "a1"}, {"agent": "subagent"}),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "eA=="}}
                        ],
                    }
                ]
            },
            {},
            {"image": True},
        ),
    ],
)
def test_the_facts(more: dict[str, Any], headers: dict[str, str], facts: dict[str, Any]) -> None:
    incoming = asking(headers=headers, **more)
    found = explained(incoming, made("openai", "gpt-4.1"))["facts"]
    assert found.pop("input_tokens") == Asked.of(incoming.parsed, {}, "").estimated > 0
    plain = {"thinking": None, "effort": None, "image": False, "web_search": False, "background": False}
    assert found == {"model": "asked", **plain, "agent": "main", **facts}


@pytest.mark.parametrize(
    ("key", "header"), [(ACCOUNT, "authorization"), (KEY, "x-goog-api-key")], ids=["service account", "API key"]
)
def test_what_authorizes_is_named_as_it_travels(key: str, header: str) -> None:
    target = made("vertex", "gemini-2.5-pro", api_key=key, options={"project": "p"})
    headers = explained(asking(), target)["targets"][0]["upstream"]["headers"]
    assert {name: headers.get(name) for name in ("authorization", "x-goog-api-key")} == {
        "authorization": None,
        "x-goog-api-key": None,
        header: "…",
    }


@pytest.mark.parametrize(
    ("target", "url"),
    [
        (made("openai", "gpt-4.1"), "/chat/completions"),
        (made("openai", "gpt-5"), "/responses"),
        (made("anthropic", "claude-opus-5-5"), "/v1/messages"),
        (made("gemini", "gemini-2.5-pro"), ":generateContent"),
        (made("cohere", "command-a-03-2025"), "/v2/chat"),
        (made("bedrock", "amazon.nova-pro-v1:0", api_key="bedrock-api-key-0123456789"), "/converse"),
        (made("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", api_key=PAIR), "/invoke"),
        (made("bedrock", "amazon.nova-pro-v1:0", api_key=None), "/converse"),
        (made("vertex", "gemini-2.5-pro", api_key=ACCOUNT, options={"project": "p"}), ":generateContent"),
        (made("vertex", "gemini-2.5-pro", api_key=KEY, options={"project": "p"}), ":generateContent"),
    ],
    ids=lambda value: value.label if isinstance(value, Target) else value,
)
def test_the_request_as_it_would_be_sent_but_for_what_authorizes_it(target: Target, url: str) -> None:
    incoming = asking(headers={"anthropic-version": "2023-06-01", "x-app": "cli"})
    call = prepare(incoming, target)
    (found,) = explained(incoming, target)["targets"]
    sent = found["upstream"]
    assert (sent["method"], sent["url"]) == (call.request.method, target.base_url + call.request.path)
    assert sent["url"].endswith(url)
    assert sent["body"] == json.loads(call.request.body)
    assert found["losses"] == list(call.request.losses)
    assert found["input_tokens"] == call.context.input_tokens
    assert (found["refused"], found["ready"], found["state"], found["parameters"]) == (None, False, "ok", {})
    assert set(sent["headers"]) >= {name.lower() for name in call.request.headers} | {"user-agent", "accept-encoding"}
    authorizing = [name for name in ("authorization", "x-api-key", "x-goog-api-key") if name in sent["headers"]]
    assert [sent["headers"][name] for name in authorizing] == ["…"]
    text = json.dumps(found, ensure_ascii=False)
    assert not [secret for secret in target.secrets if secret in text]


def test_no_secret_is_shown_wherever_it_is() -> None:
    quoted = 'a-"quoted"-secret'
    target = made(
        "openai-chat",
        "m",
        api_base_url="http://127.0.0.1:9/tenants/sk-provider-0123456789/v1",
        headers={"X-Team": "blue", "X-Gateway-Key": quoted, "X-Short": "pw"},
        options={"extra_body": {"key": KEY, "other": quoted, "note": "pw"}},
    )
    (found,) = explained(asking(), target)["targets"]
    sent = found["upstream"]
    assert sent["url"] == "http://127.0.0.1:9/tenants/…/v1/chat/completions"
    names = ("authorization", "x-team", "x-gateway-key", "x-short")
    assert [sent["headers"][name] for name in names] == ["…"] * 4
    assert (sent["body"]["key"], sent["body"]["other"], sent["body"]["note"]) == ("…", "…", "pw")


def test_a_body_that_is_no_json_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    target = made("openai-chat", "m")
    real = prepare

    def odd(incoming: Incoming, target: Target) -> Any:
        call = real(incoming, target)
        return msgspec.structs.replace(call, request=msgspec.structs.replace(call.request, body=b"a=1&b=\xff"))

    monkeypatch.setattr("ccproxy.gateway.explanation.prepare", odd)
    (found,) = explained(asking(), target)["targets"]
    assert found["upstream"]["body"] == "a=1&b=\ufffd"


def test_what_a_target_cannot_be_given_is_refused_there_only() -> None:
    incoming = asking(mcp_servers=[{"type": "url", "url": "https://x.example", "name": "x"}])
    first, second = explained(incoming, made("deepseek-anthropic", "deepseek-flash"), made("anthropic", "c"))["targets"]
    assert first["refused"].startswith("mcp_servers: ")
    assert (first["upstream"], first["losses"], first["cost"], first["ready"]) == (None, [], None, False)
    assert first["input_tokens"] > 0
    assert second["refused"] is None
    assert second["upstream"]["body"]["mcp_servers"]


def test_what_is_answered_here_asks_nobody() -> None:
    (found,) = explained(asking(tools=[SEARCH]), made("openai-chat", "m"))["targets"]
    assert (found["ready"], found["upstream"], found["cost"], found["refused"]) == (True, None, None, None)


def test_parameters_stand_in_place_of_the_clients() -> None:
    target = msgspec.structs.replace(made("anthropic", "claude-opus-4-5"), parameters={"max_tokens": 10, "top_k": 5})
    (found,) = explained(asking(), target)["targets"]
    assert found["parameters"] == {"max_tokens": 10, "top_k": 5}
    assert (found["upstream"]["body"]["max_tokens"], found["upstream"]["body"]["top_k"]) == (10, 5)
    assert found["cost"]["output_at_most"] == 0.00025


@pytest.mark.parametrize(
    ("target", "most", "output"),
    [
        (made("openai", "gpt-4.1"), 1000, 0.008),
        (made("anthropic", "claude-opus-5-5", options={"max_output_tokens": 100}), 1000, 0.002),
        (made("anthropic", "claude-opus-5-5"), 0, 0),
    ],
)
def test_the_cost(target: Target, most: int, output: float) -> None:
    (found,) = explained(asking(max_tokens=most), target)["targets"]
    cost = found["cost"]
    assert (cost["output_at_most"], cost["currency"]) == (output, "USD")
    assert cost["input"] == pytest.approx(
        found["input_tokens"] * {"gpt-4.1": 2, "claude-opus-5-5": 4}[target.model] / 1e6
    )


def test_no_cost_where_the_price_is_not_known() -> None:
    (found,) = explained(asking(), made("ollama", "qwen3"))["targets"]
    assert found["cost"] is None


def test_the_session_and_where_it_was() -> None:
    target = made("openai", "gpt-4.1")
    assert explained(asking("s"), target)["session"] == {"id": "s", "target": None}
    assert explained(asking("s"), target, former=target)["session"] == {"id": "s", "target": "p/gpt-4.1"}


REST = {"state": "resting", "until": datetime(2026, 1, 1, tzinfo=UTC), "reason": "busy", "status": 429}
OTHER = {"state": "probing", "until": datetime(2026, 1, 2, tzinfo=UTC), "reason": "down", "status": 500}


@pytest.mark.parametrize(
    ("targets", "in_service", "expected"),
    [
        ({}, True, Condition()),
        ({"m": REST}, True, Condition()),
        ({"m": REST}, False, Condition("resting", REST["until"], "busy")),  # type: ignore[arg-type]
        ({"other": REST}, False, Condition("probing", OTHER["until"], "down")),  # type: ignore[arg-type]
    ],
)
def test_a_targets_condition(targets: dict[str, Any], in_service: bool, expected: Condition) -> None:
    assert condition({**OTHER, "targets": targets, "keys": []}, made("openai-chat", "m"), in_service) == expected


def test_looking_at_the_next_key_does_not_take_it() -> None:
    health = Health(None, clock=lambda: 1000.0)
    target = made("openai-chat", "m", api_key="key-one-0123", api_keys=("key-one-0123", "key-two-0123"))
    assert [health.next_key(target, None) for _ in range(3)] == ["key-one-0123"] * 3
    first = health.admit(target, None, False)
    assert first is not None
    assert (first.key, health.next_key(target, None)) == ("key-one-0123", "key-two-0123")
    for _ in range(2):
        taken = health.admit(target, None, False)
        assert taken is not None
        health.failed(taken, UpstreamRefused("no", status=401, type="authentication_error"))
    assert health.admit(target, None, False) is None
    assert health.next_key(target, None) in target.keys
    assert health.next_key(made("ollama", "m", api_key=None), None) is None


def test_looking_at_a_sessions_target_does_not_keep_it() -> None:
    health, affinity = Health(None, clock=lambda: 1000.0), Affinity(8)
    choice = Choice(health, affinity, lambda: 0.5, lambda *_: None)
    targets = (made("openai-chat", "m"), made("openai-chat", "n"))
    plan = Plan("r", targets)
    assert choice.former(plan, "s") is None
    assert choice.former(plan, None) is None
    choice.settled(plan, "s", targets[1])
    assert choice.former(plan, "s") == targets[1]
    assert choice.former(Plan("r", targets[:1]), "s") is None
