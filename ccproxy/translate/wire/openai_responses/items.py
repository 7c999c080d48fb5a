"""The output items of a response, as far as anything is read from them, and the response around them.

One Struct serves every type of item: unknown fields are skipped, and a field of a wrong type counts as not sent,
because one odd field must not cost the answer. The types are those of the provider's docs and of recorded traffic.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from ccproxy.errors import BadAnswer
from ccproxy.translate.misfits import fitted, value
from ccproxy.translate.wire.openai_responses.usage import UsageBody

_BLANK_LINE = "\n\n"


class Annotation(Struct, gc=False):
    """A note on the text: `url_citation` and others, of which only those on web pages are read.

    xAI numbers its citations and gives the number as the title.
    """

    type: str = ""
    url: str | None = None
    title: str | None = None


class Part(Struct, gc=False):
    """A part of a message's content (`output_text`, `refusal`), or of reasoning (`summary_text`, `reasoning_text`)."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    transcript: str | None = None
    annotations: list[Annotation] | None = None

    @property
    def words(self) -> str:
        """What the part says; spoken words are all that a client here can take of audio."""
        return self.text or self.refusal or self.transcript or ""


class Source(Struct, gc=False):
    """Where a search looked; an entry without a URL is a service of the provider (weather, sports)."""

    url: str | None = None
    title: str | None = None


class Action(Struct, gc=False):
    """What a web search call did: `search`, `open_page` or `find_in_page`."""

    type: str = "search"
    query: str | None = None
    queries: list[str] | None = None
    url: str | None = None
    pattern: str | None = None
    sources: list[Source] | None = None


class Item(Struct, gc=False):
    """One item of the output. `arguments`, `input` and `output` are JSON text, from some servers the value itself."""

    type: str = ""
    id: str | None = None
    role: str | None = None
    status: str | None = None
    # messages and reasoning
    content: Any = None
    summary: Any = None
    encrypted_content: str | None = None
    # calls
    call_id: str | None = None
    name: str | None = None
    arguments: Any = None
    input: Any = None
    # the provider's own tools
    action: Any = None
    server_label: str | None = None
    output: Any = None
    error: Any = None
    code: str | None = None
    outputs: Any = None
    result: Any = None
    revised_prompt: str | None = None
    operation: Any = None
    actions: Any = None
    environment: Any = None
    execution: str | None = None


class Incomplete(Struct, gc=False):
    """Why an answer is incomplete."""

    reason: str | None = None


class Response(Struct):
    """A response: the body of an answer, and what the last event of a stream holds."""

    object: str | None = None
    status: str | None = None
    error: Any = None
    incomplete_details: Incomplete | None = None
    output: list[Item] | None = None
    usage: UsageBody | None = None


class _Content(Struct):
    parts: list[Part]


_decode = msgspec.json.Decoder(Response).decode


def read(data: bytes) -> Response:
    """The response in a body. Raises BadAnswer where there is no JSON object in it."""
    try:
        return _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = value(data)
    if not isinstance(found, dict):
        raise BadAnswer("the provider's answer is not a response")
    return fitted(found, Response, "response")


def parts(content: Any) -> list[Part]:
    """The parts of a message or of reasoning; some servers give the text alone."""
    if isinstance(content, str):
        return [Part(text=content)]
    if not isinstance(content, list):
        return []
    listed = [{"text": part} if isinstance(part, str) else part for part in content]
    return fitted({"parts": listed}, _Content, "message").parts


def thoughts(content: Any) -> str:
    """The text of a reasoning item's summary or content; its parts stand apart."""
    return _BLANK_LINE.join(part.words for part in parts(content) if part.words)


def text_of(json: Any) -> str:
    """A JSON text, whatever value the server made of it."""
    if isinstance(json, str):
        return json
    return "" if json is None else msgspec.json.encode(json).decode()


def action(item: Item) -> Action:
    """What a search did. xAI gave it as the `arguments` of a call once (recorded traffic)."""
    found: Any = item.action
    if found is None:
        found = object_of(item.arguments or item.input)
    if not isinstance(found, dict):
        return Action()
    return fitted(dict(found), Action, "search")


def object_of(json: Any) -> Any:
    """The value that a JSON text stands for; the text itself where it is none."""
    if not isinstance(json, str):
        return json
    try:
        return msgspec.json.decode(json)
    except (msgspec.MsgspecError, RecursionError):
        return json
