"""The system prompt, without what only Anthropic's own API reads of it."""

from __future__ import annotations

from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import MessagesRequest, TextBlock, UnknownBlock
from ccproxy.translate.passages import visible

_BILLING = "x-anthropic-billing-header"


def system(request: MessagesRequest, draft: Draft) -> list[tuple[str, TextBlock]]:
    """The texts of the system prompt, each with its path.

    Claude Code's attribution line is left out, for it is noise to other models; so is text that is only white space.
    """
    prompt = request.system
    if not prompt:
        return []
    if isinstance(prompt, str):
        if prompt.startswith(_BILLING):
            draft.losses.append("system")
            prompt = prompt.partition("\n")[2]
        return [("system", TextBlock(prompt))] if visible(prompt) else []
    found: list[tuple[str, TextBlock]] = []
    for index, block in enumerate(prompt):
        path = f"system[{index}]"
        if isinstance(block, UnknownBlock) or block.text.startswith(_BILLING):
            draft.losses.append(path)
            continue
        draft.lose(block.citations, f"{path}.citations")
        if visible(block.text):
            found.append((path, block))
        else:
            draft.lose(block.cache_control, f"{path}.cache_control")
    return found


def reminder(text: str) -> str:
    """A later system message as user text, in the form that Claude Code itself falls back to."""
    return f"<system-reminder>\n{text}\n</system-reminder>"
