"""Batches and files in a whole application, against a scripted Anthropic."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from ccproxy.app import create_app
from ccproxy.gateway import limits
from ccproxy.settings import Settings
from ccproxy.store.migrations import migrate
from ccproxy.store.session import open_engine
from ccproxy.web.services import EXTENSION, Services
from tests.fake_anthropic import LIMITS, FakeAnthropic, failure
from tests.fake_upstream import Answer, Cut, Exact, FakeUpstream, Json, Received, Stream, head

KEY = "sk-provider-0123456789abcdef"
BATCHES = "/v1/messages/batches"


class Proxy:
    """The application, with these providers."""

    def __init__(self, folder: Path, *providers: dict[str, Any], **settings: Any) -> None:
        made = Settings(
            database_url=f"sqlite:///{folder / 'ccproxy.db'}", max_body_bytes=10_000, providers=providers, **settings
        )
        migrate(open_engine(made.database_url))
        app = create_app(made)
        self.parts: Services = app.extensions[EXTENSION]
        self.client: FlaskClient = app.test_client()

    def ask(self, method: str, path: str, **options: Any) -> Any:
        # Read to its end and closed, as a server does.
        return self.client.open(path, method=method, base_url="http://localhost:3456", **{"buffered": True, **options})

    def create(self, *models: str, **options: Any) -> Any:
        params = {"max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
        requests = [
            {"custom_id": str(place), "params": {**params, "model": model}} for place, model in enumerate(models)
        ]
        return self.ask("POST", BATCHES, json={"requests": requests}, **options)


@pytest.fixture
def first() -> Iterator[FakeAnthropic]:
    with FakeUpstream() as upstream:
        yield FakeAnthropic(upstream)


@pytest.fixture
def second() -> Iterator[FakeAnthropic]:
    with FakeUpstream() as upstream:
        yield FakeAnthropic(upstream)


def provider(name: str, api: FakeAnthropic, type: str = "anthropic", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type, "api_base_url": api.upstream.url, "api_key": KEY, **more}


@pytest.fixture
def proxy(tmp_path: Path, first: FakeAnthropic, second: FakeAnthropic) -> Iterator[Proxy]:
    """Three providers; the first has neither batches nor files."""
    made = Proxy(
        tmp_path,
        {"name": "chat", "type": "openai-chat", "api_base_url": second.upstream.url, "models": ["gpt"]},
        provider("one", first, models=["claude"]),
        provider("two", second, models=["opus"]),
    )
    yield made
    made.parts.providers.close()


def test_a_batch_goes_where_its_models_lead(proxy: Proxy, first: FakeAnthropic, second: FakeAnthropic) -> None:
    answer = proxy.create("two/opus", "opus", "two,haiku")
    assert answer.status_code == 200
    assert answer.headers["X-Provider"] == "two"
    assert answer.json["id"] == "msgbatch_1"
    assert not first.batches
    sent = second.batches["msgbatch_1"]["body"]["requests"]
    assert [one["params"]["model"] for one in sent] == ["opus", "opus", "haiku"]
    [seen] = second.upstream.requests
    assert seen.headers["x-api-key"] == KEY
    assert seen.headers["anthropic-version"] == "2023-06-01"
    assert seen.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("models", "status", "said"),
    [
        (["one/claude", "two/opus"], 400, "requests.1.params.model: 'two/opus' leads to provider 'two'"),
        ([], 400, "requests: at least one request is required"),
        (["gpt"], 404, "message batches: provider 'chat' has none"),
        (["unknown"], 404, "model: 'unknown' is not known here"),
    ],
)
def test_a_batch_that_goes_nowhere(proxy: Proxy, models: list[str], status: int, said: str) -> None:
    answer = proxy.create(*models)
    assert answer.status_code == status
    assert answer.json["error"]["message"].startswith(said)


def test_a_batch_is_found_wherever_it_is(proxy: Proxy, first: FakeAnthropic, second: FakeAnthropic) -> None:
    proxy.create("two/opus")
    one = f"{BATCHES}/msgbatch_1"
    assert proxy.ask("GET", one).json["results_url"] == f"{one}/results"
    assert proxy.ask("GET", one).headers["X-Provider"] == "two"
    assert proxy.ask("POST", f"{one}/cancel").json["processing_status"] == "canceling"
    results = proxy.ask("GET", f"{one}/results")
    assert results.mimetype == "application/x-jsonl"
    assert [json.loads(line)["custom_id"] for line in results.data.splitlines()] == ["0"]
    assert proxy.ask("DELETE", one).json == {"id": "msgbatch_1", "type": "message_batch_deleted"}
    gone = proxy.ask("GET", one)
    assert (gone.status_code, gone.json) == (404, failure("not_found_error", "no batch msgbatch_1"))


def test_a_list_is_the_first_ones(proxy: Proxy, first: FakeAnthropic) -> None:
    proxy.create("one/claude")
    listed = proxy.ask("GET", f"{BATCHES}?limit=3&after_id=x")
    assert [one["id"] for one in listed.json["data"]] == ["msgbatch_1"]
    assert first.upstream.listings[-1].target == f"{BATCHES}?limit=3&after_id=x"


def test_files(proxy: Proxy, first: FakeAnthropic, second: FakeAnthropic) -> None:
    second.files["file_9"] = b"the other's"
    made = proxy.ask(
        "POST",
        "/v1/files",
        data=b'--xx\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nhello\x00\xff\r\n--xx--\r\n',
        content_type="multipart/form-data; boundary=xx",
        headers={"anthropic-beta": "files-api-2025-04-14"},
    )
    assert made.json["id"] == "file_1"
    assert first.files == {"file_1": b"hello\x00\xff"}
    assert first.upstream.requests[0].headers["anthropic-beta"] == "files-api-2025-04-14"
    content = proxy.ask("GET", "/v1/files/file_1/content")
    assert (content.data, content.mimetype) == (b"hello\x00\xff", "text/plain")
    assert content.headers["Content-Length"] == "7"
    # whatever it is, a browser does not take it for a page of ours
    assert (content.headers["X-Content-Type-Options"], content.headers["Content-Security-Policy"]) == (
        "nosniff",
        "sandbox",
    )
    assert "Set-Cookie" not in content.headers
    assert proxy.ask("GET", "/v1/files/file_9/content").data == b"the other's"
    assert [one["id"] for one in proxy.ask("GET", "/v1/files").json["data"]] == ["file_1"]
    assert proxy.ask("GET", "/v1/files/file_1").json["filename"] == "a.txt"
    assert proxy.ask("DELETE", "/v1/files/file_1").json["type"] == "file_deleted"
    assert proxy.ask("GET", "/v1/files/file_1").status_code == 404


def test_where_nobody_has_them(tmp_path: Path, first: FakeAnthropic) -> None:
    made = Proxy(
        tmp_path,
        provider("mine", first, "llamacpp-anthropic", models=["m"]),
        provider("half", first, options={"batches": False}, models=["n"]),
    )
    answer = made.create("mine/m")
    assert answer.status_code == 404
    assert answer.json["error"]["type"] == "not_found_error"
    assert answer.json["error"]["message"].startswith("message batches: no enabled provider has them")
    assert made.ask("GET", "/v1/files").status_code == 200
    assert first.upstream.requests == []
    made.parts.providers.close()


@pytest.mark.parametrize("id", ["..", "a.b", "a%2Fb", "%2e%2e", "a" * 201])
def test_an_id_is_one(proxy: Proxy, first: FakeAnthropic, id: str) -> None:
    assert proxy.ask("GET", f"{BATCHES}/{id}").status_code == 404
    assert proxy.ask("DELETE", f"/v1/files/{id}").status_code == 404
    assert first.upstream.listings == []


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("POST", BATCHES, {"data": b"x" * 10_001, "content_type": "application/json"}, 413),
        ("POST", BATCHES, {"data": b"{}", "content_type": "text/plain"}, 415),
        ("POST", "/v1/files", {"data": b"{}", "content_type": "application/json"}, 415),
        ("POST", BATCHES, {"data": b"{}", "content_type": "application/json"}, 400),
        ("PUT", BATCHES, {}, 405),
        ("GET", f"{BATCHES}/x/cancel", {}, 404),
        ("POST", f"{BATCHES}/x/results", {}, 404),
    ],
)
def test_requests_that_are_refused(proxy: Proxy, method: str, path: str, options: dict[str, Any], status: int) -> None:
    answer = proxy.ask(method, path, **options)
    assert answer.status_code in (status, 405)
    assert answer.json["type"] == "error"


def test_callers_only(tmp_path: Path, first: FakeAnthropic) -> None:
    made = Proxy(tmp_path, provider("one", first), apikey="sk-ccproxy-0123456789abcdef")
    for path in (BATCHES, "/v1/files", f"{BATCHES}/x/results"):
        assert made.ask("GET", path).status_code == 401
    assert made.ask("GET", BATCHES, headers={"x-api-key": "sk-ccproxy-0123456789abcdef"}).status_code == 200
    made.parts.providers.close()


def member(proxy: Proxy, **fields: Any) -> dict[str, str]:
    return {"x-api-key": proxy.parts.client_keys.create({"name": "anna", **fields})[1]}


def test_a_member_has_its_own_and_not_the_list_of_everybody_s(proxy: Proxy) -> None:
    headers = member(proxy)
    made = proxy.create("two/opus", headers=headers)
    assert made.status_code == 200
    assert proxy.ask("GET", f"{BATCHES}/{made.json['id']}", headers=headers).status_code == 200
    for path in (BATCHES, "/v1/files"):
        assert proxy.ask("HEAD", path, headers=headers).status_code == 403
        refused = proxy.ask("GET", path, headers=headers)
        assert (refused.status_code, refused.json["error"]["type"]) == (403, "permission_error")
        assert "ask for one by its id" in refused.json["error"]["message"]
    assert proxy.ask("GET", "/v1/files/nothing", headers=headers).status_code == 404
    proxy.parts.client_keys.close()


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"models": ("two/*",)}, 200, ""),
        ({"models": ("one/*",)}, 403, "model: the key 'anna' may not use 'two/opus'"),
        ({"requests_per_minute": 1}, 200, ""),
        ({"daily_budget_usd": 1.0}, 403, "message batches: what they use is not counted here"),
        ({"tokens_per_minute": 10**9}, 403, "message batches: what they use is not counted here"),
    ],
)
def test_a_key_s_batches_hold_what_it_may_use(proxy: Proxy, fields: dict[str, Any], status: int, said: str) -> None:
    answer = proxy.create("two/opus", headers=member(proxy, **fields))
    assert answer.status_code == status
    assert not said or answer.json["error"]["message"].startswith(said)
    proxy.parts.client_keys.close()


def test_a_batch_is_a_request_and_what_is_done_with_it_is_another_one(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LEAST_OTHERS", 3)
    headers = member(proxy, requests_per_minute=1)
    made = proxy.create("two/opus", headers=headers)
    assert [made.status_code, proxy.create("two/opus", headers=headers).status_code] == [200, 429]
    looked = [proxy.ask("GET", f"{BATCHES}/{made.json['id']}", headers=headers).status_code for _ in range(4)]
    assert looked == [200, 200, 200, 429]
    proxy.parts.client_keys.close()


def test_errors_pass_byte_for_byte_and_hold_no_secret(proxy: Proxy, first: FakeAnthropic) -> None:
    body = json.dumps(failure("rate_limit_error", "slow down"), indent=3).encode()
    first.upstream.enqueue(Json(body, 429, {**LIMITS, "Retry-After": "7"}))
    answer = proxy.create("claude")
    assert (answer.status_code, answer.data, answer.headers["retry-after"]) == (429, body, "7")
    assert answer.headers["anthropic-ratelimit-requests-remaining"] == "49"
    first.upstream.enqueue(Json(failure("authentication_error", f"invalid key {KEY}"), 401))
    answer = proxy.create("claude")
    assert answer.status_code == 401
    assert answer.headers["x-should-retry"] == "false"
    assert KEY not in answer.text
    assert "provider 'one' refused its API key" in answer.text


def test_one_that_is_ill_does_not_hide_the_other(proxy: Proxy, first: FakeAnthropic) -> None:
    proxy.create("two/opus")
    first.upstream.models_answer = Json(failure("api_error", "broken"), 500)
    assert proxy.ask("GET", f"{BATCHES}/msgbatch_1").headers["X-Provider"] == "two"
    nowhere = proxy.ask("GET", f"{BATCHES}/msgbatch_2")
    assert (nowhere.status_code, nowhere.json["error"]["message"]) == (500, "broken")


def test_an_answer_that_is_cut_is_no_whole_one(proxy: Proxy, first: FakeAnthropic) -> None:
    first.upstream.models_answer = Exact(
        head(200, {"Content-Type": "text/plain", "Transfer-Encoding": "chunked"}), b"3\r\nabc\r\n", Cut()
    )
    with pytest.raises(Exception, match="cut the connection"):
        proxy.ask("GET", "/v1/files/file_1/content").get_data()


def test_a_drain_waits_for_them(proxy: Proxy, first: FakeAnthropic) -> None:
    first.upstream.models_answer = Stream([b"a", b"b"])
    answer = proxy.ask("GET", "/v1/files/file_1/content", buffered=False)
    assert proxy.parts.lifecycle.live == 1
    assert answer.get_data() == b"ab"
    answer.close()
    assert proxy.parts.lifecycle.live == 0
    proxy.parts.lifecycle.drain(0)
    assert proxy.ask("GET", "/v1/files").status_code == 503


ONE, TWO = "sk-provider-0123456789", "sk-provider-abcdefghij"


class Accounts:
    """A provider with two accounts, each with a key and with what it keeps; `refused` keys are so everywhere."""

    def __init__(self, upstream: FakeUpstream) -> None:
        self.upstream = upstream
        self.one, self.two = FakeAnthropic(upstream), FakeAnthropic(upstream)
        self.refused: dict[str, Answer] = {}
        upstream.script("*", self.answer)
        upstream.models_answer = self.answer

    def answer(self, received: Received) -> Answer:
        key = received.headers["x-api-key"]
        if key in self.refused:
            return self.refused[key]
        if received.path == "/v1/models":
            return Json({"data": [{"type": "model", "id": "claude-x", "display_name": "X"}], "has_more": False})
        return (self.one if key == ONE else self.two).answer(received)

    def asked(self) -> list[str]:
        """The keys that were asked with since this was asked last."""
        keys = [one.headers["x-api-key"] for one in (*self.upstream.requests, *self.upstream.listings)]
        self.upstream.requests.clear()
        self.upstream.listings.clear()
        return keys


@pytest.fixture
def accounts() -> Iterator[Accounts]:
    with FakeUpstream() as upstream:
        yield Accounts(upstream)


@pytest.fixture
def keyed(tmp_path: Path, accounts: Accounts) -> Iterator[Proxy]:
    row = {"name": "p", "type": "anthropic", "api_base_url": accounts.upstream.url, "api_keys": [ONE, TWO]}
    made = Proxy(tmp_path, row)
    yield made
    made.parts.providers.close()
    made.parts.health.flush(10)


INVALID = Json(failure("authentication_error", "invalid x-api-key"), 401)


def message(proxy: Proxy, path: str = "/v1/messages") -> Any:
    body = {"model": "p/claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    return proxy.ask("POST", path, json=body)


def test_all_go_by_what_messages_have_shown_of_the_keys(keyed: Proxy, accounts: Accounts) -> None:
    accounts.refused[ONE] = INVALID
    assert message(keyed).status_code == 200
    assert accounts.asked() == [ONE, TWO]
    assert message(keyed, "/v1/messages/count_tokens").json == {"input_tokens": 2095}
    assert [model["id"] for model in keyed.ask("GET", "/v1/models").json["data"]] == ["p/claude-x"]
    assert keyed.ask("GET", BATCHES).status_code == 200
    assert keyed.create("p/claude-x").status_code == 200
    assert keyed.ask("GET", "/v1/files").status_code == 200
    assert set(accounts.asked()) == {TWO}


ASIDE: list[Callable[[Proxy], Any]] = [
    lambda proxy: message(proxy, "/v1/messages/count_tokens"),
    lambda proxy: proxy.ask("GET", "/v1/models"),
    lambda proxy: proxy.ask("GET", "/v1/models/p/claude-x"),
    lambda proxy: proxy.ask("GET", BATCHES),
    lambda proxy: proxy.create("p/claude-x"),
    lambda proxy: proxy.ask("GET", "/v1/files"),
]


@pytest.mark.parametrize("ask", ASIDE)
def test_a_key_that_they_are_refused_with_is_set_aside_for_messages_too(
    keyed: Proxy, accounts: Accounts, ask: Callable[[Proxy], Any]
) -> None:
    accounts.refused[ONE] = INVALID
    assert ask(keyed).status_code == 200
    assert accounts.asked() == [ONE, TWO]
    assert message(keyed).status_code == 200
    assert accounts.asked() == [TWO]


@pytest.mark.parametrize("ask", ASIDE)
def test_what_another_worker_has_found_holds_here_too(
    tmp_path: Path, keyed: Proxy, accounts: Accounts, ask: Callable[[Proxy], Any]
) -> None:
    another = Proxy(tmp_path)
    accounts.refused[ONE] = INVALID
    assert message(another).status_code == 200
    another.parts.health.flush(10)
    another.parts.providers.close()
    accounts.asked()
    assert ask(keyed).status_code == 200
    assert accounts.asked() == [TWO]


def test_what_an_account_keeps_is_looked_for_with_each_key(keyed: Proxy, accounts: Accounts) -> None:
    accounts.two.files["file_9"] = b"the other's"
    assert keyed.ask("GET", "/v1/files/file_9/content").data == b"the other's"
    assert accounts.asked() == [ONE, TWO]
    assert keyed.ask("DELETE", "/v1/files/file_9").json["type"] == "file_deleted"
    gone = keyed.ask("GET", "/v1/files/file_9")
    assert (gone.status_code, gone.json["error"]["type"]) == (404, "not_found_error")
    accounts.refused[ONE] = Json(failure("rate_limit_error", "slow down"), 429, {"Retry-After": "30"})
    keyed.create("p/claude-x")
    accounts.two.batches["msgbatch_7"] = {"body": {"requests": []}, "status": "ended"}
    assert keyed.ask("POST", f"{BATCHES}/msgbatch_7/cancel").json["processing_status"] == "canceling"


def test_a_list_is_that_of_the_first_account_that_is_in_service(keyed: Proxy, accounts: Accounts) -> None:
    accounts.two.files["file_9"] = b"the other's"
    for _ in range(3):
        message(keyed)  # whose turn it is does not matter
        assert keyed.ask("GET", "/v1/files").json["data"] == []
    accounts.refused[ONE] = INVALID
    assert [one["id"] for one in keyed.ask("GET", "/v1/files").json["data"]] == ["file_9"]


def test_where_all_keys_are_refused_it_is_said_once(keyed: Proxy, accounts: Accounts) -> None:
    accounts.refused = dict.fromkeys((ONE, TWO), Json(failure("authentication_error", f"invalid {ONE} {TWO}"), 401))
    answer = keyed.ask("GET", BATCHES)
    assert answer.status_code == 401
    assert answer.json["error"]["message"] == "provider 'p' refused its API key: invalid [redacted] [redacted]"
    assert sorted(accounts.asked()) == [ONE, TWO]
