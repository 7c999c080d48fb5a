"""The folder that workers count in together, and their seats."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ccproxy.metrics import folder


def test_a_fresh_folder_is_private_and_nobody_counts_in_it_yet(tmp_path: Path) -> None:
    made = Path(folder.fresh(tmp_path))
    assert made.parent == tmp_path
    assert [path.name for path in made.iterdir()] == ["lock"]
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_where_there_is_shared_memory_it_is_there() -> None:
    made = Path(folder.fresh())
    try:
        assert made.parent == Path("/dev/shm") or not os.access("/dev/shm", os.W_OK)
    finally:
        folder.remove(str(made))
    assert not made.exists()


def test_what_a_killed_server_left_behind_is_removed_and_what_runs_is_not(tmp_path: Path) -> None:
    ours = Path(folder.fresh(tmp_path))
    other = f"from ccproxy.metrics.folder import Path, fresh; print(fresh(Path({str(tmp_path)!r})))"
    ended = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=True)
    left = Path(ended.stdout.strip())
    assert left.exists()
    strange = tmp_path / "ccproxy-metrics-link"
    strange.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "ccproxy-metrics-file").touch()
    new = Path(folder.fresh(tmp_path))
    assert not left.exists()
    assert (ours.exists(), new.exists(), strange.is_symlink()) == (True, True, True)


def test_servers_that_start_at_once_do_not_take_each_others_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One looks for what was left behind just when another has made its folder, and not locked it yet."""
    lock, others = fcntl.flock, []

    def late(descriptor: int, how: int) -> None:
        if not others:
            others.append("")
            others[0] = folder.fresh(tmp_path)
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    ours = folder.fresh(tmp_path)
    assert {str(path) for path in tmp_path.iterdir()} == {ours, others[0]}


def test_a_master_does_not_keep_the_folders_of_others_open(tmp_path: Path) -> None:
    """gevent's close() waits for a loop that a master never runs, unless it is a regular file's."""
    folder.fresh(tmp_path)
    other = f"from ccproxy.metrics.folder import Path, fresh; fresh(Path({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", other], check=True)  # leaves one behind, which is removed
    master = f"""
from gevent import monkey
monkey.patch_all()
import gevent, os
gevent.get_hub()
from pathlib import Path
from ccproxy.metrics import folder
folder.fresh(Path({str(tmp_path)!r}))
opened = [os.readlink(f"/proc/self/fd/{{name}}") for name in os.listdir("/proc/self/fd")[:-1]]
print(len([path for path in opened if "ccproxy-metrics-" in path]))
"""
    ended = subprocess.run([sys.executable, "-c", master], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "1"


@pytest.mark.parametrize(
    ("taken", "seat"), [([], 0), ([0, 1], 2), ([1, 2], 0), ([0, 2, 3], 1), ([None, 0], 1), ([None], 0)]
)
def test_the_lowest_seat_that_nobody_has(taken: list[int | None], seat: int) -> None:
    assert folder.free_seat(taken) == seat


def test_a_seat_that_is_vacated_keeps_what_was_counted(tmp_path: Path) -> None:
    for name in ("counter_1.db", "histogram_1.db", "gauge_livesum_1.db", "gauge_livesum_11.db"):
        (tmp_path / name).touch()
    folder.vacate(str(tmp_path), 1)
    folder.vacate(str(tmp_path), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["counter_1.db", "gauge_livesum_11.db", "histogram_1.db"]
