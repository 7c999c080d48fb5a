from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ccproxy.errors import InvalidRequest, ThreadUnsupported
from ccproxy.translate.messages import MessagesRequest
from ccproxy.translate.parse import Parsed
from ccproxy.translate.target import Target
from ccproxy.translate.wire.anthropic import count, relay
from tests.translate.contexts import target
from tests.translate.replaying import each
from tests.translate.wire.anthropic.requests import BODY, HEADERS, dumped, parsed

EVERYTHING: dict[str, Any] = {"server_tools": True, "web_search": "web_search", "web_fetch": "web_fetch"}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("ascii", [True, False])
def test_the_clients_bytes_go_out_with_another_model(indent: int | None, ascii: bool) -> None:
    sent = relay(parsed(dumped(indent=indent, ascii=ascii)), HEADERS, target())
    assert sent.body == dumped(indent=indent, ascii=ascii, model="some-model")
    assert (sent.method, sent.path, sent.losses) == ("POST", "/v1/messages", ())


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'{"messages":[{"role":"user","content":"a"}],"max_tokens":1,"model":"a","model":"b"}',
         b'{"messages":[{"role":"user","content":"a"}],"max_tokens":1,"model":"some-model","model":"some-model"}'),
        (b'{"mod\\u0065l" : "a" ,"messages":[{"role":"user","content":"\\"model\\":\\"a"}],"max_tokens":1}',
         b'{"mod\\u0065l" : "some-model" ,"messages":[{"role":"user","content":"\\"model\\":\\"a"}],"max_tokens":1}'),
        (b'{"metadata":{"model":"a"},"model":"\\u0061","messages":[{"role":"user","content":"a"}],"max_tokens":1}',
         b'{"metadata":{"model":"a"},"model":"some-model","messages":[{"role":"user","content":"a"}],"max_tokens":1}'),
        (b'\xef\xbb\xbf{"model":"a","messages":[{"role":"user","content":"\\ud83d"}],"max_tokens":1}',
         b'{"model":"some-model","messages":[{"role":"user","content":"\\ufffd"}],"max_tokens":1}'),
    ],
)  # fmt: skip
def test_odd_spellings(body: bytes, wanted: bytes) -> None:
    assert relay(parsed(body), {}, target()).body == wanted


def test_a_models_name_may_hold_anything() -> None:
    strange = Target(
        provider="p", kind="anthropic", wire="anthropic", model='a"\\é', base_url="", dialect=target().dialect
    )
    assert json.loads(relay(parsed(dumped()), {}, strange).body)["model"] == 'a"\\é'


def test_the_headers_are_the_clients() -> None:
    keyed = Target(
        provider="p",
        kind="anthropic",
        wire="anthropic",
        model="m",
        base_url="",
        dialect=target().dialect,
        headers={"x-api-key": "secret", "x-app": "mine"},
    )
    sent = relay(parsed(dumped()), HEADERS, keyed)
    assert sent.headers == {**HEADERS, "content-type": "application/json", "x-api-key": "secret", "x-app": "mine"}
    assert relay(parsed(dumped()), {}, target()).headers == {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
    }


@pytest.mark.parametrize(
    ("known", "sent", "lost"),
    [
        (None, HEADERS["anthropic-beta"], ()),
        (("effort-2025-11-24",), "effort-2025-11-24", ("anthropic-beta:new-2026-11-11",)),
        ((), None, ("anthropic-beta:effort-2025-11-24", "anthropic-beta:new-2026-11-11")),
    ],
)
def test_betas_that_would_be_refused(known: Any, sent: str | None, lost: tuple[str, ...]) -> None:
    request = relay(parsed(dumped()), HEADERS, target(betas=known))
    assert request.headers.get("anthropic-beta") == sent
    assert request.losses == lost


def test_fields_that_would_be_refused() -> None:
    request = relay(parsed(dumped()), {}, target(refused_fields=("fallbacks", "speed", "something_new")))
    assert request.body == dumped(model="some-model", fallbacks=..., something_new=...)
    assert request.losses == ("fallbacks", "something_new")


@pytest.mark.parametrize(
    ("most", "sent", "lost"), [(None, 128000, ()), (128000, 128000, ()), (8192, 8192, ("max_tokens",))]
)
def test_max_tokens_is_lowered_where_less_is_known_to_be_allowed(most: Any, sent: int, lost: tuple[str, ...]) -> None:
    request = relay(parsed(dumped()), {}, target(max_output_tokens=most))
    assert request.body == dumped(model="some-model", max_tokens=sent)
    assert request.losses == lost


def test_threads_go_where_they_are_kept() -> None:
    threaded = dumped(thread={"type": "create"})
    assert relay(parsed(threaded), {}, target()).body == dumped(thread={"type": "create"}, model="some-model")
    with pytest.raises(ThreadUnsupported):
        relay(parsed(threaded), {}, target(threads=False))
    relay(parsed(dumped(thread=None)), {}, target(threads=False))


def test_what_others_left_is_taken_out() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "short"}
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "b"}]},
    ]
    body = dumped(messages=messages)
    assert relay(parsed(body), {}, target()).body == dumped(messages=messages, model="some-model")
    left = json.loads(relay(parsed(body), {}, target(signed_thinking=True)).body)
    assert left["messages"][1]["content"] == [{"type": "text", "text": "b"}]


def test_counting() -> None:
    body = dumped(max_tokens=..., stream=...)
    assert count(parsed(body, counting=True), HEADERS, target()) is None
    request = count(parsed(body, counting=True), HEADERS, target(counts_tokens=True))
    assert request is not None
    assert request.body == dumped(max_tokens=..., stream=..., model="some-model")
    assert request.path == "/v1/messages/count_tokens"
    assert request.headers["anthropic-beta"] == HEADERS["anthropic-beta"]


def test_a_body_that_nothing_can_be_replaced_in() -> None:
    odd = Parsed(MessagesRequest(model="a", messages=[]), body=b"[]")
    with pytest.raises(InvalidRequest, match="body: no JSON object"):
        relay(odd, {}, target())


def test_every_recorded_request(shared: Path) -> None:
    def replay(record: dict[str, Any]) -> None:
        request = {"max_tokens": 1, "model": "m", **record["request"]}
        for indent in (None, 1):
            body = json.dumps(request, indent=indent).encode()
            wanted = json.dumps({**request, "model": "some-model"}, indent=indent).encode()
            assert relay(parsed(body), {}, target(threads=True, **EVERYTHING)).body == wanted

    def has_messages(record: dict[str, Any]) -> bool:
        return bool((record["request"] or {}).get("messages"))

    assert each(shared / "wire" / "recorded", ("anthropic", "anthropic-count-tokens"), has_messages, replay) > 300


def test_the_requests_of_claude_code(shared: Path) -> None:
    paths = sorted((shared / "clients").glob("*.json"))
    assert paths
    for path in paths:
        found = json.loads(path.read_bytes())
        request = found if "messages" in found else found["body"]
        body = json.dumps(request).encode()
        assert (
            relay(parsed(body), {}, target(**EVERYTHING)).body
            == json.dumps({**request, "model": "some-model"}).encode()
        )


def test_the_sample_has_what_could_mislead() -> None:
    assert dumped().count(b'"model"') > 4
    assert list(BODY)[-2] == "model"
