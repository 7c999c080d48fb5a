"""`ccproxy code`, with a program in Claude Code's place that writes down how it was called."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ccproxy.cli.environment import ELSEWHERE
from tests.cli.conftest import Run
from tests.cli.fake_proxy import FakeProxy, refused
from tests.live.server import free_port

CLAUDE = """#!{python}
import json, os, sys
given = [json.load(open(sys.argv[at + 1])) for at, one in enumerate(sys.argv) if one == "--settings"]
json.dump({{"arguments": sys.argv[1:], "env": dict(os.environ), "settings": given}}, open({told!r}, "w"))
sys.exit(int(os.environ.get("EXIT", "0")))
"""
PROVIDER = {"name": "a", "type": "anthropic", "enabled": True}


class Program:
    """The stand-in, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "claude"
        self._told = folder / "told.json"
        self.path.write_text(CLAUDE.format(python=sys.executable, told=str(self._told)))
        self.path.chmod(0o755)

    @property
    def ran(self) -> bool:
        return self._told.exists()

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._told.read_text())
        return found

    @property
    def arguments(self) -> list[str]:
        """Those behind the settings that every session gets."""
        option, _, *rest = self.told["arguments"]
        assert option == "--settings"
        return rest

    @property
    def settings(self) -> dict[str, Any]:
        """These settings."""
        [given] = self.told["settings"]
        assert isinstance(given, dict)
        return given


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Named by $CLAUDE, in a project without settings."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    made = Program(tmp_path)
    monkeypatch.setenv("CLAUDE", str(made.path))
    return made


@pytest.fixture
def serving(proxy: FakeProxy) -> FakeProxy:
    """A proxy with one provider, Anthropic's."""
    proxy.answers |= {"GET /status": {"providers": {"active": ["a"]}}, "GET /providers": [PROVIDER]}
    return proxy


def test_it_gets_its_variables_and_its_arguments_and_its_exit_status_is_passed_on(
    ask: Run, serving: FakeProxy, program: Program
) -> None:
    result = ask("code", "--", "-p", "hello", "--model", "x", EXIT="7", CCPROXY_APIKEY="se-cret", KEPT="yes")
    assert (result.exit_code, result.output) == (7, "")
    told = program.told
    assert program.arguments == ["-p", "hello", "--model", "x"]
    assert {name: told["env"][name] for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "KEPT")} == {
        "ANTHROPIC_BASE_URL": serving.url,
        "ANTHROPIC_AUTH_TOKEN": "se-cret",
        "KEPT": "yes",
    }
    assert told["env"]["CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY"] == "1"
    assert all(asked.headers["authorization"] == "Bearer se-cret" for asked in serving.asked)


def test_what_would_lead_it_elsewhere_is_taken_out(ask: Run, serving: FakeProxy, program: Program) -> None:
    assert ask("code", ANTHROPIC_API_KEY="k", CLAUDE_CODE_USE_BEDROCK="1").exit_code == 0
    assert not {"ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_BEDROCK"} & set(program.told["env"])
    assert program.settings["env"]["CLAUDE_CODE_USE_BEDROCK"] == "0"


@pytest.mark.parametrize("arguments", [["--model", "groq/llama"], ["--", "--model", "groq/llama"]])
def test_the_window_of_the_model_is_declared(
    ask: Run, serving: FakeProxy, program: Program, arguments: list[str]
) -> None:
    serving.answers["GET /v1/models/groq%2Fllama"] = {"max_input_tokens": 131072}
    ask("code", *arguments)
    assert program.arguments == ["--model", "groq/llama"]
    assert program.told["env"]["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "131072"
    ask("code", *arguments, CLAUDE_CODE_MAX_CONTEXT_TOKENS="5")
    assert program.told["env"]["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "5", "somebody knows better"
    assert "CLAUDE_CODE_MAX_CONTEXT_TOKENS" not in program.settings["env"]


def test_a_window_of_the_user_s_own_settings_stays(
    ask: Run, serving: FakeProxy, program: Program, tmp_path: Path
) -> None:
    serving.answers["GET /v1/models/groq%2Fllama"] = {"max_input_tokens": 131072}
    settings(tmp_path, {"env": {"CLAUDE_CODE_MAX_CONTEXT_TOKENS": "9000"}})
    assert ask("code", "--model", "groq/llama").stderr == ""
    assert "CLAUDE_CODE_MAX_CONTEXT_TOKENS" not in program.settings["env"]


def test_without_a_provider_it_says_how_to_add_one(ask: Run, serving: FakeProxy, program: Program) -> None:
    serving.answers["GET /status"] = {"providers": {"active": []}}
    assert "add one: ccproxy providers add groq" in ask("code").stderr
    assert program.ran


def test_a_wrong_key_is_said_before_anything_runs(ask: Run, serving: FakeProxy, program: Program) -> None:
    serving.answers["GET /status"] = (401, refused("the API key is wrong"))
    result = ask("code", CCPROXY_APIKEY="wrong")
    assert (result.exit_code, program.ran) == (1, False)
    assert "the API key is wrong" in result.stderr


@pytest.mark.parametrize(
    ("providers", "arguments", "hints"),
    [
        ([PROVIDER], [], False),
        ([PROVIDER, {**PROVIDER, "type": "groq"}], [], True),
        ([PROVIDER, {**PROVIDER, "type": "groq", "enabled": False}], [], False),
        ([{**PROVIDER, "type": "groq"}], ["--", "--permission-mode", "plan"], False),
        ([{**PROVIDER, "type": "groq"}], ["--", "-p", "hello"], False),
        ((403, refused("not you")), [], True),
    ],
)
def test_at_a_terminal_it_hints_at_modes_that_work(
    ask: Run,
    serving: FakeProxy,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    providers: Any,
    arguments: list[str],
    hints: bool,
) -> None:
    monkeypatch.setattr(import_module("ccproxy.cli.code"), "_is_terminal", lambda: True)
    serving.answers["GET /providers"] = providers
    result = ask("code", *arguments)
    assert ("auto mode works with Anthropic's models only" in result.stderr) is hints
    assert program.ran


def settings(folder: Path, document: Any) -> Path:
    path = folder / ".claude" / "settings.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(document))
    return path


def test_settings_that_would_win_are_outdone_for_the_session_and_left_as_they_are(
    ask: Run, serving: FakeProxy, program: Program, tmp_path: Path
) -> None:
    path = settings(tmp_path, {"env": {"ANTHROPIC_BASE_URL": "http://x", "ANTHROPIC_API_KEY": "k", "OTHER": "1"}})
    before = path.read_bytes()
    result = ask("code", "--", "-p", "hello", CCPROXY_APIKEY="se-cret")
    assert f"{path} sets ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL; in this session ccproxy's" in result.stderr
    file = program.told["arguments"][1]
    assert program.arguments == ["-p", "hello"]
    assert (program.settings["env"]["ANTHROPIC_BASE_URL"], program.settings["env"]["ANTHROPIC_API_KEY"]) == (
        serving.url,
        "",
    )
    assert not Path(file).exists(), "it has a key in it"
    assert "se-cret" not in " ".join(program.told["arguments"])
    assert path.read_bytes() == before


OWN = {"env": {"ANTHROPIC_BASE_URL": "http://x", "OTHER": "1"}, "permissions": {"defaultMode": "plan"}}


@pytest.mark.parametrize("form", ["file", "JSON", "joined"])
def test_settings_of_somebody_s_own_go_along(
    ask: Run, serving: FakeProxy, program: Program, tmp_path: Path, form: str
) -> None:
    own = tmp_path / "own.json"
    own.write_text(json.dumps(OWN), encoding="utf-8-sig")
    given = {"file": ["--settings", str(own)], "JSON": ["--settings", json.dumps(OWN)], "joined": [f"--settings={own}"]}
    assert ask("code", "--", "-p", *given[form], "hello").exit_code == 0
    assert program.arguments == ["-p", "hello"]
    assert program.settings["permissions"] == {"defaultMode": "plan"}
    assert (program.settings["env"]["ANTHROPIC_BASE_URL"], program.settings["env"]["OTHER"]) == (serving.url, "1")


@pytest.mark.parametrize(
    ("text", "fault"), [("[]", "must be an object"), ("{", "must be an object"), (None, "cannot be")]
)
def test_settings_that_cannot_be_read_are_said_to_be(
    ask: Run, serving: FakeProxy, program: Program, tmp_path: Path, text: str | None, fault: str
) -> None:
    own = tmp_path / "own.json"
    if text is not None:
        own.write_text(text)
    result = ask("code", "--", "--settings", str(own))
    assert (result.exit_code, program.ran) == (1, False)
    assert f"--settings: {own if text is None else ''}" in result.stderr
    assert fault in result.stderr


def test_wherever_settings_lie_ccproxy_s_stand_above_them(ask: Run, serving: FakeProxy, program: Program) -> None:
    """Claude Code finds more of them than anybody could look for: of a repository's root, of administrators."""
    assert ask("code", CCPROXY_APIKEY="se-cret").stderr == ""
    assert program.settings["env"] == {
        "ANTHROPIC_BASE_URL": serving.url,
        "ANTHROPIC_AUTH_TOKEN": "se-cret",
        "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
        "CLAUDE_CODE_ATTRIBUTION_HEADER": "0",
        "ANTHROPIC_API_KEY": "",
        **dict.fromkeys((name for name in ELSEWHERE if name != "ANTHROPIC_API_KEY"), "0"),
    }


def test_without_claude_code_nothing_is_started(run: Run, program: Program) -> None:
    program.path.unlink()
    result = run("code", CCPROXY_PORT=str(free_port()))
    assert result.exit_code == 1
    assert "is not a program that can be run" in result.stderr
