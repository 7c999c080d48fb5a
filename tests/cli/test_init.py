"""The command line as a whole."""

import os
import subprocess
import sys

import pytest
from sqlalchemy import text

from ccproxy.store.session import open_engine
from tests.cli.fake_proxy import refused


@pytest.mark.parametrize("command", ["migrate", "check", "rotate-secrets"])
def test_a_bad_setting_is_one_line_and_no_traceback(run, command):
    result = run(command, CCPROXY_PORT="eighty")
    assert result.exit_code == 1
    assert result.stderr == "ccproxy: CCPROXY_PORT: 'eighty' is not allowed; must be a whole number from 1 to 65535\n"
    assert result.stdout == ""


def test_an_error_does_not_steer_the_terminal(ask, proxy):
    proxy.answers["GET /routes"] = (400, refused("a\x1b]0;mine\x07\nb"))
    result = ask("routes", "list")
    assert (result.exit_code, result.output) == (1, "ccproxy: a\\x1b]0;mine\\x07\\nb\n")


@pytest.mark.parametrize(
    ("taken", "status", "said"),
    [(False, 0, b""), (True, 1, b"ccproxy: [Errno 28] No space left on device\n")],
    ids=["by nobody", "by a full disk"],
)
def test_output_that_is_not_taken_is_no_traceback(proxy, taken, status, said):
    proxy.answers["GET /prices"] = [{"id": 1}]
    reading, writing = os.pipe()
    os.close(reading)
    with open("/dev/full", "w") as full, os.fdopen(writing, "w") as pipe:
        ended = subprocess.run(
            [sys.executable, "-m", "ccproxy", "prices", "list", "--json", "--url", proxy.url],
            stdout=full if taken else pipe,
            check=False,
            stderr=subprocess.PIPE,
            timeout=30,
        )
    assert (ended.returncode, ended.stderr) == (status, said)


@pytest.mark.parametrize("command", ["rotate-secrets", "check"])
def test_nothing_is_done_to_a_database_of_another_version(run, url, command):
    run("migrate")
    with open_engine(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert "is at schema 0000" in run(command).stderr
