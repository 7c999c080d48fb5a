"""Where ccproxy's files are, from wherever it is called."""

import json
import os
import stat

import pytest

from ccproxy.cli.home import ROOT, pinned, state_folder
from ccproxy.errors import SettingsError

PLACE = "CCPROXY_DATABASE_URL"


def test_the_sources_are_where_they_are():
    assert all((ROOT / name).exists() for name in ("wsgi.py", "deploy/gunicorn.conf.py", "migrations"))


def test_without_a_database_here_it_is_the_one_beside_the_sources(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert pinned({})[PLACE] == f"sqlite:///{ROOT}/data/ccproxy.db"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ccproxy.db").touch()
    assert pinned({})[PLACE] == f"sqlite:///{tmp_path}/data/ccproxy.db"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///x.db", "sqlite:///{cwd}/x.db"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
        ("postgresql://me:secret@db/x", "postgresql://me:secret@db/x"),
    ],
)
def test_a_relative_path_becomes_absolute(tmp_path, monkeypatch, given, expected):
    monkeypatch.chdir(tmp_path)
    assert pinned({PLACE: given})[PLACE] == expected.format(cwd=tmp_path)


def test_a_config_file_is_found_from_elsewhere_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.json").write_text(json.dumps({"database_url": "sqlite:///from-file.db"}))
    found = pinned({"CCPROXY_CONFIG": "c.json"})
    assert found == {"CCPROXY_CONFIG": str(tmp_path / "c.json"), PLACE: f"sqlite:///{tmp_path}/from-file.db"}
    with pytest.raises(SettingsError):
        pinned({"CCPROXY_CONFIG": "other.json"})


def test_beside_the_sources_nothing_is_said(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert pinned({"A": "b"}) == {"A": "b"}


def test_the_state_folder(tmp_path):
    first = state_folder({"HOME": str(tmp_path)})
    assert first == tmp_path / ".local" / "state" / "ccproxy"
    assert stat.S_IMODE(os.stat(first).st_mode) == 0o700
    assert state_folder({"XDG_STATE_HOME": str(tmp_path / "s")}) == tmp_path / "s" / "ccproxy"
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"^XDG_STATE_HOME: .*/file/ccproxy cannot be made: Not a directory"):
        state_folder({"XDG_STATE_HOME": str(tmp_path / "file")})
