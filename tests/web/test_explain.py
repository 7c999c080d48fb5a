"""The view of /v1/messages/explain in a whole application, against a provider that must not be asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from ccproxy.app import create_app
from ccproxy.errors import UpstreamRefused
from ccproxy.gateway.asked import Asked
from ccproxy.settings import Settings
from ccproxy.settings.secret import Secret
from ccproxy.store.logbook import RequestRow
from ccproxy.store.migrations import migrate
from ccproxy.store.session import open_engine
from ccproxy.web.services import EXTENSION, Services
from tests.fake_upstream import FakeUpstream

KEY = "sk-provider-0123456789abcdef"
OURS = "sk-ccproxy-0123456789abcdef"
ASK: dict[str, Any] = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}


class Proxy:
    def __init__(self, folder: Path, provider: FakeUpstream) -> None:
        settings = Settings(
            database_url=f"sqlite:///{folder / 'ccproxy.db'}",
            max_body_bytes=100_000,
            apikey=Secret(OURS),
            providers=({"name": "fake", "api_base_url": provider.base_url, "api_key": KEY, "models": ["m", "other"]},),
        )
        migrate(open_engine(settings.database_url))
        app = create_app(settings)
        self.parts: Services = app.extensions[EXTENSION]
        self.client: FlaskClient = app.test_client()
        self.rows: list[RequestRow] = []
        object.__setattr__(self.parts, "record", self.rows.append)

    def explain(self, body: Any, **headers: str) -> Any:
        sent = {"x-api-key": OURS, **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = body if isinstance(body, bytes) else json.dumps(body)
        with capture_logs():
            return self.client.post(
                "/v1/messages/explain?beta=true",
                data=data,
                content_type="application/json",
                headers=sent,
                base_url="http://localhost:3456",
            )


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with FakeUpstream() as provider:
        made = Proxy(tmp_path, provider)
        yield made
        made.parts.providers.close()
        assert provider.requests == []
        assert provider.listings == []
        assert made.rows == []


def test_an_explanation(proxy: Proxy) -> None:
    answer = proxy.explain({**ASK, "top_k": 3}, x_claude_code_session_id="s-1")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json
    assert (body["route"], body["strategy"], body["session"]) == ("models", "fallback", {"id": "s-1", "target": None})
    assert body["facts"]["model"] == "m"
    (target,) = body["targets"]
    assert (target["provider"], target["model"], target["state"], target["key"]) == ("fake", "m", "ok", "cdef")
    assert target["upstream"]["method"] == "POST"
    assert target["upstream"]["url"].endswith("/v1/chat/completions")
    assert target["upstream"]["headers"]["authorization"] == "…"
    assert target["upstream"]["body"]["messages"] == [{"role": "user", "content": "hi"}]
    assert target["losses"] == ["top_k"]
    assert KEY not in answer.text
    assert OURS not in answer.text


def test_a_member_sees_the_decision_and_neither_where_nor_how_the_provider_is_asked(proxy: Proxy) -> None:
    secret = proxy.parts.client_keys.create({"name": "anna", "requests_per_minute": 3})[1]
    answer = proxy.explain({**ASK, "top_k": 3}, x_api_key=secret)
    (target,) = answer.json["targets"]
    assert (target["provider"], target["model"], target["losses"]) == ("fake", "m", ["top_k"])
    assert target["cost"] is None
    assert (target["upstream"], target["key"]) == (None, None)
    assert "127.0.0.1" not in answer.text
    proxy.parts.client_keys.change("anna", {"role": "admin"})
    assert proxy.explain(ASK, x_api_key=secret).json["targets"][0]["upstream"]["url"].startswith("http://127.0.0.1")
    for _ in range(98):
        proxy.parts.limits.knock_beside(proxy.parts.client_keys.snapshot().get("anna"))
    assert proxy.explain(b"", x_api_key=secret).status_code == 429
    proxy.parts.client_keys.close()


def test_a_target_that_rests_is_shown_so(proxy: Proxy) -> None:
    assert proxy.explain(ASK).json["targets"][0]["until"] is None
    health = proxy.parts.health
    (target,) = proxy.parts.router.plan(Asked.named("m"), proxy.parts.providers.snapshot()).targets
    admitted = health.admit(target, None, False)
    assert admitted is not None
    health.failed(admitted, UpstreamRefused("slow down", status=429, type="rate_limit_error", retry_after=60))
    (found,) = proxy.explain(ASK).json["targets"]
    assert found["state"] == "resting"
    assert found["until"].endswith(("Z", "+00:00"))
    assert found["reason"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "body: not valid JSON"),
        ({"model": "m", "messages": ASK["messages"]}, 400, "max_tokens: Field required"),
        ({**ASK, "model": "nobody/else", "messages": []}, 400, "messages: at least one message"),
    ],
)
def test_errors_are_those_of_messages(proxy: Proxy, body: Any, status: int, said: str) -> None:
    answer = proxy.explain(body)
    assert answer.status_code == status
    assert answer.json["error"]["message"].startswith(said)


def test_nobody_without_a_key_sees_it(proxy: Proxy) -> None:
    answer = proxy.explain(ASK, x_api_key="wrong")
    assert (answer.status_code, answer.json["error"]["type"]) == (401, "authentication_error")


def test_a_model_that_leads_nowhere(proxy: Proxy) -> None:
    proxy.parts.providers.delete("fake")
    answer = proxy.explain(ASK)
    assert (answer.status_code, answer.headers["x-should-retry"]) == (503, "false")
