"""Signatures of thinking blocks that are ours."""

from __future__ import annotations

import pytest

from ccproxy.translate.signature import is_ours, seal, unseal

OLD, NEW = b"o" * 32, b"n" * 32


@pytest.mark.parametrize("payload", [b"", b"x", b'[{"type":"reasoning.encrypted"}]', bytes(range(256))])
@pytest.mark.parametrize("thinking", ["", "so", "ünïcode 😀", "\ud83d"])
def test_what_is_sealed_opens_again(payload: bytes, thinking: str) -> None:
    signature = seal("openrouter", thinking, payload, NEW)
    assert is_ours(signature)
    assert unseal(signature, "openrouter", thinking, (NEW, OLD)) == payload


def test_an_older_key_still_opens() -> None:
    assert unseal(seal("groq", "so", b"x", OLD), "groq", "so", (NEW, OLD)) == b"x"


def test_kinds_with_dots_stay_whole() -> None:
    assert unseal(seal("a.b", "so", b"x", NEW), "a.b", "so", (NEW,)) == b"x"


GOOD = seal("groq", "so", b"payload", NEW)


@pytest.mark.parametrize(
    ("signature", "kind", "thinking", "keys"),
    [
        (GOOD, "xai", "so", (NEW,)),
        (GOOD, "groq", "so?", (NEW,)),
        (GOOD, "groq", "so", (OLD,)),
        (GOOD, "groq", "so", ()),
        (GOOD[:-1] + ("A" if GOOD[-1] != "A" else "B"), "groq", "so", (NEW,)),
        (GOOD.replace("ccp1.", "ccp2."), "groq", "so", (NEW,)),
        (GOOD + ".x", "groq", "so", (NEW,)),
        ("", "groq", "so", (NEW,)),
        ("EqQBCgIYAhIM", "groq", "so", (NEW,)),
        ("ccp1.....", "groq", "so", (NEW,)),
        ("ccp1.Z3JvcQ..é", "groq", "so", (NEW,)),
    ],
)
def test_everything_else_opens_to_nothing(signature: str, kind: str, thinking: str, keys: tuple[bytes, ...]) -> None:
    assert unseal(signature, kind, thinking, keys) is None


def test_anthropics_signatures_are_not_ours() -> None:
    assert not is_ours("EqQBCgIYAhIM")
