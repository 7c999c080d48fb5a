"""`ccproxy new-secret` and `rotate-secrets`."""

from datetime import UTC, datetime

from ccproxy.store.captures import Capture, Captures
from ccproxy.store.providers import Providers
from ccproxy.store.session import open_engine
from ccproxy.store.vault import Vault, key_file, load_keys, new_key, open_vault
from tests.cli.conftest import add


def test_new_secret_is_one_that_is_accepted(run):
    key = run("new-secret").output.strip()
    run("migrate")
    assert run("check", CCPROXY_SECRET_KEYS=key).exit_code == 0
    assert run("new-secret").output.strip() != key


def test_rotate_with_the_key_file(run, url):
    run("migrate")
    add(url, open_vault((), url))
    before = load_keys((), url)
    result = run("rotate-secrets")
    assert (result.exit_code, result.output) == (0, f"1 tokens encrypted anew under the first key of {key_file(url)}\n")
    fresh, *old = load_keys((), url)
    assert tuple(old) == before
    assert Providers(open_engine(url), Vault([fresh])).snapshot().get("a").api_key == "sk-a"


def test_rotate_with_given_keys(run, url):
    old, new = new_key(), new_key()
    run("migrate")
    add(url, Vault([old]))
    result = run("rotate-secrets", CCPROXY_SECRET_KEYS=f"{new},{old}")
    assert (result.exit_code, result.output) == (
        0,
        "1 tokens encrypted anew under the first key of the secret_keys setting\n",
    )
    assert run("check", CCPROXY_SECRET_KEYS=new).exit_code == 0
    assert new not in result.output


def test_rotate_refuses_what_it_cannot_read(run, url):
    run("migrate")
    add(url, open_vault((), url))
    add(url, Vault([new_key()]), "b")
    result = run("rotate-secrets")
    assert result.exit_code == 1
    assert result.stderr.startswith("ccproxy: provider 'b': its stored api_key cannot be decrypted")


def test_what_is_captured_is_turned_over_too(run, url):
    old, new = new_key(), new_key()
    run("migrate")
    for name, key in (("a", old), ("b", new_key())):
        captures = Captures(open_engine(url), Vault([key]), lambda capture, _: capture)
        captures.keep(Capture(request_id=name, captured_at=datetime.now(UTC), headers={}, request=b"hi"))
        captures.stop()
        captures.close()
    assert run("rotate-secrets", CCPROXY_SECRET_KEYS=f"{new},{old}").output.splitlines() == [
        "0 tokens encrypted anew under the first key of the secret_keys setting",
        "1 captured requests encrypted anew too",
        "1 captured requests cannot be decrypted; they are deleted in their time",
    ]
