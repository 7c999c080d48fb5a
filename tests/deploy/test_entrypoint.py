"""deploy/entrypoint.sh on a bare folder: the container's start without a container."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

from tests.deploy.proxy import environment, free_port, running


def test_it_starts_on_an_empty_folder_ends_on_sigterm_and_keeps_its_data(project: Path, tmp_path: Path) -> None:
    environ = environment(tmp_path)
    with running(project, environ) as first:
        status, _ = first.request(
            "POST", "/providers", {"name": "kept", "type": "openai-chat", "api_base_url": "http://127.0.0.1:9/v1"}
        )
        assert status == 201
        assert first.stop() == 0
    assert stat.S_IMODE((tmp_path / "ccproxy.db").stat().st_mode) == 0o600
    with running(project, environ) as second:
        status, providers = second.request("GET", "/providers")
        assert (status, [provider["name"] for provider in providers]) == (200, ["kept"])
        assert second.stop() == 0


def test_it_writes_nothing_beside_its_data(project: Path, tmp_path: Path) -> None:
    before = sorted(path.relative_to(project) for path in project.rglob("*"))
    with running(project, environment(tmp_path)) as proxy:
        assert proxy.stop() == 0
    assert sorted(path.relative_to(project) for path in project.rglob("*")) == before


def test_a_bad_setting_stops_it_with_one_line(project: Path, tmp_path: Path) -> None:
    done = _run(project, environment(tmp_path, CCPROXY_PORT="http"))
    assert done.returncode != 0
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "CCPROXY_PORT" in line
    assert "'http'" in line


def test_with_arguments_it_runs_these_instead(project: Path, tmp_path: Path) -> None:
    program = "import ccproxy, os; print(ccproxy.__file__, os.getcwd())"
    done = _run(project, environment(tmp_path), "python", "-c", program)
    assert done.stdout.split() == [str(project / "ccproxy" / "__init__.py"), str(project)]
    assert not (tmp_path / "ccproxy.db").exists()


def test_a_database_that_cannot_be_made_stops_it(project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / 'file' / 'ccproxy.db'}"
    done = _run(project, environment(tmp_path, CCPROXY_DATABASE_URL=url, CCPROXY_PORT=str(free_port())))
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def _run(project: Path, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(project / "deploy" / "entrypoint.sh"), *arguments],
        env=environ,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
