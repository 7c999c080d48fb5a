"""Thought signatures on their way to the client and back."""

from __future__ import annotations

import pytest
from msgspec import structs

from ccproxy.translate import signature
from ccproxy.translate.messages import RedactedThinkingBlock, ThinkingBlock
from ccproxy.translate.target import Target
from ccproxy.translate.wire.gemini.signatures import Mark, Signatures, keep, packer
from tests.translate.contexts import SEAL_KEY, target
from tests.translate.wire.gemini.drawer import Drawer

GEMINI = target(kind="gemini")


def block(*marks: Mark, maker: Target = GEMINI, thinking: str = "hm") -> ThinkingBlock:
    payload = packer(maker)(marks) if marks else b""
    return ThinkingBlock(thinking, signature.seal(maker.kind, thinking, payload, SEAL_KEY))


def test_each_mark_comes_back_on_its_part_once() -> None:
    found = Signatures(GEMINI)
    assert found.thinking(block(Mark("thought", "A"), Mark("text", "B"), Mark("call", "C"))) == "A"
    assert (found.text(), found.text()) == ("B", "")
    assert (found.call("one"), found.call("two")) == ("C", "")


def test_of_several_signatures_of_one_part_the_last_counts() -> None:
    assert Signatures(GEMINI).thinking(block(Mark("thought", "A"), Mark("thought", "B"))) == "B"


def test_later_thinking_takes_the_place_of_earlier_marks() -> None:
    found = Signatures(GEMINI)
    found.thinking(block(Mark("call", "C")))
    assert found.thinking(block()) == ""
    assert found.call("one") == ""


def test_redacted_thinking_carries_the_same() -> None:
    sealed = signature.seal("gemini", "", packer(GEMINI)([Mark("call", "C")]), SEAL_KEY)
    found = Signatures(GEMINI)
    assert found.thinking(RedactedThinkingBlock(sealed)) == ""
    assert found.call("one") == "C"


@pytest.mark.parametrize(
    "foreign",
    [
        block(Mark("call", "C"), maker=target(kind="vertex")),
        structs.replace(block(Mark("call", "C")), thinking="another thought"),
        ThinkingBlock("hm", "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"),
        ThinkingBlock("hm"),
        RedactedThinkingBlock("EmwKAhgBEgy3va3pzix"),
    ],
)
def test_foreign_and_broken_thinking_is_none(foreign: ThinkingBlock | RedactedThinkingBlock) -> None:
    found = Signatures(GEMINI)
    assert found.thinking(foreign) is None
    assert found.call("one") == ""


@pytest.mark.parametrize(
    "maker", [structs.replace(GEMINI, model="another-model"), structs.replace(GEMINI, provider="another-account")]
)
def test_another_models_or_accounts_signatures_are_not_sent_while_its_thoughts_are(maker: Target) -> None:
    drawer = Drawer()
    keep(structs.replace(maker, keepsakes=drawer), "one", "K")
    found = Signatures(structs.replace(GEMINI, keepsakes=drawer))
    assert found.thinking(block(Mark("thought", "A"), Mark("call", "C"), maker=maker)) == ""
    assert (found.text(), found.call("one")) == ("", "")


def test_a_payload_that_says_nothing_known_is_no_signature() -> None:
    sealed = signature.seal("gemini", "hm", b'{"from":"the future"}', SEAL_KEY)
    assert Signatures(GEMINI).thinking(ThinkingBlock("hm", sealed)) == ""


def test_what_was_kept_for_a_call_is_found_by_its_id() -> None:
    drawer = Drawer()
    keeper = structs.replace(GEMINI, keepsakes=drawer)
    keep(keeper, "one", "K")
    drawer.put("two", b"[1]")
    found = Signatures(keeper)
    assert (found.call("one"), found.call("two"), found.call("three")) == ("K", "", "")


def test_what_was_kept_goes_before_what_was_sealed_which_is_used_up_all_the_same() -> None:
    drawer = Drawer()
    keeper = structs.replace(GEMINI, keepsakes=drawer)
    keep(keeper, "one", "K")
    found = Signatures(keeper)
    found.thinking(block(Mark("call", "C")))
    assert (found.call("one"), found.call("two")) == ("K", "")


def test_without_keepsakes_nothing_is_kept() -> None:
    keep(GEMINI, "one", "K")
    assert Signatures(GEMINI).call("one") == ""
