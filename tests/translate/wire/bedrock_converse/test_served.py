"""The provider's own tools: what is shown of them, and what is not."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ccproxy.translate.blocks import Blocks
from ccproxy.translate.calls import Calls
from ccproxy.translate.messages import Usage
from ccproxy.translate.replay import message_of
from ccproxy.translate.searches import Page
from ccproxy.translate.wire.bedrock_converse.chunks import ToolResult, ToolUse
from ccproxy.translate.wire.bedrock_converse.served import Served
from tests.translate.wire.bedrock_converse.streams import context


def shown(*steps: Any) -> list[dict[str, Any]]:
    """The blocks of these steps: calls with their input, results, pages."""
    about = context()
    blocks = Blocks(about, Calls(about))
    served = Served(blocks, about.message_id)
    for step in steps:
        match step:
            case (ToolUse() as use, str(input)):
                served.use(use, input)
            case ToolResult():
                served.result(step)
            case Page():
                served.cited(step)
    served.finish()
    blocks.end("end_turn", None, Usage())
    found: list[dict[str, Any]] = json.loads(msgspec.json.encode(message_of(blocks.events).content))
    return found


def use(name: str, id: str = "u1") -> ToolUse:
    return ToolUse(id, name)


@pytest.mark.parametrize(
    ("input", "query"), [('{"query":"x"}', "x"), ("", ""), ("nonsense", ""), ("{}", ""), ('{"query":null}', "")]
)
def test_a_search(input: str, query: str) -> None:
    asked, found = shown((use("nova_grounding"), input))
    assert (asked["name"], asked["input"]) == ("web_search", {"query": query})
    assert asked["id"] == found["tool_use_id"] == "srvtoolu_ccp101test1"
    assert found["content"] == []


def test_pages_are_those_of_the_search_before_them() -> None:
    one, two = Page("https://one.example", "One"), Page("https://two.example")
    blocks = shown((use("nova_grounding"), "{}"), one, one, (use("nova_grounding", "u2"), "{}"), two)
    assert [[page["title"] for page in block["content"]] for block in blocks[1::2]] == [
        ["One"],
        ["https://two.example"],
    ]


@pytest.mark.parametrize(
    ("content", "stdout", "code"),
    [
        ([{"json": {"stdOut": "42", "exitCode": 0}}], "42", 0),
        ([{"json": {"stdOut": "42", "isError": True}}], "42", 1),
        ([{"json": {"exitCode": 3}}, {"text": "odd"}, {"json": []}], "", 3),
        (None, "", 0),
    ],
)
def test_a_run_of_code(content: Any, stdout: str, code: int) -> None:
    run, ran = shown((use("nova_code_interpreter"), '{"snippet":"6*7"}'), ToolResult("u1", None, content))
    assert (run["name"], run["input"]) == ("code_execution", {"code": "6*7"})
    assert (ran["content"]["stdout"], ran["content"]["return_code"]) == (stdout, code)


def test_what_is_not_shown() -> None:
    assert shown((use("something_new"), "{}"), ToolResult("u1"), ToolResult("never asked"), Page("https://a")) == []
