"""What the README and the docs tell people to paste, pasted: against a real server and a scripted provider."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.proxy import ROOT, Proxy, environment, paste, running
from tests.fake_upstream import FakeUpstream

HERE = "http://127.0.0.1:3456"
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture(scope="module")
def proxy(project: Path, tmp_path_factory: pytest.TempPathFactory, upstream: FakeUpstream) -> Iterator[Proxy]:
    """A server to which the README's provider has been added with the README's own words."""
    with running(project, environment(tmp_path_factory.mktemp("data"))) as started:
        assert '"groq"' in _shell(_block("bash", "/providers"), started)
        provider = started.request("GET", "/providers/groq")[1]
        assert (provider["type"], provider["api_base_url"]) == ("groq", "https://api.groq.com/openai/v1")
        # From here on the provider is the scripted one.
        assert started.request("PUT", "/providers/groq", {"api_base_url": upstream.base_url})[0] == 200
        yield started


def test_the_first_message(proxy: Proxy, upstream: FakeUpstream) -> None:
    answer = _shell(_block("bash", "/v1/messages", "groq/"), proxy)
    assert "Hello from the fake provider." in answer
    sent = upstream.requests[-1]
    assert sent.headers["authorization"] == "Bearer YOUR_GROQ_KEY"
    assert sent.json["model"] == "openai/gpt-oss-20b"


def test_the_stream_through_the_sdk(proxy: Proxy, upstream: FakeUpstream) -> None:
    program = _block("python", "messages.stream").replace(HERE, f"http://127.0.0.1:{proxy.port}")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Hello from the fake provider."
    assert upstream.requests[-1].json["stream"] is True


def _block(language: str, *holding: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (found,) = (block for block in blocks if all(text in block for text in holding))
    return str(found)


def _shell(command: str, proxy: Proxy) -> str:
    return paste(command.replace(HERE, f"http://127.0.0.1:{proxy.port}"))
