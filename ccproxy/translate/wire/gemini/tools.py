"""Tools and tool choice in Gemini's form: functions, and Google's own search, fetch and code execution."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ccproxy.translate import searches
from ccproxy.translate.draft import Draft, given
from ccproxy.translate.functions import Function, check_named, functions, unserved
from ccproxy.translate.messages import MessagesRequest, Tool
from ccproxy.translate.schema import object_schema
from ccproxy.translate.wire.gemini.fitted import Schema, fitted
from ccproxy.translate.wire.gemini.plain import plain

# What may stand beside the properties of an object that has none, without anything being said by it.
_NOTHING_SAID = {"type", "properties", "required", "additionalProperties", "$schema"}


def tools(request: MessagesRequest, draft: Draft) -> dict[str, Any]:
    """The fields `tools` and `toolConfig`. Raises Uncarriable and InvalidRequest with the path of the tool."""
    found, served = functions(request, draft)
    declared = [_declared(one, draft) for one in found]
    hosted = _hosted(served, bool(declared), draft)
    config = _config(request, draft, [one["name"] for one in declared])
    if hosted and declared and draft.dialect.tells_searches:
        config["includeServerSideToolInvocations"] = True
    sent = [{"functionDeclarations": declared}] if declared else []
    sent += hosted
    fields: dict[str, Any] = {"tools": sent} if sent else {}
    if config:
        fields["toolConfig"] = config
    return fields


def _declared(one: Function, draft: Draft) -> dict[str, Any]:
    declared: dict[str, Any] = {"name": one.name}
    if one.description:
        declared["description"] = one.description
    parameters, lost = _parameters(one.schema, draft)
    if parameters is not None:
        declared["parametersJsonSchema" if draft.dialect.tool_json_schema else "parameters"] = parameters
    if lost:
        draft.losses.append(f"tools[{one.index}].input_schema")
    if one.strict:
        draft.losses.append(f"tools[{one.index}].strict")
    if one.cache_control is not UNSET:
        draft.lose(one.cache_control, f"tools[{one.index}].cache_control")
    return declared


def _parameters(schema: Raw | Schema | UnsetType, draft: Draft) -> tuple[Raw | Schema | None, bool]:
    """The schema as it is sent, None for a function without parameters; and whether something was lost."""
    whole: Raw | Schema
    whole, lost = (schema, False) if isinstance(schema, dict) else object_schema(schema, draft.dialect.schema_drops)
    try:
        if not isinstance(whole, Raw) or _may_be_empty(whole):
            read: Schema = msgspec.json.decode(whole) if isinstance(whole, Raw) else whole
            if not read.get("properties") and read.keys() <= _NOTHING_SAID and not read.get("additionalProperties"):
                return None, lost
        if draft.dialect.tool_json_schema:
            return plain(whole), lost
    except RecursionError:  # nested hundreds of levels deep: no provider takes that
        return None, True
    older, more = fitted(whole)
    return older, lost or more


def _may_be_empty(schema: Raw) -> bool:
    """Whether there may be no properties: a look at the text, which is much cheaper than parsing it."""
    return b'"properties":{}' in bytes(schema).replace(b" ", b"")


def _hosted(served: list[tuple[int, Tool]], declared: bool, draft: Draft) -> list[dict[str, Any]]:
    """Google's own search and fetch; beside functions only where the model takes both, else they are reported."""
    dialect = draft.dialect
    hosted: dict[str, dict[str, Any]] = {}
    rest: list[tuple[int, Tool]] = []
    for index, tool in served:
        field = _field(tool, draft)
        if not field or (declared and not dialect.search_beside_functions):
            rest.append((index, tool))
        else:
            hosted[field] = _bounded(tool, index, field, draft)
    unserved(rest, draft)
    return [{name: about} for name, about in hosted.items()]


def _field(tool: Tool, draft: Draft) -> str:
    """What a tool that a server runs is called here; "" where there is none."""
    dialect = draft.dialect
    if searches.is_search(tool):
        return "googleSearch" if dialect.web_search else ""
    if searches.is_fetch(tool):
        return "urlContext" if dialect.web_fetch else ""
    return "codeExecution" if dialect.code_execution and _runs_code(tool) else ""


def _bounded(tool: Tool, index: int, field: str, draft: Draft) -> dict[str, Any]:
    """What of the tool's bounds the provider takes; the others are reported."""
    about: dict[str, Any] = {}
    if tool.blocked_domains and field == "googleSearch" and draft.dialect.exclude_domains:
        about["excludeDomains"] = tool.blocked_domains
    elif tool.blocked_domains:
        draft.losses.append(f"tools[{index}].blocked_domains")
    for name in ("allowed_domains", "max_uses", "max_content_tokens", "use_cache"):
        if getattr(tool, name) is not None:
            draft.losses.append(f"tools[{index}].{name}")
    for name in ("user_location", "response_inclusion", "citations", "url_sources", "cache_control"):
        draft.lose(getattr(tool, name), f"tools[{index}].{name}")
    if given(tool.allowed_callers) and bytes(tool.allowed_callers).replace(b" ", b"") != b'["direct"]':  # type: ignore[arg-type]
        draft.losses.append(f"tools[{index}].allowed_callers")
    return about


def _config(request: MessagesRequest, draft: Draft, names: list[str]) -> dict[str, Any]:
    """`functionCallingConfig`, only beside functions."""
    wish = request.tool_choice
    if wish is None:
        return {}
    if wish.type == "tool" and not any(tool.name == wish.name and _is_hosted(tool) for tool in request.tools or ()):
        check_named(wish.name, request, draft, names)
    if not names:
        if wish.type in ("any", "tool"):
            draft.losses.append("tool_choice")
        return {}
    if wish.disable_parallel_tool_use:
        draft.losses.append("tool_choice.disable_parallel_tool_use")
    match wish.type:
        case "tool":
            legal = draft.tool_name(wish.name or "")
            if legal not in names:
                draft.losses.append("tool_choice")
                return {}
            chosen: dict[str, Any] = {"mode": "ANY", "allowedFunctionNames": [legal]}
        case "any":
            chosen = {"mode": "ANY"}
        case "none":
            chosen = {"mode": "NONE"}
        case _:
            chosen = {"mode": "AUTO"}
    return {"functionCallingConfig": chosen}


def _is_hosted(tool: Tool) -> bool:
    return searches.is_search(tool) or searches.is_fetch(tool) or _runs_code(tool)


def _runs_code(tool: Tool) -> bool:
    return str(tool.type).startswith("code_execution")
