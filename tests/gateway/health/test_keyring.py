"""The keys of a target, and that all of them are used alike."""

from __future__ import annotations

from collections import Counter

from ccproxy.gateway.credentials.keys import fingerprint
from ccproxy.gateway.health.keyring import Uses, keys_of, mark
from ccproxy.translate.dialect import Dialect
from ccproxy.translate.target import Target

ONE, TWO = "sk-provider-0123456789", "sk-provider-abcdefghij"


def target(key: str | None, *keys: str) -> Target:
    return Target(
        provider="p", kind="groq", wire="openai-chat", model="m", base_url="x", dialect=Dialect(), key=key, keys=keys
    )


def test_a_target_has_all_its_keys_its_only_one_or_none() -> None:
    assert keys_of(target(ONE, ONE, TWO)) == (ONE, TWO)
    assert keys_of(target(ONE)) == (ONE,)
    assert keys_of(target(None)) == ()


def test_a_mark_is_a_fingerprint_and_says_nothing_of_the_key() -> None:
    assert mark(ONE) == fingerprint(ONE) != mark(TWO)
    assert len(mark(ONE)) == 16
    assert mark(None) == mark("") == ""
    assert ONE[-4:] not in mark(ONE)


def test_the_least_used_comes_first() -> None:
    uses, names, taken = Uses(), ["a", "b", "c"], Counter[str]()
    for _ in range(30):
        first = uses.by_least(names)[0]
        uses.take(first, names)
        taken[first] += 1
    assert taken == {"a": 10, "b": 10, "c": 10}


def test_one_that_comes_back_makes_up_for_nothing() -> None:
    uses, names = Uses(), ["a", "b"]
    uses.take("b", names)
    for _ in range(20):
        uses.take("a", ["a"])
    taken = []
    for _ in range(6):
        first = uses.by_least(names)[0]
        uses.take(first, names)
        taken.append(first)
    assert Counter(taken[1:]) in ({"a": 3, "b": 2}, {"a": 2, "b": 3})
    assert taken[0] == "b"


def test_keys_that_are_gone_are_forgotten() -> None:
    uses = Uses()
    for name in ("a", "a", "b"):
        uses.take(name, ["a", "b"])
    uses.keep(["b", "c"])
    assert uses.by_least(["a", "b", "c"]) == ["a", "c", "b"]
