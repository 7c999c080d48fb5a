import stat

import pytest
from cryptography.fernet import Fernet

from ccproxy.errors import SettingsError
from ccproxy.store.providers import Providers
from ccproxy.store.vault import Undecryptable, Vault, add_key, key_file, load_keys, new_key, open_vault
from tests.store.processes import at_once

OLD, NEW, OTHER = new_key(), new_key(), new_key()


@pytest.mark.parametrize("text", ["sk-123", "", "ключ 🔑", "x" * 100_000])
def test_round_trip(text):
    vault = Vault([NEW, OLD])
    token = vault.encrypt(text)
    assert text not in token or text == ""
    assert vault.decrypt(token) == text
    assert Vault([NEW]).decrypt(token) == text, "the first key encrypts"


def test_every_key_decrypts_and_rotation_leads_to_the_first():
    token = Vault([OLD]).encrypt("sk-123")
    both = Vault([NEW, OLD])
    assert both.decrypt(token) == "sk-123"
    rotated = both.rotate(token)
    assert Vault([NEW]).decrypt(rotated) == "sk-123"
    with pytest.raises(Undecryptable):
        Vault([OLD]).decrypt(rotated)


@pytest.mark.parametrize("token", [Vault([OTHER]).encrypt("x"), "", "nonsense", "é"])
def test_what_does_not_open(token):
    vault = Vault([NEW, OLD])
    for attempt in (vault.decrypt, vault.rotate):
        with pytest.raises(Undecryptable):
            attempt(token)


def test_seal_keys_come_from_the_secret_keys_in_their_order():
    seals = Vault([NEW, OLD]).seal_keys
    assert seals == (*Vault([NEW]).seal_keys, *Vault([OLD]).seal_keys)
    assert len(set(seals)) == 2
    assert all(len(seal) == 32 and seal not in Fernet(NEW)._signing_key for seal in seals)


def test_keys_are_read_again_before_giving_up():
    keys = [OLD]
    vault = Vault(keys, reread=lambda: tuple(keys))
    token = Vault([NEW]).encrypt("sk-123")
    with pytest.raises(Undecryptable):
        vault.decrypt(token)
    keys.insert(0, OTHER)
    with pytest.raises(Undecryptable):
        vault.decrypt(token)
    keys[0] = NEW
    assert vault.decrypt(token) == "sk-123"
    assert vault.seal_keys == Vault([NEW, OLD]).seal_keys


def test_keys_that_others_rotated_are_taken_without_a_token_that_needs_them():
    keys = [OLD]

    def reread():
        if not keys:
            raise SettingsError("key file: not there")
        return tuple(keys)

    vault = Vault([OLD], reread=reread)
    keys.insert(0, NEW)
    vault.refresh()
    assert vault.seal_keys == Vault([NEW, OLD]).seal_keys
    keys.clear()
    vault.refresh()
    assert vault.seal_keys == Vault([NEW, OLD]).seal_keys, "a file that is away for a moment changes nothing"
    Vault([OLD]).refresh()


def test_shows_no_key():
    assert OLD not in repr(Vault([OLD]))


def test_given_keys_need_no_file(tmp_path, url):
    assert load_keys((NEW, OLD), url) == (NEW, OLD)
    assert list(tmp_path.iterdir()) == []


def test_the_first_start_makes_the_file(tmp_path, url):
    keys = load_keys((), url)
    path = tmp_path / "data" / "ccproxy.db.key"
    assert path == key_file(url)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text() == f"{keys[0]}\n"
    assert load_keys((), url) == keys
    Vault(keys)


def test_a_file_that_others_could_read_is_closed_to_them(url):
    load_keys((), url)
    key_file(url).chmod(0o644)
    load_keys((), url)
    assert stat.S_IMODE(key_file(url).stat().st_mode) == 0o600


def test_a_new_key_goes_to_the_head_of_the_file(url):
    first = load_keys((), url)
    assert add_key(url) == load_keys((), url)
    assert load_keys((), url)[1:] == first


def test_where_the_file_is_without_sqlite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert key_file("postgresql://h/d") == tmp_path / "data" / "secret.key"


@pytest.mark.parametrize("content", ["short\n", f"{OLD}\n{OLD[:-5]}\n", "é" * 44])
def test_a_damaged_file_stops_the_start_without_showing_it(url, content):
    load_keys((), url)
    key_file(url).write_text(content)
    with pytest.raises(SettingsError, match=r"key \d is damaged") as raised:
        load_keys((), url)
    assert not any(line and line in raised.value.message for line in content.splitlines())
    assert str(key_file(url)) in raised.value.message


def test_a_file_that_cannot_be_read(url):
    key_file(url).mkdir(parents=True)
    with pytest.raises(SettingsError, match="Is a directory"):
        load_keys((), url)


def test_comments_are_allowed(url):
    load_keys((), url)
    key_file(url).write_text(f"# made in spring\n{NEW}\n\n  {OLD}  \n")
    assert load_keys((), url) == (NEW, OLD)


def test_a_lost_file_is_not_replaced_while_something_needs_it(engine, url):
    lost = load_keys((), url)
    key_file(url).unlink()
    assert load_keys((), url) != lost, "nothing was encrypted yet, so a new key does"
    providers = Providers(engine, open_vault((), url))
    providers.save({"name": "a", "type": "openai-chat", "api_base_url": "http://x"})
    key_file(url).unlink()
    load_keys((), url)
    providers = Providers(engine, open_vault((), url))
    providers.save({"name": "b", "type": "openai-chat", "api_base_url": "http://x", "api_key": "sk-123"})
    kept = key_file(url).read_text()
    for take_away in (key_file(url).unlink, lambda: key_file(url).write_text("")):
        take_away()
        with pytest.raises(SettingsError, match="missing or empty, but 1 stored") as raised:
            load_keys((), url)
        assert "\n" not in raised.value.message
    key_file(url).write_text(kept)
    assert open_vault((), url).decrypt(Vault([kept.strip()]).encrypt("x")) == "x"


def test_processes_that_start_at_once_end_with_the_same_key(tmp_path):
    imports = "from ccproxy.store.vault import load_keys"
    printed = at_once(tmp_path, imports, "print(load_keys((), 'sqlite:///data/c.db'))", 4)
    assert len(set(printed)) == 1
    assert (tmp_path / "data" / "c.db.key").read_text().strip() in printed[0]


@pytest.mark.parametrize("data", [b"", b"a word of nine", bytes(range(256)) * 2000])
def test_bytes_round_trip_under_any_key(data):
    token = Vault([OLD]).encrypt_bytes(data)
    assert len(token) < len(data) * 1.01 + 100, "no letters in place of bytes"
    assert len(data) < 100 or data not in token  # a few bytes can be anywhere by chance
    both = Vault([NEW, OLD])
    assert both.decrypt_bytes(token) == data
    rotated = both.rotate_bytes(token)
    assert Vault([NEW]).decrypt_bytes(rotated) == data
    with pytest.raises(Undecryptable):
        Vault([OLD]).decrypt_bytes(rotated)


@pytest.mark.parametrize(
    "token",
    [
        Vault([OTHER]).encrypt_bytes(b"x"),
        b"",
        b"nonsense",
        Vault([NEW]).encrypt_bytes(b"x")[:-1],
        Vault([NEW]).encrypt_bytes(b"x") + b"more",
    ],
)
def test_bytes_that_do_not_open(token):
    vault = Vault([NEW, OLD])
    for attempt in (vault.decrypt_bytes, vault.rotate_bytes):
        with pytest.raises(Undecryptable):
            attempt(token)


def test_bytes_find_a_key_that_was_added():
    keys = [OLD]
    vault = Vault(keys, reread=lambda: tuple(keys))
    token = Vault([NEW]).encrypt_bytes(b"x")
    keys.insert(0, NEW)
    assert vault.decrypt_bytes(token) == b"x"
