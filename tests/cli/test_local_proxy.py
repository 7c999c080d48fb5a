"""A proxy for the time of a coding session: real ones, on databases of the tests' own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccproxy.cli import local_proxy
from ccproxy.cli.api import Api, NoAnswer, Strange
from ccproxy.cli.local_proxy import NotStarted, at_hand
from ccproxy.errors import SettingsError
from tests.cli.fake_proxy import FakeProxy
from tests.live.server import free_port, until


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


def _never(api: Api, environ: dict[str, str]) -> None:
    with at_hand(api, environ):
        pytest.fail("it cannot have started")
