"""A proxy for the time of a coding session: real ones, on databases of the tests' own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccproxy.cli import local_proxy
from ccproxy.cli.api import Api, NoAnswer, Strange
from ccproxy.cli.local_proxy import NotStarted, at_hand
from ccproxy.errors import SettingsError
from tests.cli.fake_proxy import FakeProxy
from tests.live.server import free_port, until


@pytest.fixture(autouse=True)
def hangup() -> Iterator[None]:
    """It is heard, whoever runs the tests: `nohup` would have them, and what they start, ignore it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "CCPROXY_DATABASE_URL": f"sqlite:///{tmp_path}/ccproxy.db",
        "CCPROXY_WORKERS": "1",
    }


@pytest.fixture
def api() -> Api:
    return Api(f"http://127.0.0.1:{free_port()}", None)


def serves(api: Api) -> bool:
    try:
        return bool(api.get("/health"))
    except NoAnswer:
        return False


def state(environ: dict[str, str]) -> Path:
    return Path(environ["HOME"]) / ".local" / "state" / "ccproxy"


def test_one_is_started_where_none_answers_and_stopped_in_the_end(api: Api, environ: dict[str, str]) -> None:
    with at_hand(api, environ) as started:
        assert started
        assert serves(api)
    assert not serves(api)
    assert sorted(path.suffix for path in state(environ).iterdir()) == [".lock", ".log", ".users"]


SESSION = """
import os, sys
from ccproxy.cli.api import Api
from ccproxy.cli.local_proxy import at_hand
with at_hand(Api(sys.argv[1], None), os.environ) as started:
    print(started, flush=True)
    sys.stdin.read()
"""


class Session:
    """A session in a process of its own, until it is closed."""

    def __init__(self, api: Api, environ: dict[str, str]) -> None:
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", SESSION, api.url]
        self._process = subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, text=True)
        assert self._process.stdout is not None
        self.started = self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0


def test_sessions_share_one_and_the_last_stops_it_whoever_has_started_it(api: Api, environ: dict[str, str]) -> None:
    first, second = Session(api, environ), Session(api, environ)
    assert (first.started, second.started) == ("True", "False")
    first.close()
    assert serves(api), "the second one is there still"
    third = Session(api, environ)
    second.close()
    assert (third.started, serves(api)) == ("False", True)
    third.close()
    assert not serves(api)


def test_one_that_was_there_is_used_and_left_alone(environ: dict[str, str]) -> None:
    with FakeProxy() as proxy:
        with at_hand(Api(proxy.url, None), environ) as started:
            assert not started
        assert [asked.path for asked in proxy.asked] == ["/"]
        assert local_proxy.answers(Api(proxy.url, None))


def test_a_stale_record_stops_nobody_else(environ: dict[str, str]) -> None:
    """A session that was killed leaves the number of its proxy behind, which may be another program's by now."""
    with FakeProxy() as proxy:
        folder = state(environ)
        folder.mkdir(parents=True)
        record = folder / f"code-{proxy.url.rpartition(':')[2]}.pid"
        for stale in (str(os.getpid()), "nonsense"):
            record.write_text(stale)
            with at_hand(Api(proxy.url, None), environ):
                pass
            assert not record.exists()


@pytest.mark.parametrize("answer", [{"message": "Something"}, (404, {}), b"<html>", ["CCProxy"]])
def test_something_else_at_the_address_is_told(environ: dict[str, str], answer: object) -> None:
    with FakeProxy({"GET /": answer}) as proxy, pytest.raises(Strange, match="is not ccproxy"):
        _never(Api(proxy.url, None), environ)


def test_one_on_another_machine_is_not_ours_to_start(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(f"http://127.0.0.1:{free_port()}", None)
    monkeypatch.setattr(local_proxy, "is_here", lambda _: False)
    with pytest.raises(NoAnswer):
        _never(api, environ)
    answers = {"GET /": {"message": "CCProxy"}, "GET /health": {}}
    with FakeProxy(answers) as proxy, at_hand(Api(proxy.url, None), environ) as started:
        assert not started
    assert not state(environ).exists()


def test_one_that_does_not_start_says_why(api: Api, environ: dict[str, str]) -> None:
    in_a_file = f"sqlite:///{__file__}/ccproxy.db"
    with pytest.raises(NotStarted, match=r"^the proxy did not start: (?!ccproxy: ).*test_local_proxy"):
        _never(api, environ | {"CCPROXY_DATABASE_URL": in_a_file})
    with pytest.raises(SettingsError, match=r"^CCPROXY_WORKERS: 'many' is not allowed"):
        _never(api, environ | {"CCPROXY_WORKERS": "many"})


def test_one_that_never_answers_is_ended(api: Api, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_proxy, "READY_SECONDS", 0.0)
    with pytest.raises(NotStarted, match=r"did not answer at .* within 0 s; its log is .*\.log"):
        _never(api, environ)
    until(lambda: not serves(api), "it is gone")


STARTING = """
import os, signal, sys
from ccproxy.cli import local_proxy
from ccproxy.cli.api import Api

def starting(api, process, log):
    open(sys.argv[2], "w").write(str(process.pid))
    signal.pause()

local_proxy._await = starting
with local_proxy.at_hand(Api(sys.argv[1], None), os.environ):
    sys.exit("it cannot have started")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_it_starts_ends_it_too(
    api: Api, environ: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    begun = tmp_path / "begun"
    session = subprocess.Popen([sys.executable, "-c", STARTING, api.url, str(begun)], env=environ)
    until(lambda: begun.exists() and begun.read_text(), "it has begun")
    try:
        assert [path.read_text() for path in state(environ).glob("*.pid")] == [begun.read_text()]
        session.send_signal(number)
        assert session.wait(60) == 128 + number
        assert not runs(int(begun.read_text()))
    finally:
        session.kill()
        session.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(begun.read_text()), signal.SIGKILL)
    assert not list(state(environ).glob("*.pid"))


def test_a_signal_in_the_middle_of_the_start_ends_it_too(
    api: Api, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[subprocess.Popen[bytes]] = []

    def popen(*given: Any, **more: Any) -> subprocess.Popen[bytes]:
        begun.append(Popen(*given, **more))
        signal.raise_signal(signal.SIGTERM)
        return begun[0]

    Popen = subprocess.Popen  # noqa: N806 - its own name
    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(SystemExit, match="143"):
        _never(api, environ)
    assert begun[0].returncode is not None
    assert not serves(api)


def test_a_signal_while_it_is_used_stops_it_as_the_end_of_the_session_does(api: Api, environ: dict[str, str]) -> None:
    before = signal.getsignal(signal.SIGHUP)
    with pytest.raises(SystemExit, match="129"), at_hand(api, environ):
        signal.raise_signal(signal.SIGHUP)
    assert not serves(api)
    assert signal.getsignal(signal.SIGHUP) is before


def test_a_signal_that_is_ignored_stays_so(environ: dict[str, str]) -> None:
    """As `nohup` has it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with FakeProxy() as proxy, at_hand(Api(proxy.url, None), environ):
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("url", ["https://localhost:{}", "http://127.0.0.1:{}/behind"])
def test_what_ours_could_not_answer_is_not_ours_to_start(environ: dict[str, str], url: str) -> None:
    with pytest.raises(NoAnswer):
        _never(Api(url.format(free_port()), None), environ)
    assert not state(environ).exists()


@pytest.mark.parametrize(
    ("url", "configured", "host"),
    [
        ("http://127.0.0.2:5", None, "127.0.0.2"),
        ("http://[::1]:5", "127.0.0.1", "::1"),
        ("http://localhost:5", "10.0.0.1", "localhost"),
        ("http://127.0.0.1:5", "0.0.0.0", "0.0.0.0"),
    ],
)
def test_it_listens_where_the_address_says(url: str, configured: str | None, host: str) -> None:
    found = local_proxy.listening(Api(url, None), {"CCPROXY_HOST": configured} if configured else {})
    assert (found["CCPROXY_HOST"], found["CCPROXY_PORT"]) == (host, "5")


def _never(api: Api, environ: dict[str, str]) -> None:
    with at_hand(api, environ):
        pytest.fail("it cannot have started")
