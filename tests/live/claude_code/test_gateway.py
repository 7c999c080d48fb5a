"""What Claude Code asks of a gateway itself: its models, counts of tokens, and whether it may come in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fake_upstream import FakeUpstream, closed_port
from tests.live.claude_code.scene import KEY, WIRES, Scene, behind, check_log, route
from tests.live.claude_code.session import Claude
from tests.live.claude_code.turns import Turn
from tests.live.claude_code.upstream import Play, model_of, told
from tests.live.server import Server

RIGHT = "ccproxy-client-key-0123456789"
WRONG = "ccproxy-client-key-9876543210"


def requests_to(path: str, log: str) -> int:
    """How many requests Claude Code says that it has sent there."""
    return len(re.findall(rf"\[API REQUEST\] {re.escape(path)} ", log))


@pytest.mark.timeout(300)  # five runs
def test_it_finds_the_models_and_may_use_each(program: Path, server: Server, tmp_path: Path) -> None:
    """Its picker shows what it keeps in this file; a second name for one model is of no use if it leads nowhere."""
    wire = WIRES[0]
    discovering = {
        "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
        # It would not ask with this set. What else it then asks the world for finds nobody.
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "",
        "HTTPS_PROXY": f"http://127.0.0.1:{closed_port()}",
        "NO_PROXY": "127.0.0.1",
    }
    leading = {
        "claude-shop-gpt-5.2": "gpt-5.2",
        "claude-shop-lab/model:x": "lab/model:x",
        "shop/claude-small": "claude-small",
        "claude-quick": "gpt-5.2",
    }
    models = ["gpt-5.2", "lab/model:x", "claude-small"]
    with (
        behind(server, wire, "shop", models) as upstream,
        route(server, name="quick", match={"model": "claude-quick"}, targets=["shop/gpt-5.2"]),
        route(server, name="unseen", match={"model": "quick-one"}, targets=["shop/gpt-5.2"]),
    ):
        Play(Turn("Hello.")).at(upstream)
        run = Claude(program, server.url, "shop/gpt-5.2", tmp_path, discovering).run("Say hello.")
        assert run.answer == "Hello.", run.told()
        [kept] = (tmp_path / "home").rglob("gateway-models.json")
        found = {model["id"] for model in json.loads(kept.read_text())["models"]}
        assert {name for name in found if "shop" in name or "quick" in name} == {*leading}
        for name, model in leading.items():
            play = Play(Turn("Hello."))
            Scene(wire, upstream, Claude(program, server.url, name, tmp_path)).run(play, "Say hello.")
            assert [model_of(received) for _, received in play.seen] == [model]


def test_the_context_is_measured_by_the_proxy(stage: Scene, server: Server) -> None:
    """`/context` asks for two dozen counts at once. Chat completions have no such question: those are counted here.

    On a busy machine others may be too, where the provider has no turn or no answer in time; then the log says so.
    """
    play = Play().at(stage.upstream)
    run = stage.setting(CLAUDE_CODE_MAX_CONTEXT_TOKENS="400000").claude.run("/context")
    check_log(run)
    asked = requests_to("/v1/messages/count_tokens", run.log.text)
    assert asked > 20
    there = 0 if stage.wire.name == "chat" else asked
    here = [line for line in server.lines() if line["msg"] == "tokens are counted here"]
    busy = any(line["provider"] == stage.claude.model.partition("/")[0] for line in here)
    assert play.counts == there or (busy and 0 < play.counts < there)
    assert play.kinds == []
    assert re.search(r"\*\*Tokens:\*\* [\d.]+k / 400k ", run.answer)
    tools = re.search(r"System tools \| ([\d.]+)k ", run.answer)
    assert tools
    assert 2 < float(tools[1]) < 20


@dataclass(frozen=True)
class Guarded:
    """A proxy that asks for a key, and its provider `guarded`."""

    server: Server
    upstream: FakeUpstream


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    settings = {"apikey": RIGHT}
    with (
        FakeUpstream() as upstream,
        Server(tmp_path_factory.mktemp("guarded"), workers=1, settings=settings) as server,
    ):
        server.add_provider("guarded", upstream.base_url, api_key=KEY, models=["gpt-5.2"])
        yield Guarded(server, upstream)


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
def test_a_wrong_key_is_refused_once(program: Path, guarded: Guarded, tmp_path: Path, name: str) -> None:
    """A bare 401 would be sent again for three minutes."""
    play = Play().at(guarded.upstream)
    run = Claude(program, guarded.server.url, "opus", tmp_path, {"ANTHROPIC_API_KEY": "", name: WRONG}).run("Hello.")
    assert run.code == 1
    assert run.answer == "Failed to authenticate. API Error: 401 the API key is wrong"
    assert requests_to("/v1/messages", run.log.text) == 1, run.told()
    complaints = (r"^API error \(attempt 1/11\): 401 ", "^Error in API request: 401 ", "^API auth_error: ")
    found = run.log.complaints()
    assert [re.search(pattern, line) is None for pattern, line in zip(complaints, found, strict=True)] == [False] * 3
    assert not [event for event in run.events if event.get("subtype") == "api_retry"]
    assert play.kinds == []


@pytest.mark.parametrize(
    "keys",
    [
        {"ANTHROPIC_API_KEY": RIGHT},
        {"ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": RIGHT},
        {"ANTHROPIC_API_KEY": WRONG, "ANTHROPIC_AUTH_TOKEN": RIGHT},
        {"ANTHROPIC_API_KEY": RIGHT, "ANTHROPIC_AUTH_TOKEN": WRONG},
    ],
    ids=["key", "token", "right token", "right key"],
)
def test_one_right_key_is_enough(program: Path, guarded: Guarded, tmp_path: Path, keys: dict[str, str]) -> None:
    play = Play(Turn("Come in.")).at(guarded.upstream)
    run = Claude(program, guarded.server.url, "opus", tmp_path, keys).run("Hello.")
    assert (run.code, run.answer) == (0, "Come in."), run.told()
    check_log(run)
    assert play.kinds == ["main"]
    assert "Hello." in told(play.bodies()[0])
    [[_, received]] = play.seen
    assert received.headers["authorization"] == f"Bearer {KEY}", "the caller's key stays here"
