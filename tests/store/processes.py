"""Real processes, started together: what two workers or two containers do to one database at once."""

import subprocess
import sys
import time
from pathlib import Path

_WAIT = """
import sys, time, pathlib
pathlib.Path(sys.argv[1], "ready-" + sys.argv[2]).touch()
deadline = time.monotonic() + 30
while not pathlib.Path(sys.argv[1], "go").exists():
    if time.monotonic() > deadline:
        sys.exit("nobody said go")
    time.sleep(0.001)
"""


def at_once(folder: Path, imports: str, body: str, count: int) -> list[str]:
    """Run `body` in `count` processes that have done `imports` and go off together; returns what each printed.

    Fails with a process's stderr when one ends badly.
    """
    meeting = folder / "meeting"
    meeting.mkdir()
    code = f"{imports}\n{_WAIT}\n{body}"
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, str(meeting), str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
        for number in range(count)
    ]
    deadline = time.monotonic() + 30
    while len(list(meeting.glob("ready-*"))) < count:
        broken = [process for process in started if process.poll() is not None]
        assert not broken, broken[0].communicate()[1]
        assert time.monotonic() < deadline, "not all processes got ready"
        time.sleep(0.005)
    (meeting / "go").touch()
    printed = []
    for process in started:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        printed.append(out.strip())
    return printed
