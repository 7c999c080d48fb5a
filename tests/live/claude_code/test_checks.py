"""What the other tests rely on can fail: before a server that answers badly, each check tells so.

No proxy here: a scripted server speaks the Messages API to Claude Code, with faults that ccproxy must never show it.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fake_upstream import Answer, Cut, FakeUpstream, Json, Received, Stream
from tests.live.claude_code.debug_log import DebugLog
from tests.live.claude_code.messages_api import STOP, call, end, error, event, start, text, well
from tests.live.claude_code.scene import check_log
from tests.live.claude_code.session import Claude
from tests.live.claude_code.upstream import Play
from tests.live.server import until

BROKE = event("error", error={"type": "api_error", "message": "broke"})
NONE = Json({"type": "error", "error": {"type": "api_error", "message": "none"}})

# What the first answer is, and what Claude Code's log or conversation then tells of.
COMPLAINTS: list[tuple[str, list[Answer], str]] = [
    ("a retry after 429", [error(429, "rate_limit_error")], r"^API error \(attempt 1/11\): 429"),
    ("a retry after 529", [error(529, "overloaded_error")], r"^API error \(attempt 1/11\): 529"),
    ("another try after 400", [error(400, "invalid_request_error")], r"^API error \(attempt 1/11\): 400"),
    ("no stream to be had", [error(404, "not_found_error")], "falling back to non-streaming mode"),
    ("an error in the stream", [Stream([start(), text("We"), BROKE])], "falling back to non-streaming mode"),
    ("an error after a block", [Stream([start(), text("We"), STOP, BROKE])], "^Mid-stream server error after 1 block"),
    ("no message_start", [Stream([text("Well."), STOP, end()])], "falling back to non-streaming mode"),
    ("nothing in the stream", [Stream([])], "without receiving message_start event"),
    ("a broken connection", [Stream([start(), text("We"), Cut()])], "^Stream connection error"),
    ("an early end", [Stream([start(), text("We"), STOP])], "^Stream ended cleanly mid-response"),
    ("no message at all", [NONE, NONE], "empty or malformed response"),
]
REPAIRS: list[tuple[str, Answer, str]] = [
    ("a block without an end", Stream([start(), text("Well."), end()]), "had no visible output"),
    ("no block", Stream([start(), end()]), "had no visible output"),
    ("too few tokens", Stream([start(), text("We"), STOP, end("max_tokens")]), "Output token limit hit"),
    ("a refusal", Stream([start(), text("We"), STOP, end("refusal")]), "was stopped by a safety classifier"),
    ("half a call", Stream([start(), call('{"command": "l'), STOP, end("tool_use")]), "__unparsedToolInput"),
    ("half an answer", Stream([start(), text("We"), STOP, BROKE]), "was cut off mid-stream"),
]


class Recorded(Play):
    """A play for the Messages API: everything is the main conversation's."""

    def __call__(self, received: Received) -> Answer:
        self.seen.append(("main", received))
        turns = self._turns["main"]
        turn = turns.popleft() if turns else well
        return turn(received) if callable(turn) else turn


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as running:
        yield running


@pytest.fixture
def claude(program: Path, upstream: FakeUpstream, tmp_path: Path) -> Claude:
    return Claude(program, upstream.url, "claude-opus-5-5", tmp_path)


def test_a_good_answer_is_clean(claude: Claude, upstream: FakeUpstream) -> None:
    play = Recorded().at(upstream)
    run = claude.run("Say something.")
    check_log(run)
    assert (run.code, run.answer, play.repairs(), play.kinds) == (0, "Well.", [], ["main"])


@pytest.mark.parametrize(("answers", "told"), [case[1:] for case in COMPLAINTS], ids=[case[0] for case in COMPLAINTS])
def test_trouble_is_in_the_log(claude: Claude, upstream: FakeUpstream, answers: list[Answer], told: str) -> None:
    Recorded(*answers).at(upstream)
    run = claude.run("Say something.")
    check_log_finds(run.log, told)
    with pytest.raises(AssertionError):
        check_log(run)


@pytest.mark.parametrize(("answer", "told"), [case[1:] for case in REPAIRS], ids=[case[0] for case in REPAIRS])
def test_a_repair_is_in_the_conversation(claude: Claude, upstream: FakeUpstream, answer: Answer, told: str) -> None:
    play = Recorded(answer).at(upstream)
    run = claude.run("Say something.", "--allowedTools", "Bash")
    assert run.answer == "Well."
    assert play.repairs() == [told]


def check_log_finds(log: DebugLog, told: str) -> None:
    """Some complaint is that one."""
    assert any(re.search(told, line) for line in log.complaints()), log.told()


def test_only_what_is_listed_is_harmless() -> None:
    lines = [
        '[WARN] Claude Code doesn\'t recognize the model "a/b", so it assumes a context window of 1m tokens.',
        "[ERROR] API error (attempt 1/11): 529 529 busy",
        "[DEBUG] API error of long ago",
        "[WARN] Something that nobody has seen yet",
    ]
    log = DebugLog("".join(f"2026-11-23T14:25:15.379Z {line}\n" for line in lines))
    assert log.complaints() == ["API error (attempt 1/11): 529 529 busy", "Something that nobody has seen yet"]


def shell(folder: Path, text: str) -> Claude:
    """A program of ours in Claude Code's place."""
    program = folder / "claude"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return Claude(program, "http://127.0.0.1:1", "claude-opus-5-5", folder)


def test_a_run_that_is_ended_does_not_wait_for_what_it_has_started(tmp_path: Path) -> None:
    run = shell(tmp_path, "sleep 1000 &\nexit 3").run("Say something.", limit=0.5)
    assert (run.code, run.stderr) == (3, "\nended after 0.5 s")


def test_a_run_can_be_ended_by_who_does_not_wait_for_it(tmp_path: Path) -> None:
    claude = shell(tmp_path, f"sleep 1000 &\n: > {tmp_path}/begun\nwait")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(claude.run, "Say something.")
        until((tmp_path / "begun").exists, "it has begun")
        claude.end()
        assert running.result(timeout=60).code == -signal.SIGKILL
    assert claude.under_way == []
