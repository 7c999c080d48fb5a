"""The folder in which the workers of one server count together, and each worker's seat in it.

prometheus-client's multi-process mode keeps a file for each kind of metric and each process, and finds the folder in
the environment. Its processes are told apart by seats, not by process ids: a new worker takes the seat of one that has
ended and counts on in its files, so there are never more files than there were workers at once, however often they
were reloaded or killed, and no counter ever falls.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from prometheus_client import multiprocess
from prometheus_client.mmap_dict import MmapedDict

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus-client's own name for it."""

_PREFIX = "ccproxy-metrics-"
_LOCK = "lock"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder made in it is private


def fresh(parent: Path | None = None) -> str:
    """Make a folder for this server, private to its user, and remove those that servers before it left behind.

    In `parent`, else in shared memory where there is some, for it is written to with every request. A file in it is
    locked as long as the calling process or a fork of it lives, which is how it is known not to be left behind. (The
    folder itself could be locked as well, but gevent puts off closing what is no regular file, and a master never gets
    to it.)
    """
    if parent is None:
        parent = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _sweep(parent)
    while True:
        made = tempfile.mkdtemp(prefix=_PREFIX, dir=parent)
        file = os.path.join(made, _LOCK)
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)  # stays open until the process ends
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(file):
            return made
        os.close(lock)  # a server that starts just now found it unlocked


def remove(folder: str) -> None:
    """Remove the folder with the files in it; nothing happens where it is gone already.

    Not by `shutil.rmtree`, which opens folders: a master would keep them open, as above.
    """
    with suppress(OSError):
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)


def free_seat(taken: Iterable[int | None]) -> int:
    """The lowest seat that nobody has."""
    others = set(taken)
    return next(seat for seat in range(len(others) + 1) if seat not in others)


def counted(folder: str, seat: int) -> Iterator[tuple[str, Mapping[str, str]]]:
    """What the counters of a seat have counted so far, by whoever had it: each metric with its labels."""
    file = os.path.join(folder, f"counter_{seat}.db")
    if os.path.exists(file):
        for key, *_ in MmapedDict.read_all_values_from_file(file):  # type: ignore[no-untyped-call]
            metric, _, labels, _ = json.loads(key)
            yield metric, labels


def vacate(folder: str, seat: int | None) -> None:
    """Forget what the worker of that seat said of its present state; what it counted stays."""
    if seat is not None:
        multiprocess.mark_process_dead(seat, folder)  # type: ignore[no-untyped-call]


def _sweep(parent: Path) -> None:
    for found in parent.glob(f"{_PREFIX}*"):
        try:
            if found.is_symlink() or found.stat().st_uid != os.geteuid():
                continue
            lock = os.open(found / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue  # being made, or none of ours
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(str(found))
        except OSError:
            continue  # its server runs
        finally:
            os.close(lock)
