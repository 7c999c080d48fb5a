"""Tools that are more than a function: one of an MCP server's, a subagent, and the search that the provider does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.fake_upstream import Answer, Received
from tests.live.claude_code import mcp_server
from tests.live.claude_code.scene import Scene
from tests.live.claude_code.turns import Page, Turn
from tests.live.claude_code.upstream import Play, texts, told, tools_of


def test_a_tool_of_an_mcp_server(stage: Scene) -> None:
    server = {"command": sys.executable, "args": [str(Path(mcp_server.__file__))]}
    config = json.dumps({"mcpServers": {"scales": server}})
    name = "mcp__scales__weigh"
    play = Play(
        Turn(calls=(("ToolSearch", {"query": f"select:{name}"}),)),
        Turn(calls=((name, {"word": "feather"}),)),
        Turn("It weighs seven."),
    )
    run = stage.run(play, "How heavy is a feather?", "--mcp-config", config, "--allowedTools", name)
    assert run.answer == "It weighs seven."
    first, second, third = play.bodies()
    assert name not in tools_of(first), "offered only once it was looked up"
    assert name in tools_of(second)
    assert "feather weighs 7" in told(third)
    assert any(mcp_server.PICTURE in text for text in texts(third)), "the tool's picture"


def test_a_subagent(stage: Scene) -> None:
    """It works in the background: Claude Code goes on meanwhile, and tells the model when it is done."""
    asked = ("Agent", {"description": "Count", "prompt": "Count the words.", "subagent_type": "general-purpose"})

    def main(received: Received) -> Answer:
        if "counted-four" in told(received.json):
            return Turn("The agent has counted four.")
        return Turn("I wait for it.") if "agentId" in told(received.json) else Turn(calls=(asked,))

    count = (
        "Bash",
        {"command": "echo a b c d | wc -w > count.txt; echo counted-$(echo four)", "description": "Counts"},
    )
    play = Play(always=main, subagent=(Turn(calls=(count,)), Turn("There are counted-four words.")))
    run = stage.run(play, "Let an agent count.", "--allowedTools", "Bash,Agent")
    assert run.answer == "The agent has counted four."
    assert (stage.work / "count.txt").read_text().strip() == "4"
    assert play.kinds.count("subagent") == 2
    assert play.kinds.count("main") in (2, 3), "two where the agent was done before the model had said that it waits"
    first, second = play.bodies("subagent")
    assert "Count the words." in told(first)
    assert "counted-four" in told(second)
    agents = [received.headers for kind, received in play.seen if kind == "subagent"]
    assert not [name for headers in agents for name in headers if name.startswith("x-claude")]


def test_a_search_is_the_providers(stage: Scene) -> None:
    question = ("WebSearch", {"query": "weather in Ulm"})
    page = Page("https://weather.example/ulm", "Ulm today")
    searches = stage.wire.name != "chat"
    play = Play(
        Turn(calls=(question,)),
        Turn("Sunny, says [Ulm today](https://weather.example/ulm)."),
        search=(Turn("It is sunny in Ulm.", found=(page,)),) if searches else (),
    )
    missing = () if searches else ("^Web search error: unavailable$",)
    run = stage.run(play, "How is the weather in Ulm?", "--allowedTools", "WebSearch", complaints=missing)
    assert run.answer.startswith("Sunny")
    [result] = run.results()
    if searches:
        assert play.kinds == ["main", "search", "main"]
        assert "It is sunny in Ulm." in result
        assert page.url in result
        assert "weather in Ulm" in told(play.bodies("search")[0])
    else:
        assert play.kinds == ["main", "main"], "nobody is asked for a search that there is none of"
        assert "has no web search" in result
    assert result.splitlines()[-3].strip() in told(play.bodies()[-1]), "the model is told the result"
