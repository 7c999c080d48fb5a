"""Who may call, how much they may send, and that no key is ever told; on a server of its own, with a key."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.fake_upstream import FakeUpstream, Refusal, Reply
from tests.live.raw import Connection, ask, post, request
from tests.live.server import Server

KEY = "ccproxy-client-key-0123456789"
PROVIDER_KEY = "sk-provider-secret-0123456789"
HEADER = "header-secret-0123456789"
OWN = {"x-api-key": KEY}


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, provider: FakeUpstream) -> Iterator[Server]:
    """Bodies up to 1 MB, a key, a trusted proxy on this machine, and everything logged."""
    settings = {
        "apikey": KEY,
        "max_body_mb": "1",
        "log_level": "debug",
        "trusted_proxies": "127.0.0.1",
        "allowed_ips": "127.0.0.0/8,10.0.0.0/8",
    }
    with Server(tmp_path_factory.mktemp("guarded"), workers=1, settings=settings) as running:
        running.add_provider("fake", provider.base_url, api_key=PROVIDER_KEY, headers={"X-Team": HEADER})
        yield running


KEYS = [
    ({}, 401),
    ({"x-api-key": KEY}, 200),
    ({"Authorization": f"Bearer {KEY}"}, 200),
    ({"Authorization": f"bearer  {KEY} "}, 200),
    ({"x-api-key": KEY, "Authorization": "Bearer wrong"}, 200),
    ({"x-api-key": "wrong", "Authorization": f"Bearer {KEY}"}, 200),
    ({"x-api-key": "wrong", "Authorization": "Bearer wrong"}, 401),
    ({"x-api-key": KEY[:-1]}, 401),
    ({"x-api-key": KEY + "x"}, 401),
    ({"x-api-key": "\xe4\xf6"}, 401),
    ({"Authorization": f"Basic {KEY}"}, 401),
    ({"Authorization": KEY}, 401),
    ({"Authorization": "Bearer"}, 401),
]


@pytest.mark.parametrize(("headers", "status"), KEYS)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens", "/v1/models", "/status", "/providers"])
def test_keys(guarded: Server, path: str, headers: dict[str, str], status: int) -> None:
    sent = post(ask(), headers, path) if "messages" in path else request("GET", path, headers=headers)
    with Connection(guarded.port) as client:
        answer = client.send(sent).answer()
    assert answer.status == status
    if status == 401:
        assert answer.error[0] == "authentication_error"
        assert answer.headers["x-should-retry"] == "false"
        assert KEY not in answer.body.decode()


@pytest.mark.parametrize("path", ["/", "/health", "/api/hello"])
def test_some_paths_need_no_key(guarded: Server, path: str) -> None:
    with Connection(guarded.port) as client:
        answer = client.send(request("GET", path, headers={"Host": "ccproxy.lan"})).answer()
        assert answer.status == 200
        if path == "/health":
            assert set(answer.json) == {"status", "timestamp"}
            told = client.send(request("GET", path, headers=OWN)).answer()
            assert told.json["config"]["api_key_configured"] is True


def test_without_a_key_nothing_is_told_of_what_there_is(guarded: Server) -> None:
    """Not even the body is looked at."""
    with Connection(guarded.port) as client:
        for method, path in (("DELETE", "/providers/none"), ("PUT", "/providers/fake"), ("POST", "/v1/messages")):
            answer = client.send(request(method, path, b"{", {"Content-Type": "text/plain"})).answer()
            assert answer.status == 401, path


FORWARDED = [
    ("10.1.2.3", 200, "10.1.2.3"),
    ("8.8.8.8", 403, None),
    ("8.8.8.8, 10.1.2.3", 200, "10.1.2.3"),
    ("10.1.2.3, 8.8.8.8", 403, None),
    ("10.1.2.3, 127.0.0.1", 200, "10.1.2.3"),
    ("nonsense", 403, None),
    ("", 200, "127.0.0.1"),
]


@pytest.mark.parametrize(("forwarded", "status", "address"), FORWARDED)
def test_a_trusted_proxy_speaks_for_others(guarded: Server, forwarded: str, status: int, address: str | None) -> None:
    with Connection(guarded.port) as client:
        answer = client.send(post(ask(), {**OWN, "X-Forwarded-For": forwarded})).answer()
    assert answer.status == status
    if status == 403:
        assert answer.error[0] == "permission_error"
    else:
        assert guarded.row(answer.headers["request-id"])["client_ip"] == address


def test_others_speak_for_themselves(server: Server, provider: FakeUpstream) -> None:
    server.add_provider("access", provider.base_url)
    headers = {"X-Forwarded-For": "8.8.8.8", "X-Real-IP": "8.8.8.8", "Forwarded": "for=8.8.8.8"}
    with Connection(server.port) as client:
        answer = client.send(post(ask(model="access/m"), headers)).answer()
    assert answer.status == 200
    assert server.row(answer.headers["request-id"])["client_ip"] == "127.0.0.1"
    assert server.request("DELETE", "/providers/access")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.1", "a b", ""])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/models", "/providers", "/status"])
def test_without_a_configured_key_foreign_hosts_are_refused(server: Server, path: str, host: str) -> None:
    """A web page that rebinds its name to 127.0.0.1 has its own name in Host."""
    sent = post(ask(), {"Host": host}) if path == "/v1/messages" else request("GET", path, headers={"Host": host})
    with Connection(server.port) as client:
        answer = client.send(sent).answer()
    assert (answer.status, answer.error[0]) == (403, "permission_error")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:3456", "127.0.0.1:1", "[::1]:3456"])
def test_without_a_configured_key_local_hosts_are_served(server: Server, host: str) -> None:
    with Connection(server.port) as client:
        assert client.send(request("GET", "/v1/models", headers={"Host": host})).answer().status == 200


# --- how much -----------------------------------------------------------------------------------------------------

HEAD = request("POST", "/v1/messages", headers={"Content-Type": "application/json", **OWN})[:-2]
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_body_over_the_limit_is_refused_and_read_no_further(guarded: Server, framing: str) -> None:
    piece = b"x" * 65536
    head = HEAD + b"Content-Length: 500000000\r\n\r\n" if framing == "length" else CHUNKED
    with Connection(guarded.port) as client:
        client.send(head)
        if framing == "chunks":
            client.send(*[b"10000\r\n" + piece + b"\r\n"] * 20)
        answer = client.answer()
        assert (answer.status, answer.error[0]) == (413, "request_too_large")
        assert client.rest() == b""


def test_the_answer_reaches_a_client_that_goes_on_sending(guarded: Server) -> None:
    with Connection(guarded.port) as client:
        client.send(HEAD + b"Content-Length: 1500000\r\n\r\n", b"x" * 1500000)
        assert client.answer().status == 413


def test_a_body_of_just_the_limit_passes(guarded: Server) -> None:
    body = json.dumps(ask()).encode()
    body += b" " * (2**20 - len(body))
    with Connection(guarded.port) as client:
        assert client.send(post(body, OWN)).answer().status == 200
        assert client.send(post(body + b" ", OWN)).answer().status == 413


# --- what is never told -------------------------------------------------------------------------------------------


def test_no_secret_in_any_answer_or_log_line(guarded: Server, provider: FakeUpstream) -> None:
    """Run with everything logged; a provider that repeats its key included."""
    seen = b""
    with Connection(guarded.port) as client:
        for words in (PROVIDER_KEY, HEADER, f"Bearer {PROVIDER_KEY}"):
            provider.enqueue(Refusal(401, f"bad key {words}"), Refusal(500, words), Reply("fine"))
            for stream in (False, True, False):
                seen += client.send(post(ask(stream=stream), OWN)).answer().body
        for path in ("/v1/models", "/status", "/health", f"/{KEY}"):
            seen += client.send(request("GET", path, headers=OWN)).answer().body
        shown = client.send(request("GET", "/providers/fake", headers=OWN)).answer().json
        assert (shown["api_key_hint"], shown["headers"]) == (PROVIDER_KEY[-4:], {"X-Team": HEADER})
        seen += json.dumps(shown | {"headers": {}}).encode()
        for bad in ({"api_key": [PROVIDER_KEY]}, {"headers": {"X-Team": [HEADER]}}, {"api_base_url": "ftp://x"}):
            answer = client.send(request("PUT", "/providers/fake", bad, OWN)).answer()
            assert answer.status == 400, answer.body
            seen += answer.body
    assert provider.requests[-1].headers["authorization"] == f"Bearer {PROVIDER_KEY}"
    assert provider.requests[-1].headers["x-team"] == HEADER
    assert KEY not in repr([received.headers for received in provider.requests])
    text = seen.decode().replace(f"there is nothing at /{KEY}", "") + guarded.log.read_text()
    assert "api_action" in text
    for secret in (PROVIDER_KEY, HEADER, KEY):
        assert secret not in text
