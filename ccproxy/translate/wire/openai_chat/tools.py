"""Tools and tool choice.

Tools that the provider would have to run itself have no counterpart here and are left out and reported, save those
without which the answer would be wrong: these are refused.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ccproxy.errors import InvalidRequest, Uncarriable
from ccproxy.translate.messages import MessagesRequest, Tool
from ccproxy.translate.schema import is_strict, object_schema
from ccproxy.translate.wire.openai_chat.client_tools import define
from ccproxy.translate.wire.openai_chat.draft import Draft, given

# Claude Code's stand-in for tools that it has not loaded yet; there is nothing to call behind it.
_PLACEHOLDER = "DeferredToolPlaceholder"
_CUT = " […]"


def tools(request: MessagesRequest, draft: Draft) -> list[dict[str, Any]]:
    """The tools in the provider's form. Raises Uncarriable and InvalidRequest with the path of the tool."""
    if not request.tools:
        return []
    if not draft.dialect.tools:
        draft.losses.append("tools")
        return []
    found = []
    for index, tool in enumerate(request.tools):
        function = _function(tool, index, draft)
        if function is None:
            draft.losses.append(f"tools[{index}]")
        else:
            found.append({"type": "function", "function": function})
    return found


def _function(tool: Tool, index: int, draft: Draft) -> dict[str, Any] | None:
    if tool.type is None or tool.type == "custom":
        if tool.name == _PLACEHOLDER:
            return None
        if not tool.name:
            raise InvalidRequest(f"tools.{index}.name: must not be empty")
        return _custom(tool, index, draft)
    if tool.type.startswith("code_execution"):
        raise Uncarriable(f"tools.{index}: {draft.target.label} has no code execution; leave {tool.type} out")
    defined = define(tool)
    if defined is None:
        return None
    description, schema = defined
    _report(tool, index, draft)
    return {"name": draft.tool_name(tool.name), "description": description, "parameters": schema}


def _custom(tool: Tool, index: int, draft: Draft) -> dict[str, Any]:
    dialect = draft.dialect
    function: dict[str, Any] = {"name": draft.tool_name(tool.name)}
    if description := _description(tool, index, draft):
        function["description"] = description
    parameters, lost = object_schema(tool.input_schema, dialect.schema_drops, dialect.schema_type_beside_any_of)
    function["parameters"] = parameters
    if lost:
        draft.losses.append(f"tools[{index}].input_schema")
    if tool.strict:
        if dialect.strict_tools and tool.input_schema is not UNSET and is_strict(tool.input_schema):
            function["strict"] = True
        else:
            draft.losses.append(f"tools[{index}].strict")
    _report(tool, index, draft)
    return function


def _description(tool: Tool, index: int, draft: Draft) -> str:
    text = tool.description or ""
    if tool.input_examples is not UNSET and given(tool.input_examples):
        text = f"{text}\n\nExamples of its input: {str(tool.input_examples, 'utf-8')}".lstrip()
    limit = draft.dialect.description_limit
    if limit and len(text) > limit:
        draft.losses.append(f"tools[{index}].description")
        text = text[: limit - len(_CUT)] + _CUT
    return text


def _report(tool: Tool, index: int, draft: Draft) -> None:
    """Losses among the flags of a tool that is sent."""
    if tool.cache_control is not UNSET:
        draft.lose(tool.cache_control, f"tools[{index}].cache_control")
    if tool.defer_loading:
        draft.losses.append(f"tools[{index}].defer_loading")
    if tool.eager_input_streaming:
        draft.losses.append(f"tools[{index}].eager_input_streaming")
    if tool.allowed_callers is not UNSET and bytes(tool.allowed_callers).replace(b" ", b"") != b'["direct"]':
        draft.lose(tool.allowed_callers, f"tools[{index}].allowed_callers")


def choice(request: MessagesRequest, draft: Draft, sent: list[dict[str, Any]]) -> dict[str, Any]:
    """`tool_choice` and `parallel_tool_calls`, only beside tools: alone they are refused.

    `sent` are the tools that go out; for `none` towards a provider without that choice it is emptied.
    """
    wish = request.tool_choice
    if wish is None:
        return {}
    if wish.type == "tool":
        _check_named(wish.name, request, draft, sent)
    fields: dict[str, Any] = {}
    if sent:
        if (chosen := _choice(wish.type, wish.name, draft, sent)) is not None:
            fields["tool_choice"] = chosen
        if wish.disable_parallel_tool_use:
            if draft.dialect.parallel_tool_calls:
                fields["parallel_tool_calls"] = False
            else:
                draft.losses.append("tool_choice.disable_parallel_tool_use")
    elif wish.type == "any":
        draft.losses.append("tool_choice")
    return fields if sent else {}


def _check_named(name: str | None, request: MessagesRequest, draft: Draft, sent: list[dict[str, Any]]) -> None:
    if not name:
        raise InvalidRequest("tool_choice.name: is required with type tool")
    legal = draft.tool_name(name)
    if any(tool["function"]["name"] == legal for tool in sent):
        return
    if any(tool.name == name for tool in request.tools or ()):
        raise Uncarriable(f"tool_choice.name: the tool {name!r} cannot be given to {draft.target.label}")
    raise InvalidRequest(f"tool_choice.name: there is no tool {name!r} in tools")


def _choice(kind: str, name: str | None, draft: Draft, sent: list[dict[str, Any]]) -> Any:
    dialect = draft.dialect
    match kind:
        case "auto":
            return "auto"
        case "none":
            if dialect.choice_none:
                return "none"
            sent.clear()  # without tools no call is possible: the same, said another way
            return None
        case "tool" if dialect.choice_named:
            return {"type": "function", "function": {"name": draft.tool_name(name or "")}}
        case "tool" if dialect.choice_required:
            # Forcing some call while offering one tool only forces that tool.
            legal = draft.tool_name(name or "")
            sent[:] = [tool for tool in sent if tool["function"]["name"] == legal]
            return dialect.choice_required
        case "any" if dialect.choice_required:
            return dialect.choice_required
        case _:
            draft.losses.append("tool_choice")
            return "auto"
