"""The request that lets the next target go on with an answer that broke off.

Two forms. Where the target surely goes on with an assistant's message that stands last, the text so far is put there.
Everybody else gets it as a turn of its own, and is asked to copy its last words and to write on behind them. That they
are copied is what makes the seam exact: a model that begins a new message has no way to say that it goes on in the
middle of a word, or with a blank.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct

from ccproxy.translate import overrides, tokens
from ccproxy.translate.continuation.joint import loops
from ccproxy.translate.draft import given
from ccproxy.translate.messages import MessagesRequest, OutputFormat
from ccproxy.translate.parse import Parsed, parse
from ccproxy.translate.target import Target

_LEAD = 24  # characters of the last words at least: enough to be told from what a model says of its own accord
_LONGEST_LEAD = 240  # and at most, where the end of the text looks like other parts of it
_TRANSLATED = ("openai-chat", "openai-responses", "cohere", "gemini", "bedrock-converse")

# Claude up to 4.5 goes on with its own last message; from 4.6 on the API refuses a conversation that ends with one
# (provider docs). Other models behind the same APIs do neither reliably.
_CLAUDE = re.compile(
    r"claude-(?:v?2|3|instant|(?:opus|sonnet|haiku)-4(?:[-.@](?:[015](?!\d)|20\d{6})|$|@|-v\d))", re.IGNORECASE
)

_ASKED = (
    "Your answer above broke off because the connection was lost. Go on with it. Begin by copying its last words "
    "exactly as they stand between these tags, without the tags, and write on directly behind them as though nothing "
    "had happened; if they end inside a word or a line, complete it.\n<last_words>{}</last_words>\n"
    "Repeat nothing else, and say nothing about the interruption."
)
_SCHEMA = "\nBoth parts together are to be one JSON text, and nothing else, that this schema accepts:\n"
_JSON = "\nBoth parts together are to be one JSON text, and nothing else."


class Continued(Struct, frozen=True):
    """The request for the next target, and what its answer is expected to begin with.

    `said` is the text that it goes on from. `lead`: the last words, which it was asked to copy; None where it had the
    text as the beginning of its own message, or where there was no text yet.
    """

    parsed: Parsed
    said: str
    lead: str | None = None


_members: msgspec.json.Decoder[dict[str, Raw]] = msgspec.json.Decoder(dict[str, Raw])
_items: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])
_encode = msgspec.json.encode


def request_after(parsed: Parsed, text: str, target: Target) -> Continued:
    """The request that goes on from `text`, in the typed form and in the bytes alike.

    It lets the model write what is left of `max_tokens`, does not let it think where that can be switched off, and
    asks for JSON in words: what a server holds to a schema would have to begin anew. Tools stay.
    """
    request = parsed.request
    parsed = _unthinking(parsed, target)
    body = _members.decode(parsed.body)
    if not text.strip():
        return Continued(_parsed(body), text)
    messages = _items.decode(body["messages"])
    before = _prefilled(messages)
    said = before + text
    asked = _without_format(body, request)
    lead = None if not asked and _goes_on(target, said) else last_words(said)
    _append(messages, text, bool(before) or _is_assistant(messages[-1]))
    more = 0
    if lead is not None:
        messages.append(Raw(_encode({"role": "user", "content": _ASKED.format(lead) + asked})))
        more = tokens.of_text(lead)
    body["messages"] = Raw(_encode(messages))
    if request.max_tokens is not None:
        body["max_tokens"] = Raw(b"%d" % (max(1, request.max_tokens - tokens.of_text(text)) + more))
    return Continued(_parsed(body), said, lead)


def last_words(said: str) -> str:
    """The end of a text from the beginning of a word on, as much of it as stands nowhere else in there.

    >>> last_words("It was the best of times, it was the worst of ti")
    'times, it was the worst of ti'
    """
    core = said.rstrip()
    start = len(core) - _LEAD
    if start <= 0:
        return core.lstrip()
    least = max(0, len(core) - _LONGEST_LEAD)
    while start > least:
        if core[start - 1].isspace() and not core[start].isspace() and core.find(core[start:], 0, len(core) - 1) < 0:
            return core[start:]
        start -= 1
    # No such place: words that stand elsewhere too, or a script without blanks.
    start = len(core) - _LEAD
    while start > least and not (core[start - 1].isspace() and not core[start].isspace()):
        start -= 1
    return core[start if start > least else len(core) - _LEAD :].lstrip()


def _goes_on(target: Target, said: str) -> bool:
    """Whether the target surely continues a last assistant message; short texts and loops are too easily mistaken."""
    core = said.strip()
    if len(core) < _LEAD or loops(core):
        return False
    kind = target.dialect.prefill
    match target.wire:
        case "openai-chat":
            return kind in ("prefix", "partial")
        case "gemini":
            return kind == "continued"
        case "openai-responses" | "cohere":
            return False
        case _:
            return kind == "continued" and _CLAUDE.search(target.model) is not None


def _unthinking(parsed: Parsed, target: Target) -> Parsed:
    """The request without a wish for thinking: in the middle of a text there is no place for it."""
    if target.wire in _TRANSLATED:
        return overrides.applied(parsed, {"thinking": "off"})
    if parsed.request.thinking is None:
        return parsed
    off = overrides.applied(parsed, {"thinking": "off"})
    body = _members.decode(off.body)
    body.pop("thinking", None)  # there are models that always think, and refuse to be told not to
    return _parsed(body)


def _without_format(body: dict[str, Raw], request: MessagesRequest) -> str:
    """Take the output format out of the body; gives back what is to be asked in place of it."""
    config = request.output_config
    wanted: OutputFormat | None = (config and config.format) or request.output_format
    body.pop("output_format", None)
    if "output_config" in body and config is not None and config.format is not None:
        kept = _members.decode(body["output_config"])
        del kept["format"]
        body["output_config"] = Raw(_encode(kept))
    if wanted is None:
        return ""
    return _SCHEMA + str(wanted.schema, "utf-8") if wanted.schema is not UNSET and given(wanted.schema) else _JSON


def _is_assistant(message: Raw) -> bool:
    return bytes(_members.decode(message).get("role", b"")) == b'"assistant"'


def _prefilled(messages: list[Raw]) -> str:
    """The text that the client had put at the beginning of the answer itself."""
    if not _is_assistant(messages[-1]):
        return ""
    content = _content(_members.decode(messages[-1]))
    if isinstance(content, str):
        return content
    last: Any = msgspec.json.decode(content[-1]) if content else None
    return last["text"] if isinstance(last, dict) and last.get("type") == "text" else ""


def _append(messages: list[Raw], text: str, goes_on: bool) -> None:
    """Put what was said at the end of the conversation; `goes_on`: behind what stands there of the same turn.

    White space at its end stays out: many refuse it there.
    """
    text = text.rstrip()
    if not goes_on:
        messages.append(Raw(_encode({"role": "assistant", "content": text})))
        return
    message: dict[str, Any] = _members.decode(messages[-1])
    content = _content(message)
    if isinstance(content, str):
        message["content"] = content + text
    elif _prefilled(messages):
        block: dict[str, Any] = _members.decode(content[-1])
        block["text"] = msgspec.json.decode(block["text"]) + text
        message["content"] = [*content[:-1], block]
    else:
        message["content"] = [*content, {"type": "text", "text": text}]
    messages[-1] = Raw(_encode(message))


def _content(message: dict[str, Any]) -> str | list[Raw]:
    """A message's content: text or blocks; null is no block."""
    found = msgspec.json.decode(message["content"], type=str | list[Raw] | None)
    return [] if found is None else found


def _parsed(body: dict[str, Raw]) -> Parsed:
    return parse(_encode(body), counting=True)
