from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from ccproxy.errors import SettingsError
from ccproxy.store.audit import SYSTEM
from ccproxy.store.captures import Capture, Captures
from ccproxy.store.providers import Providers
from ccproxy.store.rotation import require_readable, rotate, rotate_captures
from ccproxy.store.session import open_engine
from ccproxy.store.vault import Vault, key_file, load_keys, new_key, open_vault

FIELDS = {"type": "openai-chat", "api_base_url": "http://x"}
OLD, NEW = new_key(), new_key()


def _fill(engine, vault) -> Providers:
    providers = Providers(engine, vault)
    providers.save({"name": "a", **FIELDS, "api_key": "sk-a"})
    providers.save({"name": "b", **FIELDS, "api_key": "sk-b", "headers": {"x": "y"}})
    providers.save({"name": "c", **FIELDS})
    return providers


def _secrets(providers) -> list:
    return [(provider.api_key, provider.headers) for provider in providers.snapshot().providers]


ALL = [("sk-a", {}), ("sk-b", {"x": "y"}), (None, {})]


def test_given_keys(engine, url):
    _fill(engine, Vault([OLD]))
    assert rotate(engine, (NEW, OLD), url) == 3
    assert _secrets(Providers(engine, Vault([NEW]))) == ALL, "the old key may go"
    assert not key_file(url).exists()


def test_the_key_file_and_a_worker_that_runs_meanwhile(engine, url):
    worker = _fill(open_engine(url), open_vault((), url))
    before = load_keys((), url)
    assert _secrets(worker) == ALL
    moved_from = worker.snapshot().version
    assert rotate(engine, (), url) == 3
    after = load_keys((), url)
    assert after[1:] == before
    assert worker.snapshot().version > moved_from
    assert _secrets(worker) == ALL, "it found the new key in the file"
    assert _secrets(Providers(engine, Vault(after[:1]))) == ALL


def test_all_of_several_keys_are_turned_over(engine, url):
    several = ("sk-first-0123456789", "sk-second-0123456789")
    Providers(engine, Vault([OLD])).save({"name": "a", **FIELDS, "api_keys": several})
    assert rotate(engine, (NEW, OLD), url) == 2, "the first stands alone too"
    read = Providers(engine, Vault([NEW])).snapshot().get("a")
    assert (read.api_key, read.api_keys, read.error) == (several[0], several, None)


def test_all_or_nothing(engine, url):
    _fill(engine, open_vault((), url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE providers SET api_key = 'broken' WHERE name = 'b'"))
    keys = load_keys((), url)
    with pytest.raises(SettingsError, match="provider 'b': its stored api_key cannot be decrypted"):
        rotate(engine, (), url)
    assert load_keys((), url) == keys
    assert Providers(engine, Vault(keys)).snapshot().get("a").api_key == "sk-a"


def test_wrong_keys_stop_the_start_only_where_something_is_encrypted(engine):
    assert require_readable(engine, Vault([NEW])) == 0
    providers = Providers(engine, Vault([OLD]))
    providers.save({"name": "c", **FIELDS})
    assert require_readable(engine, Vault([NEW])) == 0
    _fill(engine, Vault([OLD]))
    assert require_readable(engine, Vault([NEW, OLD])) == 3
    with pytest.raises(SettingsError, match="none of the 3 stored") as raised:
        require_readable(engine, Vault([NEW]))
    assert "\n" not in raised.value.message
    assert OLD not in raised.value.message
    assert NEW not in raised.value.message


def test_one_broken_token_does_not_stop_the_start(engine):
    _fill(engine, Vault([OLD]))
    with engine.begin() as connection:
        connection.execute(text("UPDATE providers SET api_key = 'broken' WHERE name = 'b'"))
    assert require_readable(engine, Vault([OLD])) == 3


def _captured(engine, vault, request_id, answer=b"{}"):
    captures = Captures(engine, vault, lambda capture, _: capture)
    captures.keep(
        Capture(request_id=request_id, captured_at=datetime.now(UTC), headers={"a": "b"}, request=b"hi", answer=answer)
    )
    captures.stop()
    captures.close()


def _read(engine, vault, request_id):
    captures = Captures(engine, vault, lambda capture, _: capture)
    try:
        return captures.find(request_id, lambda capture, _: (capture.headers, capture.request, capture.answer), SYSTEM)
    finally:
        captures.close()


def test_captures_are_turned_over_and_those_that_do_not_open_are_left(engine, url):
    for name, answer in (("a", b"{}"), ("c", b"")):
        _captured(engine, Vault([OLD]), name, answer)
    _captured(engine, Vault([new_key()]), "b")
    assert rotate_captures(engine, (NEW, OLD), url) == (2, 1)
    assert _read(engine, Vault([NEW]), "a") == ({"a": "b"}, b"hi", b"{}")
    assert _read(engine, Vault([NEW]), "c") == ({"a": "b"}, b"hi", b"")
    assert rotate_captures(engine, (NEW,), url) == (2, 1), "once more does no harm"


def test_captures_follow_the_key_file(engine, url):
    worker = open_vault((), url)
    _captured(engine, worker, "a")
    rotate(engine, (), url)
    assert rotate_captures(engine, (), url) == (1, 0)
    assert _read(engine, Vault(load_keys((), url)[:1]), "a") == ({"a": "b"}, b"hi", b"{}")
    assert _read(engine, worker, "a") == ({"a": "b"}, b"hi", b"{}"), "a running worker finds the new key"
