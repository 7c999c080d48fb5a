"""The rules of the house that a program can check (docs/development.md), and what must never be in the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MOST_LINES = 400

# Modules without a test file of their own, and why.
TESTED_ELSEWHERE = {
    "ccproxy/__main__.py": "one call; every server that tests/deploy starts goes through it",
    "ccproxy/gateway/limits/scripts.py": "texts that Redis runs; tests/gateway/limits/test_redis.py has it run them",
}

# Texts that give away a secret or a machine. In pieces where this file would find itself.
FORBIDDEN = {
    "a private key": r"-----BEGIN [A-Z ]*" + "PRIVATE KEY",
    "a provider's key": r"\b(?:sk|gsk|xai|pplx|nvapi|hf|r8|fw|csk)[-_](?:ant-|proj-|or-v1-)?[A-Za-z0-9]{32,}",
    "a Google key": r"\bAIza[0-9A-Za-z_-]{35}",
    "an AWS key": r"\bAKIA(?!\w*EXAMPLE)[0-9A-Z]{16}\b",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}",
    "a JSON web token": r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
    "a path of somebody's machine": r"(?<![\w.$}/-])/(?:home|Users|root|work)" + r"/[A-Za-z0-9_.-]+",
    "a package registry": r"https?://(?:[\w.-]+\.)?(?:pypi\.org|pythonhosted\.org|npm" + r"js\.org)",
}


@cache
def sources() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "ccproxy").rglob("*.py"))


@cache
def tracked() -> list[Path]:
    """The files that git keeps; without git, those that it would."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    pytest.skip("there is no git here to tell which files belong to the project")


@pytest.mark.parametrize("source", [path for path in sources() if not path.endswith("__init__.py")])
def test_every_module_has_its_test(source: str) -> None:
    mirrored = mirror_of(source)
    package = Path(source).parent
    # A package that is one noun may be tested as one: ccproxy/settings/ in tests/test_settings.py.
    as_one = package != Path("ccproxy") and mirror_of(f"{package}.py").exists()
    tested = mirrored.exists() or as_one
    if source in TESTED_ELSEWHERE:
        assert not tested, f"{source} needs no exception any more"
    else:
        assert tested, f"{source} is tested in {mirrored.relative_to(ROOT)}"


def test_no_exception_for_a_module_that_is_gone() -> None:
    assert set(TESTED_ELSEWHERE) <= set(sources())


@pytest.mark.parametrize("source", sources())
def test_a_module_stays_readable(source: str) -> None:
    lines = (ROOT / source).read_text().count("\n")
    assert lines <= MOST_LINES, f"{source} has {lines} lines: split it"


def test_test_folders_are_packages() -> None:
    """Or two test files of the same name in different folders would clash."""
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_in_the_repository_gives_away(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [f"{path.relative_to(ROOT)}: {match[0]}" for path in tracked() for match in pattern.finditer(text(path))]
    assert found == []


@pytest.mark.parametrize(
    ("what", "sample"),
    [
        ("a private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
        ("a provider's key", "sk-" + "proj-" + "a1" * 20),
        ("a Google key", "AIza" + "b" * 35),
        ("an AWS key", "AKIA" + "A" * 16),
        ("a GitHub token", "ghp_" + "c" * 36),
        ("a JSON web token", ".".join(["eyJ" + "d" * 20, "eyJ" + "e" * 20, "f" * 20])),
        ("a path of somebody's machine", "see /home/" + "somebody/x"),
        ("a package registry", "https://" + "pypi.org/simple"),
    ],
)
def test_what_gives_away_would_be_found(what: str, sample: str) -> None:
    assert re.search(FORBIDDEN[what], sample)


def test_links_between_the_pages_lead_somewhere() -> None:
    pages = [path for path in tracked() if path.suffix == ".md"]
    assert pages
    dead = [
        f"{page.relative_to(ROOT)} -> {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", text(page))
        if not re.match(r"[a-z]+:", link) and not (page.parent / link).exists()
    ]
    assert dead == []


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def mirror_of(source: str) -> Path:
    """`ccproxy/gateway/access.py` is tested in `tests/gateway/test_access.py`."""
    inside = Path(source).relative_to("ccproxy")
    return ROOT / "tests" / inside.parent / f"test_{inside.name}"
