"""The command line as a whole."""

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


@pytest.mark.parametrize("command", ["rotate-secrets", "check"])
def test_nothing_is_done_to_a_database_of_another_version(run, url, command):
    run("migrate")
    with open_engine(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert "is at schema 0000" in run(command).stderr
