"""Tools and tool choice in the provider's form."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw

from ccproxy.translate.draft import Draft
from ccproxy.translate.functions import Function, check_named, functions, unserved
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.schema import is_strict, object_schema


def tools(request: MessagesRequest, draft: Draft) -> list[dict[str, Any]]:
    """The tools in the provider's form. Raises Uncarriable and InvalidRequest with the path of the tool."""
    if not request.tools:
        return []
    if not draft.dialect.tools:
        draft.losses.append("tools")
        return []
    found, served = functions(request, draft)
    unserved(served, draft)
    return [{"type": "function", "function": _function(one, draft)} for one in found]


def _function(one: Function, draft: Draft) -> dict[str, Any]:
    dialect = draft.dialect
    function: dict[str, Any] = {"name": one.name}
    if one.description:
        function["description"] = one.description
    if isinstance(one.schema, dict):
        function["parameters"] = one.schema
    else:
        parameters, lost = object_schema(one.schema, dialect.schema_drops, dialect.schema_type_beside_any_of)
        function["parameters"] = parameters
        if lost:
            draft.losses.append(f"tools[{one.index}].input_schema")
    if one.strict:
        if dialect.strict_tools and isinstance(one.schema, Raw) and is_strict(one.schema):
            function["strict"] = True
        else:
            draft.losses.append(f"tools[{one.index}].strict")
    if one.cache_control is not UNSET:
        draft.lose(one.cache_control, f"tools[{one.index}].cache_control")
    return function


def choice(request: MessagesRequest, draft: Draft, sent: list[dict[str, Any]]) -> dict[str, Any]:
    """`tool_choice` and `parallel_tool_calls`, only beside tools: alone they are refused.

    `sent` are the tools that go out; for `none` towards a provider without that choice it is emptied.
    """
    wish = request.tool_choice
    if wish is None:
        return {}
    if wish.type == "tool":
        check_named(wish.name, request, draft, [tool["function"]["name"] for tool in sent])
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
