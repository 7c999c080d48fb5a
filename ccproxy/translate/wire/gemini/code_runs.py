"""Code that the model wrote and the provider ran: a server tool's call, and its result right behind it."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from ccproxy.translate.messages import ServerToolUseBlock
from ccproxy.translate.served import CodeExecutionToolResultBlock
from ccproxy.translate.wire.gemini.chunks import CodeResult

_WELL = ("OUTCOME_OK", 1)
_LATE = ("OUTCOME_DEADLINE_EXCEEDED", 3)


def asked(id: str, code: str) -> ServerToolUseBlock:
    """The run `id` of this code."""
    return ServerToolUseBlock(id, "code_execution", Raw(msgspec.json.encode({"code": code})))


def gave(id: str, result: CodeResult | None) -> CodeExecutionToolResultBlock:
    """What the run gave. None: the provider does not tell, as with the code of its own file search."""
    if result is None:
        return _failed(id, "unavailable")
    output = result.output or ""
    if result.outcome in _LATE and not output:
        return _failed(id, "execution_time_exceeded")
    well = result.outcome in _WELL
    content: dict[str, object] = {
        "type": "code_execution_result",
        "stdout": output if well else "",
        "stderr": "" if well else output,
        "return_code": 0 if well else 1,
        "content": [],
    }
    return CodeExecutionToolResultBlock(id, Raw(msgspec.json.encode(content)))


def _failed(id: str, code: str) -> CodeExecutionToolResultBlock:
    content = {"type": "code_execution_tool_result_error", "error_code": code}
    return CodeExecutionToolResultBlock(id, Raw(msgspec.json.encode(content)))
