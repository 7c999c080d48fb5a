"""What the operating system says of the worker processes. Reads /proc; elsewhere only of this process."""

from __future__ import annotations

import os
import resource
from pathlib import Path

PROC = Path("/proc")


def memory_mb(proc: Path = PROC) -> float:
    """The resident memory of all workers together, in MB; pages that they share count for each."""
    own = os.getpid()
    try:
        return round(sum(_resident(proc, pid) for pid in {own, *_siblings(proc, own, os.getppid())}) / 2**20, 1)
    except (OSError, ValueError, IndexError):
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _resident(proc: Path, pid: int) -> int:
    """Bytes; 0 of a process that has just ended."""
    try:
        pages = int((proc / str(pid) / "statm").read_text().split()[1])
    except FileNotFoundError:
        if pid == os.getpid():
            raise
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _siblings(proc: Path, own: int, parent: int) -> list[int]:
    """The parent's other children that run the same command: a server's workers are forks of it."""
    try:
        children = (proc / str(parent) / "task" / str(parent) / "children").read_text().split()
    except OSError:
        return []
    command = _command(proc, own)
    return [int(child) for child in children if _command(proc, int(child)) == command]


def _command(proc: Path, pid: int) -> bytes | None:
    try:
        return (proc / str(pid) / "cmdline").read_bytes()
    except OSError:
        return None
