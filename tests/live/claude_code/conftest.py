"""Claude Code's program, and a scene for each test on each wire."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.live.claude_code import install
from tests.live.claude_code.scene import WIRES, Scene, Wire, scene
from tests.live.claude_code.stalls import Stalled, stalls
from tests.live.server import Server

Runs = dict[tuple[str, str], Stalled]

_numbers = count()


@pytest.fixture(scope="session")
def program() -> Path:
    """The pinned Claude Code."""
    try:
        return install.fetch(install.cache_folder(os.environ))
    except install.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session", autouse=True)
def stalled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """The runs that test_stall.py looks at, begun before the folder's first test; none where it was not asked for."""
    if not any(item.path.name == "test_stall.py" for item in request.session.items):
        yield {}
        return
    server, program = request.getfixturevalue("server"), request.getfixturevalue("program")
    with stalls(server, program, tmp_path_factory.mktemp("stalled")) as running:
        yield running


@pytest.fixture(params=WIRES, ids=lambda wire: wire.name)
def wire(request: pytest.FixtureRequest) -> Wire:
    """Each wire in turn."""
    found: Wire = request.param
    return found


@pytest.fixture
def stage(server: Server, program: Path, tmp_path: Path, wire: Wire) -> Iterator[Scene]:
    """A provider of its own on the wire, with a home and a folder that nobody has used."""
    with scene(server, program, tmp_path, wire, f"{wire.name}-{next(_numbers)}") as made:
        yield made
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
