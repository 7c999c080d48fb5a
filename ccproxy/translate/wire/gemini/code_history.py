"""Code that a provider ran in an earlier turn, as the parts that Gemini itself tells it by.

The blocks may be from any provider: what was run and what it gave is the same in all of them.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from ccproxy.translate.messages import ServerToolUseBlock, UnknownBlock
from ccproxy.translate.wire.gemini.parts import Part

_NAME = "code_execution"
_RESULT = "code_execution_tool_result"


class _Input(Struct):
    code: str


class _Content(Struct):
    """A `code_execution_result`, or an error with its code."""

    stdout: str = ""
    stderr: str = ""
    return_code: int = 0
    error_code: str = ""


class _Result(Struct):
    content: _Content


_read_input = msgspec.json.Decoder(_Input).decode
_read_result = msgspec.json.Decoder(_Result).decode


def asked(block: ServerToolUseBlock) -> Part | None:
    """The run of some code; None where the block is another tool's call."""
    if block.name != _NAME:
        return None
    try:
        return {"executableCode": {"language": "PYTHON", "code": _read_input(block.input).code}}
    except msgspec.MsgspecError:
        return None


def gave(block: UnknownBlock) -> Part | None:
    """What the run gave; None where the block is something else."""
    if block.block_type != _RESULT:
        return None
    try:
        content = _read_result(block.raw).content
    except msgspec.MsgspecError:
        return None
    if content.error_code:
        return {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": content.error_code}}
    output = "\n".join(filter(None, (content.stdout, content.stderr)))
    outcome = "OUTCOME_FAILED" if content.return_code else "OUTCOME_OK"
    return {"codeExecutionResult": {"outcome": outcome, "output": output}}
