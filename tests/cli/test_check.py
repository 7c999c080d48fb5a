"""`ccproxy check`."""

import json

import pytest

from ccproxy.store.routes import Routes, RouteTarget
from ccproxy.store.session import open_engine
from ccproxy.store.vault import key_file, new_key, open_vault
from tests.cli.conftest import add


def test_check_before_and_after_the_first_start(run, url):
    result = run("check")
    assert result.exit_code == 1
    assert "run `ccproxy migrate`" in result.stderr
    run("migrate")
    result = run("check")
    # Nothing set up is no mistake, but worth a line before the one that says all is well.
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        [
            "warning: providers: none is set up and enabled, so every message is refused",
            "settings and database are in order; 0 stored keys can be decrypted",
        ],
    )
    add(url, open_vault((), url))
    assert "1 stored keys" in run("check").output


def test_a_finding_does_not_steer_the_terminal(run, url):
    run("migrate")
    target = RouteTarget(provider="gone", model="\x1b]0;mine\x07")
    Routes(open_engine(url)).save({"name": "a", "targets": (target,)})
    assert r"error: route a: gone/\x1b]0;mine\x07: there is no provider" in run("check").output


def test_check_with_a_foreign_key(run, url):
    run("migrate")
    add(url, open_vault((), url))
    result = run("check", CCPROXY_SECRET_KEYS=new_key())
    assert result.exit_code == 1
    assert "none of the 1 stored" in result.stderr
    key_file(url).unlink()
    assert "missing or empty" in run("check").stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"providers": [{"name": "groq", "api_keys": ["a", "a"]}]}, "providers.0.api_keys.1: is given twice"),
        ({"routes": {"think": {"provider": "groq"}}}, "routes.think.model: is missing"),
        ({"routes": [{"name": "a", "targets": ["p/m"], "retries": 9}]}, "routes.0.retries: must be a whole number"),
    ],
)
def test_check_of_what_the_file_offers(run, tmp_path, content, words):
    run("migrate")
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    result = run("check", CCPROXY_CONFIG=str(path))
    assert result.exit_code == 1
    assert words in result.stderr
