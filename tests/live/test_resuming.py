"""A provider dies in the middle of an answer, and the next target of the route goes on with it: over real sockets.

The second provider is an obedient one: it copies the last words that it is given, where it is asked to, and goes on.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anthropic
import httpx
import pytest

from ccproxy.translate import render
from ccproxy.translate.messages import Message, TextBlock, Usage
from ccproxy.translate.replay import events_of
from tests.fake_upstream import (
    DONE,
    Answer,
    Cut,
    FakeUpstream,
    Hang,
    Received,
    Refusal,
    Stream,
    Until,
    call,
    chunk,
    finish,
)
from tests.live.fallback import Stage, attempts_of, client_of, fresh
from tests.live.sdk import HELLO
from tests.live.server import Server
from tests.translate.wire.gemini import answers
from tests.translate.wire.openai_responses import streams

STORY = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness. "
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich; 东西南北, and so on, up to the end."
)
BROKEN = len("It was the best of times, it was the worst of times, it was the age of wis")
CUTS = (0, 9, 40, BROKEN)
"""Where the pieces of the first part begin and end; the last one stops inside a word."""


def pieces(text: str) -> list[str]:
    return [text[at : at + 7] for at in range(0, len(text), 7)]


@dataclass(frozen=True)
class Api:
    """How a provider of one API says a text, bit by bit, and how it ends."""

    type: str
    model: str
    begins: tuple[Any, ...]
    says: Callable[[str], Any]
    ends: Callable[[str], tuple[Any, ...]]
    failed: Any


def _frames(*parts: int) -> bytes:
    """Events of a whole message without its text, as the Messages API sends them."""
    message = Message(id="msg_1", model="m", content=[TextBlock("")], stop_reason="end_turn", usage=Usage(9, 7))
    whole = render.events(events_of(message)).split(b"\n\n")
    return b"".join(whole[part] + b"\n\n" for part in parts)


def _delta(text: str) -> bytes:
    data = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    return b"event: content_block_delta\ndata: " + json.dumps(data).encode() + b"\n\n"


def _error(kind: str) -> bytes:
    data = {"type": "error", "error": {"type": kind, "message": "no more"}}
    return b"event: error\ndata: " + json.dumps(data).encode() + b"\n\n"


APIS = {
    "chat": Api(
        "openai-chat",
        "some-model",
        (chunk(role="assistant", content=""),),
        lambda text: chunk(content=text),
        lambda text: (finish(), DONE),
        {"error": {"message": "no more", "code": 500}},
    ),
    "anthropic": Api(
        "anthropic",
        "claude-opus-5-5",
        (_frames(0, 1),),
        _delta,
        lambda text: (_frames(-4, -3, -2),),
        _error("api_error"),
    ),
    "responses": Api(
        "openai-responses",
        "gpt-5.5",
        (streams.CREATED, streams.added(streams.message())),
        streams.text,
        lambda text: (streams.done(streams.message(text)), streams.ended(streams.message(text))),
        streams.event("failed", response={"status": "failed", "error": {"code": "server_error", "message": "no more"}}),
    ),
    "gemini": Api(
        "gemini",
        "gemini-3-pro-preview",
        (),
        lambda text: answers.chunk({"text": text}),
        lambda text: (answers.ended(),),
        {"error": {"code": 500, "message": "no more", "status": "INTERNAL"}},
    ),
}
APIS["older claude"] = replace(APIS["anthropic"], model="claude-haiku-4-5")
"""It takes the text so far as the beginning of its own message."""
PAIRS = [
    ("chat", "chat"),
    ("chat", "anthropic"),
    ("anthropic", "chat"),
    ("anthropic", "older claude"),
    ("responses", "chat"),
    ("chat", "responses"),
    ("gemini", "chat"),
    ("chat", "gemini"),
]
WAYS: dict[str, Callable[[Api], tuple[Any, ...]]] = {
    "FIN": lambda api: (Cut(),),
    "RST": lambda api: (Cut(reset=True),),
    "error event": lambda api: (api.failed,),
    "end without its terminator": lambda api: (),
    "silence": lambda api: (Hang(),),
}


def breaking(api: Api, way: str, heard: threading.Event) -> Stream:
    """The first part of the story, which breaks off when it was heard."""
    said = [api.says(STORY[one:other]) for one, other in itertools.pairwise(CUTS)]
    return Stream([*api.begins, *said, Until(heard), *WAYS[way](api)])


def going_on(api: Api) -> Callable[[Received], Answer]:
    """The rest of the story, behind the words that the request asks to be copied."""

    def answer(received: Received) -> Answer:
        texts = _texts(received.json)
        [said] = [text for text in texts if STORY.startswith(text)]
        asked = re.search("<last_words>(.*)</last_words>", texts[-1])
        rest = (asked[1] if asked else "") + STORY[len(said) :]
        return Stream([*api.begins, *map(api.says, pieces(rest)), *api.ends(rest)])

    return answer


def _texts(body: Any) -> list[str]:
    """Every text of the conversation of a request, whatever API it is for, in order."""
    match body:
        case {"messages": list(turns)} | {"input": list(turns)} | {"contents": list(turns)}:
            return [text for turn in turns for text in _texts(turn)]
        case {"content": str(text)} | {"text": str(text)}:
            return [text]
        case {"content": list(parts)} | {"parts": list(parts)}:
            return [text for part in parts for text in _texts(part)]
        case _:
            return []


@contextmanager
def staged(folder: Path, **settings: str) -> Iterator[Stage]:
    with (
        FakeUpstream() as upstream,
        Server(folder, workers=1, settings=settings) as server,
        client_of(server) as client,
    ):
        yield Stage(server, upstream, client)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("resuming")) as made:
        yield made


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A short patience, for the silences; but one that who goes on is sure to answer in."""
    with staged(tmp_path_factory.mktemp("impatient"), idle_timeout="3") as made:
        yield made


@pytest.fixture
def stage(running: Stage) -> Stage:
    running.upstream.forget()
    return running


@dataclass
class Told:
    """What the client was told."""

    text: str = ""
    model: str = ""
    error: anthropic.APIStatusError | None = None
    request_id: str = ""


def hear(stage: Stage, route: str, heard: threading.Event) -> Told:
    """Ask for the story, and say when the first part of it was heard."""
    told = Told()
    try:
        with stage.client.messages.stream(model=route, max_tokens=500, messages=HELLO) as running:
            told.request_id = running.response.headers["request-id"]
            for event in running:
                if event.type == "message_start":
                    told.model = event.message.model
                if event.type == "text":
                    told.text += event.text
                if told.text == STORY[:BROKEN]:
                    heard.set()
    except anthropic.APIStatusError as error:
        told.error = error
    return told


def resumed(stage: Stage, request_id: str) -> list[bool]:
    """For each attempt of a request whether it was for the rest of an answer."""
    return [attempt.get("resumed", False) for attempt in stage.server.row(request_id)["attempts"]]


def goes_on(stage: Stage, one: str, other: str, way: str) -> None:
    """The next target goes on without a character lost or said twice."""
    first, second = APIS[one], APIS[other]
    begins, goes = f"{fresh('first')}/{first.model}", f"{fresh('second')}/{second.model}"
    with (
        FakeUpstream() as upstream,
        stage.provider(begins.partition("/")[0], type=first.type, api_base_url=upstream.url),
        stage.provider(goes.partition("/")[0], type=second.type, api_base_url=upstream.url),
        stage.route(begins, goes, resume=True) as route,
    ):
        heard = threading.Event()
        upstream.enqueue(breaking(first, way, heard), going_on(second))
        told = hear(stage, route, heard)
        assert told.error is None
        assert told.text == STORY
        row = stage.server.row(told.request_id)
        assert (row["status"], row["error_type"], row["stop_reason"], row["usage_estimated"]) == (
            200,
            None,
            "end_turn",
            1,
        )
        failed, well = attempts_of(row)
        assert (failed[0], well) == (begins, (goes, 200, None))
        assert failed[1] >= 500
        assert resumed(stage, told.request_id) == [False, True]
        assert told.model == begins, "the one that began is named"


@pytest.mark.parametrize("way", [way for way in WAYS if way != "silence"])
@pytest.mark.parametrize(("one", "other"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_the_next_target_goes_on_without_a_character_lost_or_said_twice(
    stage: Stage, one: str, other: str, way: str
) -> None:
    goes_on(stage, one, other, way)


def test_it_goes_on_after_a_silence_too(impatient: Stage) -> None:
    """All pairs at once: each of them waits until it is one."""
    with ThreadPoolExecutor(len(PAIRS)) as pool:
        for done in [pool.submit(goes_on, impatient, one, other, "silence") for one, other in PAIRS]:
            done.result()


def test_the_log_says_that_an_answer_was_gone_on_with(stage: Stage) -> None:
    api = APIS["chat"]
    with stage.provider("only"), stage.route("only/m", resume=True) as route:
        heard = threading.Event()
        stage.upstream.enqueue(breaking(api, "RST", heard), going_on(api))
        told = hear(stage, route, heard)
    assert told.text == STORY
    lines = [line for line in stage.server.lines() if line.get("request_id") == told.request_id]
    [warning] = [line for line in lines if line["level"] == "warning"]
    assert warning["msg"] == "the answer broke off; the next target is asked to go on with it"
    assert lines[-1]["attempts"] == 2


@pytest.mark.parametrize("resume", [False, True])
def test_half_a_tool_call_is_an_honest_error_and_nobody_else_is_asked(stage: Stage, resume: bool) -> None:
    tool = chunk(tool_calls=[call(0, '{"city": "U', id="c1", name="get_weather")])
    stage.upstream.enqueue(Stream([chunk(content="Let me see."), tool, Cut()]), Refusal(500))
    with (
        stage.provider("first"),
        stage.provider("second"),
        stage.route("first/m", "second/m", resume=resume) as route,
        pytest.raises(anthropic.APIStatusError) as caught,
        stage.client.messages.stream(
            model=route,
            max_tokens=100,
            messages=[{"role": "user", "content": "The weather in Ulm?"}],
            tools=[{"name": "get_weather", "input_schema": {"type": "object"}}],
        ) as running,
    ):
        running.get_final_message()
    assert "api_error" in str(caught.value)
    assert len(stage.upstream.requests) == 1


def test_without_resume_it_is_an_honest_error(stage: Stage) -> None:
    with stage.provider("first"), stage.provider("second"), stage.route("first/m", "second/m") as route:
        heard = threading.Event()
        stage.upstream.enqueue(breaking(APIS["chat"], "FIN", heard))
        told = hear(stage, route, heard)
    assert told.text == STORY[:BROKEN]
    assert told.error is not None
    assert len(stage.upstream.requests) == 1


def test_a_client_that_leaves_while_the_next_target_is_asked_ends_both(stage: Stage) -> None:
    body = {"max_tokens": 100, "stream": True, "messages": HELLO}
    heard = threading.Event()
    heard.set()
    with stage.provider("first"), stage.provider("second"), stage.route("first/m", "second/m", resume=True) as route:
        stage.upstream.enqueue(breaking(APIS["chat"], "FIN", heard), Stream([Hang()]))
        with (
            httpx.Client(timeout=10) as client,
            client.stream("POST", f"{stage.server.url}/v1/messages", json={"model": route, **body}) as running,
        ):
            stage.upstream.wait_for(2)
            request_id = running.headers["request-id"]
        assert stage.upstream.requests[1].wait() == "left"
        assert stage.server.row(request_id)["status"] == 499
