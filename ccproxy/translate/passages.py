"""Documents and search results as passages of text, and the paths of blocks, for every wire that needs them."""

from __future__ import annotations

import base64
import binascii

from ccproxy.errors import Uncarriable
from ccproxy.translate.messages import DocumentBlock, SearchResultBlock

Where = tuple[int, ...]  # message, block, block inside the result


def dotted(where: Where) -> str:
    """The path as errors write it: `messages.3.content.1`."""
    return "messages." + ".content.".join(map(str, where))


def bracketed(where: Where) -> str:
    """The path as losses write it: `messages[3].content[1]`."""
    return "messages[" + "].content[".join(map(str, where)) + "]"


def visible(text: str) -> bool:
    """Whether the text has anything but white space: providers refuse empty text."""
    return bool(text) and not text.isspace()


def heading(block: DocumentBlock) -> str:
    """What stands before a document's own text: its title and context, as far as there are any."""
    head = f"<title>{block.title}</title>\n" if block.title else ""
    return head + (f"<context>{block.context}</context>\n" if block.context else "")


def document(block: DocumentBlock, text: str) -> str:
    """A text document with its head, marked off from what stands around it."""
    return f"<document>\n{heading(block)}{text}\n</document>"


def search_result(block: SearchResultBlock) -> str:
    """A search result of the client's own, with where it is from."""
    body = "\n\n".join(inner.text for inner in block.content)
    return f"<search_result>\n<source>{block.source}</source>\n<title>{block.title}</title>\n{body}\n</search_result>"


def decoded(data: str, where: Where) -> str:
    """The text of a document that came as base64. Raises Uncarriable where it is none."""
    try:
        return base64.b64decode(data).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Uncarriable(f"{dotted(where)}: the text document is not UTF-8 in base64") from error
