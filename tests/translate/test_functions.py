"""Tools as functions, and those that only a server can run."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET, Raw

from ccproxy.errors import InvalidRequest, Uncarriable
from ccproxy.translate.draft import Draft
from ccproxy.translate.functions import Function, check_named, functions, unserved
from ccproxy.translate.messages import InputMessage, MessagesRequest, Tool
from tests.translate.contexts import target

SCHEMA = Raw(b'{"type":"object"}')


def request(*tools: Tool) -> MessagesRequest:
    return MessagesRequest(model="m", messages=[InputMessage("user", "a")], tools=list(tools))


def found(*tools: Tool, **flags: Any) -> tuple[list[Function], list[tuple[int, Tool]], list[str]]:
    draft = Draft(target(**flags))
    return *functions(request(*tools), draft), draft.losses


def test_the_clients_own() -> None:
    (one,), served, losses = found(Tool("f", description="does", input_schema=SCHEMA, strict=True))
    assert one == Function(0, "f", "does", SCHEMA, strict=True)
    assert (served, losses) == ([], [])
    assert found(Tool("f", type="custom"))[0] == [Function(0, "f", "", UNSET)]


def test_anthropics_client_tools_get_a_schema() -> None:
    (one,), _, _ = found(Tool("bash", type="bash_20250124"))
    assert one.name == "bash"
    assert isinstance(one.schema, dict)
    assert one.schema["properties"]["command"]


def test_a_placeholder_is_left_out_and_a_servers_tool_is_told_apart() -> None:
    search = Tool("web_search", type="web_search_20250305")
    own, served, losses = found(Tool("DeferredToolPlaceholder"), search, Tool("f"))
    assert [one.index for one in own] == [2]
    assert served == [(1, search)]
    assert losses == ["tools[0]"]


def test_flags_that_only_anthropic_knows_are_reported() -> None:
    tool = Tool(
        "f", defer_loading=True, eager_input_streaming=True, allowed_callers=Raw(b'["code_execution_20260120"]')
    )
    assert found(tool)[2] == ["tools[0].defer_loading", "tools[0].eager_input_streaming", "tools[0].allowed_callers"]
    assert found(Tool("f", allowed_callers=Raw(b'[ "direct" ]')))[2] == []


def test_examples_go_into_the_description() -> None:
    (one,), _, _ = found(Tool("f", description="does", input_examples=Raw(b'[{"a":1}]')))
    assert one.description == 'does\n\nExamples of its input: [{"a":1}]'


def test_a_description_that_is_too_long_is_cut_and_reported() -> None:
    (one,), _, losses = found(Tool("f", description="x" * 30), description_limit=20)
    assert (len(one.description), one.description[-3:]) == (20, "[…]")
    assert losses == ["tools[0].description"]


def test_a_tool_without_a_name_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"^tools\.1\.name"):
        found(Tool("f"), Tool(""))


def test_servers_tools_that_the_provider_has_not() -> None:
    draft = Draft(target())
    unserved([(1, Tool("web_search", type="web_search_20250305"))], draft)
    assert draft.losses == ["tools[1]"]
    with pytest.raises(Uncarriable, match=r"^tools\.2: "):
        unserved([(2, Tool("code_execution", type="code_execution_20250825"))], draft)


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        (None, InvalidRequest, "is required"),
        ("web_search", Uncarriable, "cannot be given"),
        ("nobody", InvalidRequest, "there is no tool 'nobody'"),
    ],
)
def test_a_forced_tool_must_be_offered(name: str | None, error: type[Exception], words: str) -> None:
    wish = request(Tool("f"), Tool("web_search", type="web_search_20250305"))
    check_named("f", wish, Draft(target()), ["f"])
    with pytest.raises(error, match=words):
        check_named(name, wish, Draft(target()), ["f"])
