"""Tools and tool choice: functions flat, and the tools that the provider runs itself."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw

from ccproxy.translate.draft import Draft
from ccproxy.translate.functions import Function, check_named, functions
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.schema import is_strict, object_schema
from ccproxy.translate.wire.openai_responses.hosted import Hosted, hosted


def tools(request: MessagesRequest, draft: Draft) -> tuple[list[dict[str, Any]], Hosted]:
    """The client's functions, and the tools of the provider's own with what they ask of the request.

    Raises Uncarriable and InvalidRequest with the path of the tool.
    """
    if not draft.dialect.tools:
        if request.tools:
            draft.losses.append("tools")
        return [], Hosted([], {}, {})
    found, served = functions(request, draft)
    return [_function(one, draft) for one in found], hosted(request, served, draft)


def _function(one: Function, draft: Draft) -> dict[str, Any]:
    """`strict` is always said, because the API takes a function without it for a strict one."""
    dialect = draft.dialect
    function: dict[str, Any] = {"type": "function", "name": one.name}
    if one.description:
        function["description"] = one.description
    if isinstance(one.schema, dict):
        function["parameters"] = one.schema
    else:
        parameters, lost = object_schema(one.schema, dialect.schema_drops, dialect.schema_type_beside_any_of)
        function["parameters"] = parameters
        if lost:
            draft.losses.append(f"tools[{one.index}].input_schema")
    function["strict"] = False
    if one.strict:
        if dialect.strict_tools and isinstance(one.schema, Raw) and is_strict(one.schema):
            function["strict"] = True
        else:
            draft.losses.append(f"tools[{one.index}].strict")
    if one.cache_control is not UNSET:
        draft.lose(one.cache_control, f"tools[{one.index}].cache_control")
    return function


def choice(request: MessagesRequest, draft: Draft, sent: list[dict[str, Any]], run: Hosted) -> dict[str, Any]:
    """`tool_choice` and `parallel_tool_calls`, only beside tools: alone they are refused.

    `sent` are the functions that go out, `run` the provider's own tools; where its API lacks a choice, they are
    narrowed down to what is meant.
    """
    wish = request.tool_choice
    if wish is None:
        return {}
    name = wish.name or ""
    if wish.type == "tool" and name not in run.names:
        check_named(wish.name, request, draft, [tool["name"] for tool in sent])
    if not sent and not run.tools:
        if wish.type == "any":
            draft.losses.append("tool_choice")
        return {}
    fields: dict[str, Any] = {}
    if (chosen := _choice(wish.type, name, draft, sent, run)) is not None:
        fields["tool_choice"] = chosen
    if wish.disable_parallel_tool_use:
        if draft.dialect.parallel_tool_calls:
            fields["parallel_tool_calls"] = False
        else:
            draft.losses.append("tool_choice.disable_parallel_tool_use")
    return fields if sent or run.tools else {}


def _choice(kind: str, name: str, draft: Draft, sent: list[dict[str, Any]], run: Hosted) -> Any:
    dialect = draft.dialect
    match kind:
        case "auto":
            return "auto"
        case "none" if dialect.choice_none:
            return "none"
        case "none":
            sent.clear()  # without tools no call is possible: the same, said another way
            run.tools.clear()
            return None
        case "tool" if dialect.choice_named and name not in run.names:
            return {"type": "function", "name": draft.tool_name(name)}
        case "tool" if dialect.choice_required:
            # Forcing some call while offering one tool only forces that tool.
            legal = draft.tool_name(name)
            sent[:] = [tool for tool in sent if tool["name"] == legal]
            run.keep(name)
            return dialect.choice_required
        case "any" if dialect.choice_required:
            return dialect.choice_required
        case _:
            draft.losses.append("tool_choice")
            return "auto"
