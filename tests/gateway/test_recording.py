"""What is collected of a request, and at which ends it is kept."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import UTC, datetime

import pytest

from ccproxy.errors import GENERIC, DeadlinePassed, Draining, InvalidRequest
from ccproxy.gateway import journal, recording
from ccproxy.gateway.disconnect import ClientGone
from ccproxy.gateway.recording import Recording, without_keys
from ccproxy.store.captures import Capture
from ccproxy.store.client_keys import Capture as Wish
from ccproxy.store.logbook import RequestRow

HEADERS = {"anthropic-version": "2023-06-01", "anthropic-auth-token": "abc", "x-claude-code-session-id": "s"}


def begin(kept: list[Capture], *wishes: Wish) -> Recording:
    made = Recording(kept.append, HEADERS, b'{"model":"m"}')
    for wish in wishes:
        made.ask(wish)
    return made


def entry(rows: list[RequestRow]) -> journal.Entry:
    return journal.begin(
        rows.append, request_id="r-1", caller="ann", client_ip="10.0.0.1", session_id=None, user_agent=None
    )


ENDS: list[tuple[BaseException | None, bool]] = [
    (None, False),
    (InvalidRequest("no"), True),
    (DeadlinePassed("late"), True),
    (Draining("going"), True),
    (ZeroDivisionError(), True),
    (ClientGone(), False),
    (GeneratorExit(), False),
]


@pytest.mark.parametrize(("error", "failed"), ENDS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    ("wishes", "always", "failures"),
    [
        ((), False, False),
        (("off",), False, False),
        (("errors",), False, True),
        (("all",), True, True),
        (("errors", "off"), False, True),
        (("errors", "all"), True, True),
        (("all", "errors"), True, True),
    ],
)
def test_which_ends_are_kept(
    error: BaseException | None, failed: bool, wishes: tuple[Wish, ...], always: bool, failures: bool
) -> None:
    kept: list[Capture] = []
    begun = entry([])
    begun.recording = begin(kept, *wishes)
    begun.__exit__(type(error) if error else None, error, None)
    begun.end()
    assert len(kept) == (always or (failures and failed))


def test_what_is_kept() -> None:
    kept: list[Capture] = []
    begun = entry([])
    begun.recording = begin(kept, "all")
    with begun:
        begun.recording.take(b'{"type":"message"}')
    [capture] = kept
    assert (capture.request_id, capture.request, capture.answer) == ("r-1", b'{"model":"m"}', b'{"type":"message"}')
    assert capture.headers == {"anthropic-version": "2023-06-01", "x-claude-code-session-id": "s"}, "no credentials"
    assert (capture.truncated, capture.streamed) == (False, False)
    assert abs((datetime.now(UTC) - capture.captured_at).total_seconds()) < 60
    assert "anthropic" not in repr(capture)
    assert "model" not in repr(capture)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InvalidRequest("max_tokens: Field required"), ("invalid_request_error", "max_tokens: Field required")),
        (ZeroDivisionError("secret"), ("api_error", GENERIC)),
    ],
)
def test_an_error_before_any_answer_is_the_answer(error: Exception, told: tuple[str, str]) -> None:
    kept: list[Capture] = []
    begun = entry([])
    begun.recording = begin(kept, "errors")
    begun.__exit__(type(error), error, None)
    body = json.loads(kept[0].answer)
    assert (body["error"]["type"], body["error"]["message"], body["request_id"]) == (*told, "r-1")


def test_an_upstreams_own_error_is_kept_as_it_was_sent() -> None:
    kept: list[Capture] = []
    begun = entry([])
    begun.recording = begin(kept, "errors")
    error = DeadlinePassed("x")
    error.payload = b'{"type":"error", "error":{}}'
    begun.__exit__(type(error), error, None)
    assert kept[0].answer == b'{"type":"error", "error":{}}'


def test_a_stream_is_noted_on_its_way_and_closed_with_its_reader() -> None:
    kept: list[Capture] = []
    closed = []

    def frames() -> Generator[bytes, None, None]:
        try:
            yield b"event: a\n\n"
            yield b"event: b\n\n"
            yield b"event: c\n\n"
        finally:
            closed.append(True)

    begun = entry([])
    begun.recording = begin(kept, "all")
    following = begun.recording.following(frames())
    assert [next(following), next(following)] == [b"event: a\n\n", b"event: b\n\n"]
    following.close()
    assert closed == [True]
    begun.end()
    assert (kept[0].answer, kept[0].streamed) == (b"event: a\n\nevent: b\n\n", True)


def test_of_a_long_answer_the_beginning_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "LONGEST_ANSWER", 10)
    for parts, answer, truncated in [
        ([b"0123456789"], b"0123456789", False),
        ([b"01234", b"56789", b"x"], b"0123456789", True),
        ([b"01234", b"56789x", b"y"], b"0123456789", True),
        ([b"0123456789abc"], b"0123456789", True),
    ]:
        kept: list[Capture] = []
        begun = entry([])
        begun.recording = begin(kept, "all")
        for part in parts:
            begun.recording.take(part)
        begun.end()
        assert (kept[0].answer, kept[0].truncated) == (answer, truncated)


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (b'{"a": "known secret"}', b'{"a": "[redacted]"}'),
        (
            b'data: {"delta":{"text":"known "}}\n\ndata: {"delta":{"text":"secret"}}\n\n',
            b'data: {"delta":{"text":"[redacted]"}}\n\ndata: {"delta":{"text":""}}\n\n',
        ),
        (b"", b""),
    ],
)
def test_keys_are_taken_out_of_all_of_it(answer: bytes, left: bytes) -> None:
    capture = Capture(
        request_id="r",
        captured_at=datetime.now(UTC),
        headers={"anthropic-beta": "known secret, é"},
        request=b'{"k": "known secret"}',
        answer=answer,
    )
    cleaned = without_keys(capture, ["known secret"])
    assert cleaned.headers == {"anthropic-beta": "[redacted], é"}
    assert (cleaned.request, cleaned.answer) == (b'{"k": "[redacted]"}', left)
