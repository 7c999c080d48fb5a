"""The compose profile `tls`: what its files say, and a real Caddy with them in front of a real server.

Callers are told apart by their loopback addresses: Caddy asks from 127.0.0.1, which ccproxy trusts here as it trusts
Caddy's container there.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest
import yaml

from tests.deploy import caddy as tls
from tests.deploy.caddy import Caddy, handlers
from tests.deploy.proxy import ROOT, paste
from tests.fake_upstream import DONE, Exact, FakeUpstream, Hang, Reply, Stream, Until, chunk, closed_port, finish
from tests.live.server import Server, until

ADMIN = "an-admin-key-for-this-test-only"
MEMBER = "127.0.0.5"
STRANGER = "127.0.0.6"
FORGED = "10.9.8.7"
COMPOSED: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CADDY = COMPOSED["services"]["caddy"]
CCPROXY = COMPOSED["services"]["ccproxy"]
SECOND = 1_000_000_000
VARIABLE = re.compile(r"\$\{(\w+)(?::([-+])((?:[^{}]|\$\{\w+\})*))?\}")


def filled(text: str, **environ: str) -> str:
    """The text with its variables as compose fills them in, for the forms that stand in the file."""

    def value(found: re.Match[str]) -> str:
        name, form, other = found.groups()
        is_set = bool(environ.get(name))
        if (form == "+") == is_set and form:
            return filled(other, **environ)
        return environ.get(name, "") if form != "+" else ""

    return VARIABLE.sub(value, text)


# --- what the files say -----------------------------------------------------------------------------------------


def test_caddy_is_pinned_started_on_request_and_may_do_little() -> None:
    assert CADDY["profiles"] == ["tls"]
    assert re.fullmatch(r"caddy:\d+\.\d+\.\d+-alpine", CADDY["image"])
    assert CADDY["read_only"] is True
    assert CADDY["cap_drop"] == ["ALL"]
    assert CADDY["cap_add"] == ["NET_BIND_SERVICE"]
    assert CADDY["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize(
    ("environ", "plain", "encrypted"),
    [
        ({}, "3456:3456", "443:443"),
        ({"CCPROXY_TLS_HOST": "proxy.lan"}, "127.0.0.1:3456:3456", "443:443"),
        ({"CCPROXY_TLS_HOST": "proxy.lan", "CCPROXY_TLS_PORT": "8443"}, "127.0.0.1:3456:3456", "8443:443"),
    ],
)
def test_with_tls_the_plain_port_is_for_this_machine_only(environ: dict[str, str], plain: str, encrypted: str) -> None:
    assert [filled(port, **environ) for port in CCPROXY["ports"]] == [plain]
    assert [filled(port, **environ) for port in CADDY["ports"]] == [encrypted]


@pytest.mark.parametrize(
    ("environ", "trusted"),
    [({}, "{caddy}"), ({"CCPROXY_TRUSTED_PROXIES": "192.168.1.2"}, "192.168.1.2,{caddy}")],
)
def test_ccproxy_believes_caddy_and_nobody_else_on_its_network(environ: dict[str, str], trusted: str) -> None:
    [pool] = COMPOSED["networks"]["tls"]["ipam"]["config"]
    at = CADDY["networks"]["tls"]["ipv4_address"]
    assert filled(CCPROXY["environment"]["CCPROXY_TRUSTED_PROXIES"], **environ) == trusted.format(caddy=at)
    assert CADDY["environment"]["CCPROXY_TLS_UPSTREAM"] == f"{CCPROXY['networks']['tls']['ipv4_address']}:3456"
    assert pool["subnet"] == "192.0.2.0/29"
    users = [name for name, service in COMPOSED["services"].items() if "tls" in service.get("networks", {})]
    assert users == ["ccproxy", "caddy"]
    # Each is on the default network as well: one asks providers, the other is asked by clients.
    assert all("default" in COMPOSED["services"][name]["networks"] for name in users)


def test_caddy_has_the_file_and_keeps_its_authority() -> None:
    mounted = [volume.rsplit(":ro", 1)[0].rsplit(":", 1) for volume in CADDY["volumes"]]
    places = {target: filled(source) for source, target in mounted}
    assert (ROOT / places["/etc/caddy"] / "Caddyfile").samefile(tls.CADDYFILE)
    assert places["/data"] in COMPOSED["volumes"]


def test_caddy_says_what_is_missing() -> None:
    *shell, script = CADDY["command"]
    done = subprocess.run([*shell, script.replace("$$", "$")], env={}, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "write it into the file .env as CCPROXY_TLS_HOST=" in done.stderr


def test_caddy_stops_after_the_streams() -> None:
    said = re.search(r"^\tgrace_period (\d+)s$", tls.CADDYFILE.read_text(), re.MULTILINE)
    assert said is not None
    assert int(CADDY["stop_grace_period"].removesuffix("s")) > int(said[1])


# --- what Caddy makes of it -------------------------------------------------------------------------------------


def test_the_caddyfile_is_safe_for_streams_and_longer_in_patience_than_ccproxy() -> None:
    config = tls.adapted(HOST="proxy.lan", UPSTREAM="192.0.2.3:3456")
    [server] = config["apps"]["http"]["servers"].values()
    assert server["listen"] == [":443"]
    assert server["protocols"] == ["h1", "h2"]
    assert server["automatic_https"] == {"disable_redirects": True}
    assert server["read_header_timeout"] == 10 * SECOND
    # These two go on to run while an answer is waited for.
    assert not {"read_timeout", "write_timeout"} & set(server)
    [proxy] = handlers(server, "reverse_proxy")
    assert [one["dial"] for one in proxy["upstreams"]] == ["192.0.2.3:3456"]
    assert "flush_interval" not in proxy
    assert not {"trusted_proxies", "buffer_requests", "buffer_responses", "request_buffers"} & set(proxy)
    assert not handlers(server, "encode")
    transport = proxy["transport"]
    assert min(transport["response_header_timeout"], transport["read_timeout"]) > 3600 * SECOND
    keepalive = re.search(r"^keepalive = (\d+)$", (ROOT / "deploy" / "gunicorn.conf.py").read_text(), re.MULTILINE)
    assert keepalive is not None
    assert transport["keep_alive"]["idle_timeout"] < int(keepalive[1]) * SECOND


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("internal", [{"module": "internal"}]),
        ("it@example.com", [{"module": "acme", "email": "it@example.com"}]),
    ],
)
def test_who_issues_the_certificate(issuer: str, expected: list[dict[str, str]]) -> None:
    config = tls.adapted(HOST="proxy.lan", UPSTREAM="192.0.2.3:3456", ISSUER=issuer)
    policy = config["apps"]["tls"]["automation"]["policies"][0]
    assert policy["subjects"] == ["proxy.lan"]
    assert policy["issuers"][: len(expected)] == expected


def test_a_certificate_of_ones_own() -> None:
    files = "/certificates/cert.pem /certificates/key.pem"
    config = tls.adapted(HOST="proxy.lan", UPSTREAM="192.0.2.3:3456", ISSUER=files)
    [loaded] = config["apps"]["tls"]["certificates"]["load_files"]
    assert f"{loaded['certificate']} {loaded['key']}" == files


# --- a real one -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, upstream: FakeUpstream) -> Iterator[Server]:
    tls.program()  # before a server is started for nothing
    settings = {"apikey": ADMIN, "trusted_proxies": "127.0.0.1"}
    with Server(tmp_path_factory.mktemp("server"), workers=1, settings=settings) as started:
        started.add_provider("fake", upstream.base_url)
        yield started


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[Caddy]:
    with tls.running(tmp_path_factory.mktemp("caddy"), f"127.0.0.1:{server.port}") as started:
        yield started


@pytest.fixture(scope="module")
def member(server: Server) -> str:
    """The text of a member's key that may be used from one address only."""
    body = {"name": "ann", "addresses": [MEMBER]}
    status, answer, _ = server.request("POST", "/keys", body, {"x-api-key": ADMIN})
    assert status == 201, answer
    return str(answer["secret"])


def ask(
    front: Caddy, body: dict[str, Any], *, key: str = ADMIN, source: str = MEMBER, host: str = ""
) -> tuple[int, Any, http.client.HTTPMessage]:
    """One message over TLS from a certain address, with a lie about where it comes from."""
    connection = http.client.HTTPSConnection(
        tls.HOST, front.port, timeout=30, context=front.trusting(), source_address=(source, 0)
    )
    headers = {"content-type": "application/json", "x-api-key": key, "X-Forwarded-For": FORGED}
    try:
        connection.request("POST", "/v1/messages", json.dumps(body), {**headers, **({"Host": host} if host else {})})
        answer = connection.getresponse()
        text = answer.read()
        parsed = json.loads(text) if "json" in answer.headers.get("content-type", "") else text.decode()
        return answer.status, parsed, answer.headers
    finally:
        connection.close()


def sdk(front: Caddy) -> anthropic.Anthropic:
    """The Python SDK, as docs/team.md tells members to use it."""
    trusting = anthropic.DefaultHttpxClient(verify=front.trusting())
    return anthropic.Anthropic(base_url=front.url, api_key=ADMIN, max_retries=0, http_client=trusting)


def message(model: str = "fake/model-x", text: str = "Hello") -> dict[str, Any]:
    return {"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": text}]}


def test_the_sdk_gets_a_stream_event_by_event(front: Caddy, upstream: FakeUpstream) -> None:
    # The provider goes on only when the client has what came before: a buffer anywhere would end this in a timeout.
    seen = [threading.Event() for _ in range(3)]
    told = [part for number, event in enumerate(seen) for part in (chunk(content=str(number)), Until(event))]
    upstream.script("step", Stream([*told, finish(), DONE]))
    got = []
    with sdk(front) as client, client.messages.stream(**message("fake/step")) as stream:
        for text in stream.text_stream:
            got.append(text)
            seen[int(text)].set()
    assert got == ["0", "1", "2"]


@pytest.mark.parametrize("streaming", [False, True])
def test_a_client_that_leaves_is_noticed_behind_caddy(front: Caddy, upstream: FakeUpstream, streaming: bool) -> None:
    begun = [chunk(content="so far")] if streaming else []
    upstream.script("hanging", Stream([*begun, Hang()]) if streaming else Exact(Hang()))
    before = len(upstream.requests)
    connection = http.client.HTTPSConnection(tls.HOST, front.port, timeout=30, context=front.trusting())
    body = json.dumps({**message("fake/hanging"), "stream": streaming})
    connection.request("POST", "/v1/messages", body, {"content-type": "application/json", "x-api-key": ADMIN})
    until(lambda: len(upstream.requests) > before, "the request is at the provider")
    connection.close()
    assert upstream.requests[-1].wait() == "left"


def test_the_log_and_the_key_know_the_address_that_caddy_saw(front: Caddy, server: Server, member: str) -> None:
    status, _, headers = ask(front, message(), key=member)
    assert status == 200
    assert server.row(headers["request-id"])["client_ip"] == MEMBER
    status, answer, _ = ask(front, message(), key=member, source=STRANGER)
    assert status == 403
    assert STRANGER in answer["error"]["message"]
    until(lambda: STRANGER in {one["address"] for one in audited(server)}, "the audit tells of the refusal")


def audited(server: Server) -> list[dict[str, Any]]:
    """The newest of the audit."""
    found: list[dict[str, Any]] = server.request("GET", "/audit", headers={"x-api-key": ADMIN})[1]["data"]
    return found


def test_nobody_else_says_where_a_request_comes_from(server: Server, member: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30, source_address=(STRANGER, 0))
    headers = {"content-type": "application/json", "x-api-key": member, "X-Forwarded-For": MEMBER}
    connection.request("POST", "/v1/messages", json.dumps(message()), headers)
    answer = connection.getresponse()
    assert answer.status == 403
    assert STRANGER in answer.read().decode()
    connection.close()


def test_bodies_pass_up_to_ccproxy_s_own_limit(front: Caddy, upstream: FakeUpstream) -> None:
    most = 32 * 1024 * 1024
    frame = len(json.dumps(message("fake/large", "")))
    upstream.script("large", Reply("read"))
    assert ask(front, message("fake/large", "x" * (most - frame)))[0] == 200
    assert len(upstream.requests[-1].body) > most - 1000
    # Caddy closes the connection before it has read such a body: a client has to look for an answer all the same.
    with sdk(front) as client, pytest.raises(anthropic.APIStatusError) as refused:
        client.messages.create(**message("fake/large", "x" * most))
    assert refused.value.status_code == 413
    assert "larger than the maximum of 32 MB" in refused.value.message


def test_another_name_gets_no_answer_of_ccproxy(front: Caddy) -> None:
    assert ask(front, message(), host="elsewhere.example")[0] == 421


def test_a_client_that_does_not_trust_the_authority_sends_nothing(front: Caddy) -> None:
    with socket.create_connection((tls.HOST, front.port), 5) as plain, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(plain, server_hostname=tls.HOST)


def test_no_key_gets_into_caddy_s_log_when_ccproxy_is_gone(tmp_path: Path) -> None:
    secret = "ccp_a-secret-that-is-in-a-header"
    with tls.running(tmp_path, f"127.0.0.1:{closed_port()}", patient=False) as alone:
        # Older versions log only requests whose Host has no port, which is how they are with the usual one.
        status, answer, _ = ask(alone, message(), key=secret, host=tls.HOST)
        assert (status, answer["type"], answer["error"]["type"]) == (502, "error", "api_error")
        until(lambda: "/v1/messages" in alone.log.read_text(), "Caddy tells of it")
        assert secret not in alone.log.read_text()


def test_no_key_got_into_caddy_s_log_so_far(front: Caddy, member: str) -> None:
    assert ask(front, message(), key=member)[0] == 200
    log = front.log.read_text()
    assert ADMIN not in log
    assert member not in log


# --- what members are told ---------------------------------------------------------------------------------------


@pytest.fixture
def home(front: Caddy, tmp_path: Path) -> Path:
    """A member's home, with the file that was sent."""
    (tmp_path / "ccproxy-ca.crt").write_bytes(front.authority.read_bytes())
    return tmp_path


def told(front: Caddy, key: str, headline: str) -> str:
    """The indented block below a headline of the text for members, filled in."""
    page = (ROOT / "docs" / "team.md").read_text()
    [found] = re.findall(rf"^{headline}[^\n]*:\n\n((?: {{4}}[^\n]*\n|\n)+)", page, re.MULTILINE)
    filled_in = found.replace("https://192.168.1.10", front.url).replace("KEY", key).replace("MODEL", "fake/model-x")
    return textwrap.dedent(filled_in)


@pytest.fixture(scope="module")
def anywhere(server: Server) -> str:
    """The text of a member's key that may be used from every address."""
    return str(server.request("POST", "/keys", {"name": "bob"}, {"x-api-key": ADMIN})[1]["secret"])


def test_the_python_that_members_are_told(front: Caddy, anywhere: str, home: Path) -> None:
    program = told(front, anywhere, "Python")
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello from the fake provider.\n", "")


def test_the_curl_that_members_are_told(front: Caddy, anywhere: str, home: Path) -> None:
    command = told(front, anywhere, "curl").replace("~/", f"{home}/")
    assert "Hello from the fake provider." in paste(command)
