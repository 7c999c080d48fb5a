"""Memory of the workers, from a /proc of the test's making and from the real one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccproxy.web.process import memory_mb

PAGE = os.sysconf("SC_PAGE_SIZE")
GUNICORN = b"gunicorn\0wsgi:app\0"


def process(proc: Path, pid: int, command: bytes, megabytes: int | None) -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "cmdline").write_bytes(command)
    if megabytes is not None:
        (proc / str(pid) / "statm").write_text(f"999999 {megabytes * 2**20 // PAGE} 1 1 0 1 0\n")


def children(proc: Path, *pids: int) -> None:
    folder = proc / str(os.getppid()) / "task" / str(os.getppid())
    folder.mkdir(parents=True)
    (folder / "children").write_text(" ".join(map(str, pids)) + " ")


def test_all_workers_count_and_nothing_else(tmp_path: Path) -> None:
    own = os.getpid()
    process(tmp_path, own, GUNICORN, 40)
    process(tmp_path, 900001, GUNICORN, 30)
    process(tmp_path, 900002, b"something\0else\0", 500)
    process(tmp_path, 900003, GUNICORN, None)  # ended between two looks
    children(tmp_path, own, 900001, 900002, 900003, 900004)
    assert memory_mb(tmp_path) == 70.0


def test_without_siblings_it_is_this_process(tmp_path: Path) -> None:
    process(tmp_path, os.getpid(), GUNICORN, 40)
    assert memory_mb(tmp_path) == 40.0


@pytest.mark.parametrize("statm", [None, "", "nonsense here"])
def test_without_a_proc_the_system_is_asked(tmp_path: Path, statm: str | None) -> None:
    if statm is not None:
        process(tmp_path, os.getpid(), GUNICORN, None)
        (tmp_path / str(os.getpid()) / "statm").write_text(statm)
    assert 1 < memory_mb(tmp_path) < 100_000


def test_the_real_one() -> None:
    assert 1 < memory_mb() < 100_000
