"""Bytes of a request -> MessagesRequest, and the paths of what in them is not known here.

Two roads. The fast one is a single typed decode, which every request of today's clients takes. The slow one takes
what is left: JavaScript's lone surrogates, fields and blocks that are newer than this version, wrong types in
fields that can be left out. It answers only with InvalidRequest, whatever the bytes are. A generic 400 makes
coding agents try six times, so what can be ignored is noted instead of refused.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Raw, Struct

from ccproxy.errors import InvalidRequest
from ccproxy.translate.lenient import Misfit, fit
from ccproxy.translate.messages import InputMessage, MessagesRequest, Tool, ToolUseBlock

_OBJECT = ord("{")
LONGEST_MODEL = 512
"""Characters of a model's name, which goes into headers, errors, log lines and rows."""
# what a backslash may begin: a surrogate pair, one half of it alone (the group), any other escape
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_MALFORMED = re.compile(r"JSON is malformed: (?P<what>.*) \(byte (?P<at>\d+)\)")


class Parsed(Struct, frozen=True):
    """A request, the paths of the fields that were left out of it (`messages[3].content[0].foo`), and its bytes.

    The bytes are the client's, but for what was no sound Unicode in them.
    """

    request: MessagesRequest
    unknown: tuple[str, ...] = ()
    body: bytes = b""


def _keep_number(digits: str) -> float | Raw:
    """A JSON number that is no integer; as its text where a float can't hold it, for fields that are only handed on."""
    number = float(digits)
    return number if abs(number) != float("inf") else Raw(digits.encode())


_typed: msgspec.json.Decoder[MessagesRequest] = msgspec.json.Decoder(MessagesRequest)
_plain: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_keep_number)


def parse(body: bytes, *, counting: bool = False) -> Parsed:
    """The request in `body`. `counting`: a count_tokens body, which has no `max_tokens`.

    Raises InvalidRequest, whose message names the path, what is wrong and what is allowed.
    """
    try:
        body.decode()  # the typed decode does not look into what it only hands on
        parsed = Parsed(_checked(_typed.decode(body)), body=body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidRequest):
        parsed = _slowly(body)
    if not counting:
        _require_max_tokens(parsed.request)
    return parsed


def _slowly(body: bytes) -> Parsed:
    """The road for everything that is not exactly as expected."""
    try:
        text = _repaired(body)
        fitted, left_out = fit(_plain.decode(text), MessagesRequest)
        return Parsed(_checked(_typed.decode(msgspec.json.encode(fitted))), left_out, text.encode())
    except RecursionError:
        raise InvalidRequest("body: the JSON is nested too deeply") from None
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"body: {error}") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidRequest(_not_json(body, str(error))) from None


def _repaired(body: bytes) -> str:
    """The body as text that is sound Unicode: lone surrogates and broken UTF-8 become U+FFFD, a leading BOM goes."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    return _ESCAPE.sub(lambda escape: "\\ufffd" if escape[1] else escape[0], text)


def _not_json(body: bytes, error: str) -> str:
    """Why the body is no JSON, with the place."""
    if not body.strip():
        return "body: expected a JSON object, got nothing"
    if found := _MALFORMED.search(error):
        return f"body: not valid JSON: {found['what']} at byte {found['at']}"
    return f"body: not valid JSON: {error[:1].lower()}{error[1:]}"


def _checked(request: MessagesRequest) -> MessagesRequest:
    """What the types alone don't say. Raises InvalidRequest."""
    if len(request.model) > LONGEST_MODEL:
        raise InvalidRequest(f"model: expected at most {LONGEST_MODEL} characters, got {len(request.model)}")
    if not request.messages:
        raise InvalidRequest("messages: at least one message is required")
    for index, message in enumerate(request.messages):
        if type(message.content) is list:
            _check_calls(message, index)
    for index, tool in enumerate(request.tools or ()):
        _check_tool(tool, index)
    return request


def _check_calls(message: InputMessage, index: int) -> None:
    """Each tool call's input is an object."""
    for place, block in enumerate(message.content):
        if type(block) is ToolUseBlock and memoryview(block.input)[0] != _OBJECT:
            raise Misfit(("messages", index, "content", place, "input"), "expected an object")


def _check_tool(tool: Tool, index: int) -> None:
    """A tool of the client's own has a name, and a schema is an object."""
    if not tool.name and tool.type in (None, "custom"):
        raise Misfit(("tools", index, "name"), "Field required")
    if type(tool.input_schema) is Raw and memoryview(tool.input_schema)[0] != _OBJECT:
        raise Misfit(("tools", index, "input_schema"), "expected an object")


def _require_max_tokens(request: MessagesRequest) -> None:
    """0 is allowed: it only warms the prompt cache."""
    if request.max_tokens is None:
        raise InvalidRequest("max_tokens: Field required")
    if request.max_tokens < 0:
        raise InvalidRequest(f"max_tokens: expected an integer of at least 0, got {request.max_tokens}")
