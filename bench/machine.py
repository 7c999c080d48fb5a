"""What the operating system knows of our processes: CPU time, memory, children, cores. None where it cannot say."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_PROC = Path("/proc")


def cpu_seconds(pids: Iterable[int]) -> float | None:
    """CPU time, user and system, that the processes have used so far."""
    pids = list(pids)
    if not pids or not _PROC.joinpath("self/stat").exists():
        return None
    total = 0
    for pid in pids:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int | None) -> float | None:
    """The process's resident memory, MiB."""
    return _status_mb(pid, "VmRSS:")


def peak_mb(pid: int | None) -> float | None:
    """The most resident memory that the process ever had, MiB."""
    return _status_mb(pid, "VmHWM:")


def _status_mb(pid: int | None, name: str) -> float | None:
    if pid is None:
        return None
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), None)


def children(pid: int) -> list[int]:
    """The process's children; none where /proc does not tell."""
    try:
        return [int(child) for child in (_PROC / str(pid) / "task" / str(pid) / "children").read_text().split()]
    except OSError:
        return []


def load_average() -> float:
    """How many processes wanted a core in the last minute, on average; 0 where that is not known."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def cores() -> tuple[int, int] | None:
    """The core for the server and the one for load and upstream; None where processes cannot be pinned."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else None


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Processes started inside run on that core only (a child inherits the core of its parent)."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def described() -> str:
    """The machine in one line."""
    model = platform.processor() or platform.machine()
    try:
        lines = (_PROC / "cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    return f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}, {model}"
