"""Tools and tool choice in Converse's form."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, UnsetType

from ccproxy.translate import searches
from ccproxy.translate.draft import Draft, given
from ccproxy.translate.functions import Function, check_named, functions, unserved
from ccproxy.translate.messages import MessagesRequest, Tool
from ccproxy.translate.schema import object_schema
from ccproxy.translate.wire.bedrock_converse.cache import Piece, points
from ccproxy.translate.wire.bedrock_converse.conversation import Talk
from ccproxy.translate.wire.bedrock_converse.served import CODE

_NAMES = ("name", "type")


def config(request: MessagesRequest, draft: Draft, needed: Talk | None) -> dict[str, Any]:
    """`toolConfig`; empty where there is none.

    `needed` are the messages where they hold calls or results: then there must be tools, whatever the client says.
    Raises Uncarriable and InvalidRequest with the path of the tool.
    """
    sent = _tools(request, draft)
    wish = request.tool_choice
    chosen = _choice(request, draft, sent)
    if wish is not None and wish.type == "none" and sent:
        if needed is None:
            return {}  # without tools no call is possible: the same, said another way
        draft.losses.append("tool_choice")
    if not sent and needed is not None:
        sent = _called(needed)
    return {"tools": sent, **chosen} if sent else {}


def _tools(request: MessagesRequest, draft: Draft) -> list[Piece]:
    if not request.tools:
        return []
    if not draft.dialect.tools:
        draft.losses.append("tools")
        return []
    found, served = functions(request, draft)
    sent: list[Piece] = []
    for one in found:
        sent.append({"toolSpec": _spec(one, draft)})
        sent += points(one.cache_control, f"tools[{one.index}]", draft, tool=True)
    others = []
    for index, tool in served:
        own = _own(tool, draft)
        if own:
            sent.append({"systemTool": {"name": own}})
            _limits(tool, index, draft)
        else:
            others.append((index, tool))
    unserved(others, draft)
    return sent


def _own(tool: Tool, draft: Draft) -> str:
    """What the provider's own tool of that kind is called; "" where it has none."""
    if not draft.dialect.tools:
        return ""
    if searches.is_search(tool):
        return draft.dialect.web_search
    if str(tool.type).startswith("code_execution") and draft.dialect.code_execution:
        return CODE
    return ""


def _limits(tool: Tool, index: int, draft: Draft) -> None:
    """What the client says about a tool that the provider runs: it takes no more than the name."""
    for name in tool.__struct_fields__:
        value = getattr(tool, name)
        empty = value in (None, False) if not isinstance(value, Raw | UnsetType) else not given(value)
        if name not in _NAMES and not empty:
            draft.losses.append(f"tools[{index}].{name}")


def _spec(one: Function, draft: Draft) -> dict[str, Any]:
    dialect = draft.dialect
    spec: dict[str, Any] = {"name": one.name}
    if one.description:
        spec["description"] = one.description
    schema: Any = one.schema
    if not isinstance(schema, dict):
        schema, lost = object_schema(schema, dialect.schema_drops, dialect.schema_type_beside_any_of)
        if lost:
            draft.losses.append(f"tools[{one.index}].input_schema")
    spec["inputSchema"] = {"json": schema}
    if one.strict:
        if dialect.strict_tools:  # with the same demands on a schema as Anthropic has
            spec["strict"] = True
        else:
            draft.losses.append(f"tools[{one.index}].strict")
    return spec


def _choice(request: MessagesRequest, draft: Draft, sent: list[Piece]) -> dict[str, Any]:
    """`toolChoice`: nothing is the model's own choice, and there is no word for that none be called."""
    wish = request.tool_choice
    if wish is None:
        return {}
    own = [tool.name for tool in request.tools or () if _own(tool, draft)]
    if wish.type == "tool":
        check_named(
            wish.name, request, draft, own + [piece["toolSpec"]["name"] for piece in sent if "toolSpec" in piece]
        )
    if wish.disable_parallel_tool_use and sent:
        draft.losses.append("tool_choice.disable_parallel_tool_use")
    if wish.type not in ("any", "tool"):
        return {}
    dialect = draft.dialect
    if wish.type == "tool" and wish.name in own:
        draft.losses.append("tool_choice")  # whether its own tools are used is the model's decision
        return {}
    if sent and wish.type == "tool" and dialect.choice_named:
        return {"toolChoice": {"tool": {"name": draft.tool_name(wish.name or "")}}}
    if not sent or not dialect.choice_required:
        draft.losses.append("tool_choice")
        return {}
    if wish.type == "tool":
        # Forcing some call while offering one tool only forces that tool.
        legal = draft.tool_name(wish.name or "")
        sent[:] = [piece for piece in sent if piece.get("toolSpec", {}).get("name") == legal]
    return {"toolChoice": {"any": {}}}


def _called(messages: Talk) -> list[Piece]:
    """The tools that were called so far, as far as that tells of them."""
    names = dict.fromkeys(
        piece["toolUse"]["name"] for message in messages for piece in message["content"] if "toolUse" in piece
    )
    return [{"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}} for name in names]
