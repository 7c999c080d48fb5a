"""The compose file and the Dockerfile, read as a Docker engine would read them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.proxy import ROOT, environment, free_port, running


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert [name for name, one in composed["services"].items() if "profiles" not in one] == ["ccproxy"]
    assert "data" in composed["volumes"]
    found: dict[str, Any] = composed["services"]["ccproxy"]
    return found


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "deploy" / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in lines) if word]


@pytest.fixture(scope="module")
def final(instructions: list[tuple[str, str]]) -> dict[str, str]:
    """The last instruction of each kind in the last stage, which is what the image is."""
    start = max(place for place, (word, _) in enumerate(instructions) if word == "FROM")
    return dict(instructions[start:])


def test_compose_publishes_the_port_and_keeps_the_data(service: dict[str, Any], final: dict[str, str]) -> None:
    assert service["ports"] == ["${CCPROXY_TLS_HOST:+127.0.0.1:}3456:3456"]
    assert final["EXPOSE"] == "3456"
    assert service["volumes"] == [f"data:{final['VOLUME']}"]
    assert service["restart"] == "unless-stopped"


def test_compose_requires_a_key_and_says_how_to_make_one(service: dict[str, Any]) -> None:
    required = re.fullmatch(r"\$\{CCPROXY_APIKEY:\?([^${}]+)\}", service["environment"]["CCPROXY_APIKEY"])
    assert required is not None
    assert "openssl rand -hex 32" in required[1]
    assert ".env" in required[1]


def test_compose_builds_the_image_from_files_that_exist(service: dict[str, Any]) -> None:
    assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert service["env_file"] == [{"path": ".env", "required": False}]
    ignored = (ROOT / ".gitignore").read_text().split()
    assert ".env" in ignored


def test_compose_takes_away_what_the_server_does_not_need(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_compose_waits_longer_than_the_server_drains(service: dict[str, Any]) -> None:
    conf = (ROOT / "deploy" / "gunicorn.conf.py").read_text()
    graceful = re.search(r"^graceful_timeout = (\d+)$", conf, re.MULTILINE)
    assert graceful is not None
    assert int(service["stop_grace_period"].removesuffix("s")) > int(graceful[1])


def test_the_image_is_slim_and_pinned(instructions: list[tuple[str, str]]) -> None:
    stages = [rest.split()[0] for word, rest in instructions if word == "FROM"]
    assert len(set(stages)) == 1, "both stages must have the same Python"
    assert re.fullmatch(r"python:3\.1[1-9][0-9.]*-slim-\w+", stages[0])


def test_the_image_runs_as_a_fixed_user_that_owns_the_data(
    instructions: list[tuple[str, str]], final: dict[str, str]
) -> None:
    uid, gid = final["USER"].split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    made = " ".join(rest for word, rest in instructions if word == "RUN")
    assert f"--uid {uid}" in made
    assert f"--gid {gid}" in made
    assert re.search(rf"install --directory --owner=\w+ --group=\w+ --mode=700 {final['VOLUME']}(\s|$)", made)


def test_the_image_has_settings_that_suit_it(final: dict[str, str]) -> None:
    settings = dict(word.split("=", 1) for word in shlex.split(final["ENV"]))
    assert settings["CCPROXY_HOST"] == "0.0.0.0"
    assert settings["CCPROXY_PORT"] == final["EXPOSE"]
    assert settings["CCPROXY_DATABASE_URL"] == f"sqlite:///{final['VOLUME']}/ccproxy.db"


def test_the_image_starts_what_it_holds(project: Path, final: dict[str, str]) -> None:
    (entrypoint,) = json.loads(final["ENTRYPOINT"])
    script = project / Path(entrypoint).relative_to(final["WORKDIR"])
    assert script.stat().st_mode & 0o111
    assert script.read_text().startswith("#!/bin/sh\n")
    assert "CMD" not in final


def test_the_image_copies_what_exists(instructions: list[tuple[str, str]], project: Path) -> None:
    copied = [rest.split() for word, rest in instructions if word == "COPY" and not rest.startswith("--from")]
    missing = [source for *sources, _ in copied for source in sources if not (project / source).exists()]
    assert missing == []


def test_nothing_secret_or_local_gets_into_the_image(project: Path) -> None:
    present = {path.name for path in project.iterdir()}
    assert present.isdisjoint({".env", ".git", ".venv", "data", "build", "tests"})


def test_the_health_check_runs_and_tells_the_truth(project: Path, tmp_path: Path, final: dict[str, str]) -> None:
    form, _, command = final["HEALTHCHECK"].rpartition(" CMD ")
    assert set(form.split()) == {"--interval=15s", "--timeout=5s", "--start-period=20s", "--retries=3"}
    environ = environment(tmp_path)

    def check(port: int) -> int:
        return subprocess.run(
            json.loads(command),
            cwd=project,
            env={**environ, "CCPROXY_PORT": str(port), "http_proxy": "http://127.0.0.1:9"},
            timeout=30,
            check=False,
        ).returncode

    assert check(free_port()) == 1
    # As in the container: a key is set, and a health check has none.
    with running(project, {**environ, "CCPROXY_APIKEY": "a-key-for-this-test-only"}) as proxy:
        assert check(proxy.port) == 0
