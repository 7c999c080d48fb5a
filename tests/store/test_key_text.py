import hashlib
import string

import pytest

from ccproxy.store import key_text


def test_a_key_has_its_form():
    keys = {key_text.new_key() for _ in range(200)}
    assert len(keys) == 200
    for key in keys:
        assert len(key) == 54
        assert key.startswith("ccp_")
        assert set(key[4:]) <= set(string.ascii_letters + string.digits) - set("0OIl")
        assert key_text.is_marked(key)
        assert key_text.is_whole(key)


def test_all_32_bytes_are_in_it(monkeypatch):
    for raw in (bytes(32), b"\xff" * 32, b"\x01" + bytes(31)):
        monkeypatch.setattr(key_text.secrets, "token_bytes", lambda count, raw=raw: raw[:count])
        number = 0
        for char in key_text.new_key()[4:-6]:
            number = number * 58 + "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".index(char)
        assert number.to_bytes(32, "big") == raw


def test_every_slip_of_one_character_is_found():
    key = key_text.new_key()
    for place in range(len(key)):
        other = "x" if key[place] != "x" else "y"
        assert not key_text.is_whole(key[:place] + other + key[place + 1 :])
        assert not key_text.is_whole(key[:place] + key[place + 1 :])


@pytest.mark.parametrize(
    "text", ["", "ccp_", "ccp_" + "1" * 50, "sk-" + "1" * 51, "ccp_" + "é" * 50, "ccp_" + "\ud83d" * 50]
)
def test_what_is_no_key(text):
    assert not key_text.is_whole(text)


def test_the_digest_is_sha256_whatever_a_header_holds():
    assert key_text.digest("ccp_x") == hashlib.sha256(b"ccp_x").hexdigest()
    assert key_text.digest("ccp_é") == hashlib.sha256(b"ccp_\xe9").hexdigest()
    assert key_text.digest("\u20ac") == hashlib.sha256(b"?").hexdigest()
