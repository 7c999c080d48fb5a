"""Claude Code itself: `claude -p …` in an environment that holds nothing of the caller's, and all that it said."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.live.claude_code.debug_log import DebugLog

LIMIT = 100.0
"""Seconds after which a run is ended, and counts as failed."""


@dataclass
class Run:
    """What came of one `claude -p`. `events` are the lines of its stream-json; `seconds` is how long it took."""

    code: int
    events: list[dict[str, Any]]
    stderr: str
    log: DebugLog
    seconds: float

    @property
    def result(self) -> dict[str, Any]:
        """How the run ended, in Claude Code's own words. There are several where it was woken by a subagent."""
        found = [event for event in self.events if event.get("type") == "result"]
        assert found, f"no result; {self.told()}"
        return found[-1]

    @property
    def session(self) -> str:
        """The session's id."""
        return str(self.result["session_id"])

    @property
    def answer(self) -> str:
        """The text that it ended with."""
        return str(self.result["result"])

    def blocks(self, *kinds: str) -> list[dict[str, Any]]:
        """The content blocks of these kinds (or all) in what was said, by either side, subagents included."""
        found: list[dict[str, Any]] = []
        for event in self.events:
            if event.get("type") in ("assistant", "user"):
                content = event["message"]["content"]
                blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
                found += [block for block in blocks if not kinds or block.get("type") in kinds]
        return found

    def results(self) -> list[str]:
        """What the tools gave, as texts."""
        return [_text(block.get("content", "")) for block in self.blocks("tool_result")]

    def told(self) -> str:
        """All of it, for the message of a failed assertion."""
        said = "\n".join(f"  {json.dumps(block)[:300]}" for block in self.blocks())
        results = [event.get("result") for event in self.events if event.get("type") == "result"]
        return f"exit code {self.code}, results {results}, said:\n{said}\nlog:\n{self.log.told()}\n{self.stderr}"


@dataclass(frozen=True)
class Claude:
    """Claude Code, its home and the folder that it works in. `url` is the proxy's, `model` what it is started with.

    `under_way` are its processes, and those of all that were made of it by other settings.
    """

    program: Path
    url: str
    model: str
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    under_way: list[subprocess.Popen[bytes]] = field(default_factory=list, compare=False)

    @property
    def work(self) -> Path:
        """The folder that it works in."""
        made = self.folder / "work"
        made.mkdir(parents=True, exist_ok=True)
        return made

    def environ(self) -> dict[str, str]:
        """The whole environment of a run: nothing is inherited but where programs are."""
        home = self.folder / "home"
        (home / "config").mkdir(parents=True, exist_ok=True)
        settled = home / "config" / ".claude.json"
        if not settled.exists():
            settled.write_text("{}")  # or it logs that its own is missing
        names = {
            f"ANTHROPIC_DEFAULT_{name}_MODEL": self.model for name in ("OPUS", "SONNET", "HAIKU") if "/" in self.model
        }
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home / "config"),
            "TMPDIR": str(self.folder),
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "local",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            **names,
            **self.variables,
        }

    def run(self, prompt: str, *arguments: str, limit: float = LIMIT) -> Run:
        """One run; `arguments` are further ones of the command line."""
        log = self.folder / f"debug-{time.monotonic_ns()}.log"
        command = [str(self.program), "-p", prompt, "--model", self.model, "--output-format", "stream-json"]
        command += ["--verbose", "--debug-file", str(log), "--permission-mode", "acceptEdits", *arguments]
        begun = time.monotonic()
        with self._started(command) as process:
            try:
                out, err = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                _kill(process)
                out, err = process.communicate()
                err += f"\nended after {limit:g} s".encode()
        events = [json.loads(line) for line in out.decode().splitlines() if line.startswith("{")]
        text = log.read_text() if log.exists() else ""
        return Run(process.returncode, events, err.decode(), DebugLog(text), time.monotonic() - begun)

    def end(self) -> None:
        """Kill what is under way, whichever thread waits for it."""
        for process in [*self.under_way]:
            _kill(process)

    @contextlib.contextmanager
    def _started(self, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            command,
            cwd=self.work,
            env=self.environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.under_way.append(process)
        with process:
            try:
                yield process
            finally:
                self.under_way.remove(process)
                _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With all that it has started, which may outlive it and holds its pipes open for those who read them."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", part.get("type"))) for part in content)
