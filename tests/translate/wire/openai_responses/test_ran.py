"""What the provider's own tools did."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.translate.messages import ServerToolUseBlock
from ccproxy.translate.served import CodeExecutionToolResultBlock, McpToolResultBlock, McpToolUseBlock
from ccproxy.translate.wire.openai_responses.items import Item
from ccproxy.translate.wire.openai_responses.ran import told


def found(type: str, **fields: Any) -> list[Any]:
    return list(told(Item(type=type, **fields), lambda prefix: prefix + "1", {"shop": "my.shop"}))


@pytest.mark.parametrize(
    ("fields", "failed", "text"),
    [
        ({"output": "fine", "status": "completed"}, False, "fine"),
        ({"output": {"n": 1}}, False, '{"n":1}'),
        ({"error": {"code": 500, "message": "no"}, "status": "failed"}, True, '{"code":500,"message":"no"}'),
        ({"status": "failed"}, True, None),
    ],
)
def test_mcp_calls(fields: dict[str, Any], failed: bool, text: str | None) -> None:
    use, result = found("mcp_call", name="find", server_label="shop", arguments='{"a":1}', **fields)
    assert use == McpToolUseBlock("mcptoolu_ccp11", "find", "my.shop", use.input)
    assert json.loads(bytes(use.input)) == {"a": 1}
    assert isinstance(result, McpToolResultBlock)
    assert (result.tool_use_id, result.is_error) == ("mcptoolu_ccp11", failed)
    assert json.loads(bytes(result.content)) == ([] if text is None else [{"type": "text", "text": text}])


@pytest.mark.parametrize("arguments", [None, "", "[1]", "oops"])
def test_the_input_of_an_mcp_call_is_an_object(arguments: Any) -> None:
    assert bytes(found("mcp_call", arguments=arguments)[0].input) == b"{}"


def test_code_that_was_run() -> None:
    outputs = [{"type": "logs", "logs": "2"}, {"type": "image", "url": "data:image/png;base64,aGk="}, 3]
    use, result = found("code_interpreter_call", code="print(1+1)", outputs=outputs, status="completed")
    assert (type(use), use.name, json.loads(bytes(use.input))) == (
        ServerToolUseBlock,
        "code_execution",
        {"code": "print(1+1)"},
    )
    assert isinstance(result, CodeExecutionToolResultBlock)
    assert json.loads(bytes(result.content)) == {
        "type": "code_execution_result",
        "stdout": "2\n[an image that cannot be shown here]",
        "stderr": "",
        "return_code": 0,
        "content": [],
    }
    _, result = found("code_interpreter_call", status="failed")
    assert json.loads(bytes(result.content))["return_code"] == 1


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"result": "aGk=", "revised_prompt": "a cat"}, "[an image that cannot be shown here: a cat]"),
        ({"result": "aGk="}, "[an image that cannot be shown here]"),
        ({"result": "https://a.example/cat.png"}, "![image](https://a.example/cat.png)"),
    ],
)
def test_images(fields: dict[str, Any], wanted: str) -> None:
    assert found("image_generation_call", **fields) == [wanted]


@pytest.mark.parametrize(
    ("type", "fields", "wanted"),
    [
        ("shell_call", {"action": {"commands": ["ls"]}}, '[shell_call {"action":{"commands":["ls"]}}]'),
        ("shell_call_output", {"output": [{"stdout": "a"}]}, '[shell_call_output {"output":[{"stdout":"a"}]}]'),
        ("program", {"code": "1", "id": "x", "encrypted_content": "e"}, '[program {"code":"1"}]'),
        ("mcp_list_tools", {"error": "down", "server_label": "s"}, '[mcp_list_tools {"server":"s","error":"down"}]'),
        ("something_new", {}, "[something_new {}]"),
    ],
)
def test_what_has_no_block_is_told_in_words(type: str, fields: dict[str, Any], wanted: str) -> None:
    assert found(type, **fields) == [wanted]


@pytest.mark.parametrize("type", ["mcp_list_tools", "compaction", "tool_search_output", "file_search_call"])
def test_what_only_serves_the_provider(type: str) -> None:
    assert found(type, encrypted_content="e") == []
