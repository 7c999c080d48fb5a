"""The console's files and the name that their contents give them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ccproxy.web.console import assets

MOST_LINES = 300
ASSETS = assets.load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "js").mkdir()
    (tmp_path / "index.html").write_text('<head>{modules}</head><script src="{static}/js/main.js">')
    (tmp_path / "js" / "main.js").write_text("one();")
    (tmp_path / "js" / "other.js").write_text("two();")
    (tmp_path / "early.js").write_text("three();")
    return tmp_path


def test_the_name_is_that_of_the_contents(folder: Path) -> None:
    before = assets.load(folder)
    assert assets.load(folder) == before
    (folder / "js" / "main.js").write_text("one() ;")
    assert assets.load(folder).name != before.name


def test_a_file_that_moves_makes_another_name(folder: Path) -> None:
    before = assets.load(folder)
    (folder / "js" / "other.js").rename(folder / "js" / "another.js")
    assert assets.load(folder).name != before.name


def test_the_frame_names_its_files_and_announces_the_modules(folder: Path) -> None:
    loaded = assets.load(folder)
    frame = loaded.shell.decode()
    assert f'src="/console/static/{loaded.name}/js/main.js"' in frame
    announced = re.findall(r'modulepreload" href="/console/static/\w+/([^"]+)"', frame)
    assert announced == ["js/main.js", "js/other.js"]
    assert "{" not in frame
    assert set(loaded.files) == {"js/main.js", "js/other.js", "early.js"}


def test_a_kind_of_file_that_is_not_known_is_a_mistake(folder: Path) -> None:
    (folder / "notes.txt").write_text("left behind")
    with pytest.raises(KeyError):
        assets.load(folder)


@pytest.mark.parametrize("path", sorted(ASSETS.files))
def test_a_file_stays_readable(path: str) -> None:
    assert ASSETS.files[path].body.count(b"\n") <= MOST_LINES


@pytest.mark.parametrize("path", sorted(path for path in ASSETS.files if path.endswith(".js")))
def test_a_module_makes_no_markup_and_asks_nobody_else(path: str) -> None:
    text = ASSETS.files[path].body.decode()
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "DOMParser",
        "new Function",
    ):
        assert forbidden not in text
    addresses = set(re.findall(r"https?://[\w.:/-]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", sorted(path for path in ASSETS.files if path.startswith("js/")))
def test_a_module_finds_what_it_imports(path: str) -> None:
    text = ASSETS.files[path].body.decode()
    assert text.startswith("/**"), "says what it knows"
    for imported in re.findall(r'^import .*? from "([^"]+)";$', text, re.MULTILINE | re.DOTALL):
        resolved = (Path("/") / path).parent.joinpath(imported)
        assert str(Path(*_flat(resolved.parts[1:]))) in ASSETS.files


def _flat(parts: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for part in parts:
        if part == "..":
            found.pop()
        elif part != ".":
            found.append(part)
    return found
