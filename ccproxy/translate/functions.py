"""The tools of a request as functions that a model can call, and those that a server would have to run.

Names are as the provider takes them. Anthropic's own client tools (bash, text editor, …) get the schema that the API
would give them.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from ccproxy.errors import InvalidRequest, Uncarriable
from ccproxy.translate.client_tools import define
from ccproxy.translate.draft import Draft, given
from ccproxy.translate.messages import MessagesRequest, Tool
from ccproxy.translate.searches import only_web

# Claude Code's stand-in for tools that it has not loaded yet; there is nothing to call behind it.
_PLACEHOLDER = "DeferredToolPlaceholder"
_CUT = " […]"


class Function(Struct, frozen=True):
    """One tool that the client runs. `schema` is JSON text as sent, an object that was made here, or not given."""

    index: int
    name: str
    description: str
    schema: Raw | dict[str, Any] | UnsetType
    strict: bool = False
    cache_control: Raw | UnsetType = UNSET


def functions(request: MessagesRequest, draft: Draft) -> tuple[list[Function], list[tuple[int, Tool]]]:
    """The client's tools, and the server's with their places. Placeholders are left out and reported.

    Raises InvalidRequest with the path of a tool that has no name.
    """
    found: list[Function] = []
    served: list[tuple[int, Tool]] = []
    for index, tool in enumerate(request.tools or ()):
        if tool.type is None or tool.type == "custom":
            if tool.name == _PLACEHOLDER:
                draft.losses.append(f"tools[{index}]")
                continue
            if not tool.name:
                raise InvalidRequest(f"tools.{index}.name: must not be empty")
            found.append(_custom(tool, index, draft))
        elif (defined := define(tool)) is not None:
            _report(tool, index, draft)
            description, schema = defined
            name = draft.tool_name(tool.name)
            found.append(Function(index, name, description, schema, cache_control=tool.cache_control))
        else:
            served.append((index, tool))
    return found, served


def unserved(served: list[tuple[int, Tool]], draft: Draft) -> None:
    """Report the server's tools that the provider has not. Raises Uncarriable for those that nothing can replace."""
    for index, tool in served:
        if str(tool.type).startswith("code_execution"):
            raise Uncarriable(f"tools.{index}: {draft.target.label} has no code execution; leave {tool.type} out")
        draft.losses.append(f"tools[{index}]")


def check_named(name: str | None, request: MessagesRequest, draft: Draft, offered: list[str]) -> None:
    """That a forced tool is among the names that are `offered` to the provider. Raises InvalidRequest, Uncarriable.

    A web tool that the provider has not, in a request for nothing else, is no error: that is answered without it
    (`translate.searches`).
    """
    if not name:
        raise InvalidRequest("tool_choice.name: is required with type tool")
    if name in offered or draft.tool_name(name) in offered:
        return
    if only_web(request.tools) and any(tool.name == name for tool in request.tools or ()):
        return
    if any(tool.name == name for tool in request.tools or ()):
        raise Uncarriable(f"tool_choice.name: the tool {name!r} cannot be given to {draft.target.label}")
    raise InvalidRequest(f"tool_choice.name: there is no tool {name!r} in tools")


def _custom(tool: Tool, index: int, draft: Draft) -> Function:
    _report(tool, index, draft)
    return Function(
        index=index,
        name=draft.tool_name(tool.name),
        description=_description(tool, index, draft),
        schema=tool.input_schema,
        strict=bool(tool.strict),
        cache_control=tool.cache_control,
    )


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
    if tool.defer_loading:
        draft.losses.append(f"tools[{index}].defer_loading")
    if tool.eager_input_streaming:
        draft.losses.append(f"tools[{index}].eager_input_streaming")
    if tool.allowed_callers is not UNSET and bytes(tool.allowed_callers).replace(b" ", b"") != b'["direct"]':
        draft.lose(tool.allowed_callers, f"tools[{index}].allowed_callers")
