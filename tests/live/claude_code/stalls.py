"""Runs before a provider that falls silent, all begun at once: they take more than a minute, together as alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fake_upstream import FakeUpstream, Pause, Stream
from tests.live.claude_code.messages_api import STOP, end, start, text, well
from tests.live.claude_code.scene import WIRES, Scene, scene
from tests.live.claude_code.session import Claude, Run
from tests.live.claude_code.turns import Turn
from tests.live.claude_code.upstream import Play
from tests.live.server import Server

SILENCE = 62.0
"""Seconds for which the provider says nothing."""
LIMIT = 200.0
"""Seconds after which such a run counts as failed: all of them at once take their time on a busy machine."""
PATIENCE = 28.0
"""Seconds without a byte after which Claude Code is told to give up on a stream; by itself it waits for minutes.

Without pings it would give up in the midst of the silence.
"""
IMPATIENT = {"CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": f"{1000 * PATIENCE:.0f}"}
WORDS = "What was to be said, after a long time of thinking."
MOMENTS = {"before the head": Turn(WORDS, late=SILENCE), "inside": Turn(WORDS, pause=SILENCE)}
"""When the silence begins."""
NOTES = {
    "before the head": (r"^Slow first byte: no stream chunk 3\d\.\ds after request sent \(attempt 1\)$",),
    "inside": (r"^Streaming stall detected: [67]\d\.\ds gap between events", r"^Streaming completed with 1 stall\(s\)"),
}
"""What Claude Code notes of it, for a ping is no chunk to it: that it was slow, and nothing that it did about it."""

UNHEARD = ("unheard", "inside")
"""The run before a server that is as silent and sends no pings: there is no proxy in it."""
GIVEN_UP = (
    r"^\[Stall\] stream_idle_partial ",
    r"^\[byte-watchdog\] firing: idle=(2[89]|[3-5]\d)\d\d\dms",
    r"^Streaming idle timeout \(byte-level\)",
    r"^Error streaming, falling back to non-streaming mode",
)
"""What Claude Code then complains of."""


@dataclass(frozen=True)
class Stalled:
    """One such run, under way."""

    play: Play
    running: Future[Run]


@contextmanager
def stalls(server: Server, program: Path, folder: Path) -> Iterator[dict[tuple[str, str], Stalled]]:
    """The runs, by wire and moment."""
    with ExitStack() as ending:
        pool = ending.enter_context(ThreadPoolExecutor(len(WIRES) * len(MOMENTS) + 1))
        begun = {}
        for wire in WIRES:
            for number, (moment, turn) in enumerate(MOMENTS.items()):
                name = f"stalled-{wire.name}-{number}"
                (folder / name).mkdir()
                made = ending.enter_context(scene(server, program, folder / name, wire, name))
                patient = made.setting(**IMPATIENT)
                ending.callback(patient.claude.end)  # where the tests that look at it ran elsewhere, or not at all
                begun[wire.name, moment] = _begin(pool, patient, Play(turn))
        unheard = ending.enter_context(FakeUpstream())
        unheard.script("*", well)
        unheard.enqueue(Stream([start(), text("We"), Pause(SILENCE), STOP, end()]))
        (folder / "unheard").mkdir()
        alone = Claude(program, unheard.url, "claude-opus-5-5", folder / "unheard", IMPATIENT)
        ending.callback(alone.end)
        begun[UNHEARD] = Stalled(Play(), pool.submit(alone.run, "Think long.", limit=LIMIT))
        yield begun


def _begin(pool: ThreadPoolExecutor, stage: Scene, play: Play) -> Stalled:
    play.at(stage.upstream)
    return Stalled(play, pool.submit(stage.claude.run, "Think long.", limit=LIMIT))
