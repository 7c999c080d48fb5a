"""The settings of one session: whose they are, and when they go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccproxy.cli.session_settings import above_all
from ccproxy.errors import InvalidRequest


def test_they_are_there_for_the_session_and_its_owner_only(tmp_path: Path) -> None:
    with above_all({"A": "1"}, ["-p", "hello"], tmp_path) as (option, path, *rest):
        assert (option, rest) == ("--settings", ["-p", "hello"])
        assert json.loads(Path(path).read_text()) == {"env": {"A": "1"}}
        assert Path(path).stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == []


def test_those_of_a_session_that_was_killed_go_with_the_next_one(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / f"settings-{ended.pid}-abc.json").write_text("{}")
    running, other = tmp_path / f"settings-{os.getpid()}-abc.json", tmp_path / "settings-of-mine.json"
    for path in (running, other):
        path.write_text("{}")
    with above_all({}, [], tmp_path):
        pass
    assert set(tmp_path.iterdir()) == {running, other}


@pytest.mark.parametrize("own", [{"env": None}, {"env": []}, {}])
def test_settings_without_variables_get_some(tmp_path: Path, own: dict[str, object]) -> None:
    with above_all({"A": "1"}, [f"--settings={json.dumps(own)}"], tmp_path) as (_, path):
        assert json.loads(Path(path).read_text()) == {"env": {"A": "1"}}


def test_a_fault_leaves_nothing_behind(tmp_path: Path) -> None:
    with (
        pytest.raises(InvalidRequest, match="--settings: must be an object"),
        above_all({}, ["--settings", "{"], tmp_path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []
