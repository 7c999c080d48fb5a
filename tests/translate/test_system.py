"""The system prompt without what is meant for Anthropic alone."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import InputMessage, MessagesRequest, TextBlock, UnknownBlock
from ccproxy.translate.system import reminder, system
from tests.translate.contexts import target

BILLING = "x-anthropic-billing-header: cc_version=1;"


@pytest.mark.parametrize(
    ("given", "texts", "losses"),
    [
        (None, [], []),
        ("", [], []),
        ("  ", [], []),
        ("be kind", [("system", "be kind")], []),
        (f"{BILLING}\nbe kind", [("system", "be kind")], ["system"]),
        (BILLING, [], ["system"]),
        ([TextBlock("a"), TextBlock(" "), TextBlock("b")], [("system[0]", "a"), ("system[2]", "b")], []),
        ([TextBlock(BILLING), TextBlock("b")], [("system[1]", "b")], ["system[0]"]),
        ([UnknownBlock("x", Raw(b"{}"))], [], ["system[0]"]),
        ([TextBlock("a", citations=Raw(b"[1]"))], [("system[0]", "a")], ["system[0].citations"]),
        ([TextBlock("", cache_control=Raw(b"{}"))], [], ["system[0].cache_control"]),
    ],
)
def test_system(given: Any, texts: list[tuple[str, str]], losses: list[str]) -> None:
    draft = Draft(target())
    request = MessagesRequest(model="m", messages=[InputMessage("user", "a")], system=given)
    assert [(path, block.text) for path, block in system(request, draft)] == texts
    assert draft.losses == losses


def test_a_reminder_is_marked_off() -> None:
    assert reminder("x") == "<system-reminder>\nx\n</system-reminder>"
