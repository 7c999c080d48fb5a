"""Tools and tool choice in Cohere's form."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw

from ccproxy.translate.draft import Draft
from ccproxy.translate.functions import Function, check_named, functions, unserved
from ccproxy.translate.messages import MessagesRequest, ToolChoice
from ccproxy.translate.schema import object_schema


def tools(request: MessagesRequest, draft: Draft) -> dict[str, Any]:
    """`tools`, `strict_tools` and `tool_choice`, as far as there are tools to send.

    Raises Uncarriable and InvalidRequest with the path of the tool.
    """
    found, served = functions(request, draft)
    unserved(served, draft)
    wish = request.tool_choice
    if wish is not None and wish.type == "tool":
        check_named(wish.name, request, draft, [one.name for one in found])
    if not found:
        if wish is not None and wish.type == "any":
            draft.losses.append("tool_choice")
        return {}
    strict = _strict(found, draft)
    chosen = _choice(wish, draft, found) if wish is not None else {}
    return {"tools": [{"type": "function", "function": _function(one, draft)} for one in found], **strict, **chosen}


def _function(one: Function, draft: Draft) -> dict[str, Any]:
    function: dict[str, Any] = {"name": one.name, "parameters": one.schema}
    if not isinstance(one.schema, dict):
        function["parameters"], lost = object_schema(one.schema, draft.dialect.schema_drops)
        if lost:
            draft.losses.append(f"tools[{one.index}].input_schema")
    if one.cache_control is not UNSET:
        draft.lose(one.cache_control, f"tools[{one.index}].cache_control")
    return function | {"description": one.description} if one.description else function


def _strict(found: list[Function], draft: Draft) -> dict[str, Any]:
    """`strict_tools` holds for all tools or none, and wants a required parameter in each (provider docs)."""
    asked = [one for one in found if one.strict]
    if asked and len(asked) == len(found) and all(_requires(one.schema) for one in found):
        return {"strict_tools": True}
    draft.losses += [f"tools[{one.index}].strict" for one in asked]
    return {}


def _requires(schema: Any) -> bool:
    if not isinstance(schema, Raw):
        return False
    try:
        return bool(msgspec.json.decode(schema).get("required"))
    except (msgspec.MsgspecError, RecursionError):
        return False


def _choice(wish: ToolChoice, draft: Draft, found: list[Function]) -> dict[str, Any]:
    if wish.disable_parallel_tool_use:
        draft.losses.append("tool_choice.disable_parallel_tool_use")
    match wish.type:
        case "none":
            return {"tool_choice": "NONE"}
        case "any" | "tool" if not draft.dialect.choice_required:
            draft.losses.append("tool_choice")
        case "tool":
            # Forcing some call while offering one tool only forces that tool.
            legal = draft.tool_name(wish.name or "")
            found[:] = [one for one in found if one.name == legal]
            return {"tool_choice": "REQUIRED"}
        case "any":
            return {"tool_choice": "REQUIRED"}
    return {}
