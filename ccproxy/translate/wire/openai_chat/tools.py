"""Tools and tool choice in the provider's form."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw

from ccproxy.translate.draft import Draft
from ccproxy.translate.functions import Function, check_named, functions
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.schema import is_strict, object_schema
from ccproxy.translate.wire.openai_chat.hosted import Hosted, hosted

_BROWSER = {"type": "browser_search"}


def tools(request: MessagesRequest, draft: Draft) -> tuple[list[dict[str, Any]], Hosted]:
    """The client's tools in the provider's form, and the provider's own tools.

    Raises Uncarriable and InvalidRequest with the path of the tool.
    """
    found, served = functions(request, draft)
    own = hosted(served, draft, alone=not found)
    if request.tool_choice is not None and request.tool_choice.type == "none":
        own = Hosted([], {}, own.names)  # for it forbids these as well
    if not draft.dialect.tools:
        if found:
            draft.losses.append("tools")
        return [], own
    return [{"type": "function", "function": _function(one, draft)} for one in found], own


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


def choice(request: MessagesRequest, draft: Draft, sent: list[dict[str, Any]], own: Hosted) -> dict[str, Any]:
    """`tool_choice` and `parallel_tool_calls`, only beside tools: alone they are refused.

    `sent` are the client's tools that go out; for `none` towards a provider without that choice it is emptied. `own`
    are the provider's: which of them is used is nearly always its own decision.
    """
    wish = request.tool_choice
    if wish is None:
        return {}
    if wish.type == "tool":
        check_named(wish.name, request, draft, [tool["function"]["name"] for tool in sent] + own.names)
    fields: dict[str, Any] = {}
    if sent:
        named = wish.type == "tool" and wish.name in own.names
        if named:
            draft.losses.append("tool_choice")
        elif (chosen := _choice(wish.type, wish.name, draft, sent)) is not None:
            fields["tool_choice"] = chosen
        if wish.disable_parallel_tool_use:
            if draft.dialect.parallel_tool_calls:
                fields["parallel_tool_calls"] = False
            else:
                draft.losses.append("tool_choice.disable_parallel_tool_use")
    elif wish.type in ("any", "tool"):
        if own.tools == [_BROWSER]:
            return {"tool_choice": "required"}
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
