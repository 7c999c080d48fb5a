"""Tools that the provider runs itself: Nova's web search and code interpreter, in the blocks of the Messages API.

A search does not tell what it found; the pages are those that the text cites afterwards, so a search's result is
written where the next one begins or the answer ends.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from ccproxy.translate import searches
from ccproxy.translate.blocks import Blocks
from ccproxy.translate.calls import parsed
from ccproxy.translate.messages import ServerToolUseBlock
from ccproxy.translate.searches import Page
from ccproxy.translate.served import SERVER_ID, CodeExecutionToolResultBlock
from ccproxy.translate.wire.bedrock_converse.chunks import ToolResult, ToolUse

SEARCH = "nova_grounding"
CODE = "nova_code_interpreter"


class Served:
    """The provider's own tools in one answer. `searched` counts its searches."""

    def __init__(self, blocks: Blocks, message_id: str) -> None:
        self.searched = 0
        self._blocks = blocks
        self._stem = SERVER_ID + message_id.removeprefix("msg_")
        self._used = 0
        self._ids: dict[str, str] = {}  # of the runs of code, by the provider's
        self._searching = ""  # the search whose result is not written yet
        self._pages: list[Page] = []

    def use(self, call: ToolUse, input: str) -> None:
        """A call, complete."""
        fields = msgspec.json.decode(parsed(input) or b"{}")
        self._used += 1
        id = f"{self._stem}{self._used}"
        if call.name == SEARCH:
            self.finish()
            self.searched += 1
            self._searching = id
            self._blocks.whole(searches.asked(id, str(fields.get("query") or "")))
        elif call.name == CODE:
            self._ids[call.toolUseId] = id
            code = msgspec.json.encode({"code": str(fields.get("snippet") or "")})
            self._blocks.whole(ServerToolUseBlock(id, "code_execution", Raw(code)))

    def result(self, result: ToolResult) -> None:
        """What a call gave."""
        id = self._ids.pop(result.toolUseId, "")
        if not id:
            return
        found: dict[str, Any] = {}
        for piece in result.content or ():
            if isinstance(piece, dict) and isinstance(piece.get("json"), dict):
                found |= piece["json"]
        code = found.get("exitCode")
        content = {
            "type": "code_execution_result",
            "stdout": str(found.get("stdOut") or ""),
            "stderr": str(found.get("stdErr") or ""),
            "return_code": code if isinstance(code, int) else int(bool(found.get("isError"))),
            "content": [],
        }
        self._blocks.whole(CodeExecutionToolResultBlock(id, Raw(msgspec.json.encode(content))))

    def cited(self, page: Page) -> None:
        """A page that the text cites."""
        self._pages.append(page)

    def finish(self) -> None:
        """The search that was under way has found what it found."""
        if self._searching:
            self._blocks.whole(searches.found(self._searching, self._pages))
            self._searching = ""
            self._pages = []
