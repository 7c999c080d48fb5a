"""A conversation that grows too long: compacted when asked to, and by itself when the provider says so."""

from __future__ import annotations

import pytest

from tests.live.claude_code.scene import Scene
from tests.live.claude_code.turns import Refused, Turn
from tests.live.claude_code.upstream import Play, told

pytestmark = pytest.mark.timeout(300)  # each test makes several runs

SUMMARY = "<analysis>All was told.</analysis>\n<summary>The user's word was xylophone.</summary>"

# What each provider says when a prompt is longer than its model's context, and what Claude Code is told.
OVERFLOWS = {
    "chat": (
        Refused(
            400,
            "This model's maximum context length is 272000 tokens. However, your messages resulted in 280123 tokens. "
            "Please reduce the length of the messages.",
            code="context_length_exceeded",
        ),
        "prompt is too long: 280123 tokens > 272000 maximum",
    ),
    "responses": (
        Refused(
            400,
            "Your input exceeds the context window of this model. Please adjust your input and try again.",
            code="context_length_exceeded",
        ),
        "prompt is too long: Your input exceeds",
    ),
    "gemini": (
        Refused(400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
        "prompt is too long: 1200000 tokens > 1048576 maximum",
    ),
}


def test_compacted_when_asked_to(stage: Scene) -> None:
    first = stage.run(Play(Turn("I shall remember: xylophone.")), "The word is xylophone.")
    play = Play(compaction=(Turn(SUMMARY),))
    compacted = stage.run(play, "/compact", "--resume", first.session)
    assert play.kinds == ["compaction"]
    assert "I shall remember: xylophone." in told(play.bodies("compaction")[0])
    assert [event for event in compacted.events if event.get("subtype") == "compact_boundary"]
    play = Play(Turn("It was xylophone."))
    run = stage.run(play, "Which word was it?", "--resume", compacted.session)
    assert run.answer == "It was xylophone."
    said = told(play.bodies()[0])
    assert "The user's word was xylophone." in said, "the summary"
    assert "I shall remember" not in said, "what the summary stands for"


def test_compacted_by_itself_after_an_overflow(stage: Scene) -> None:
    first = stage.run(Play(Turn("I shall remember: xylophone.")), "The word is xylophone.")
    refusal, words = OVERFLOWS[stage.wire.name]
    play = Play(
        Turn(calls=(("Bash", {"command": "echo one > one.txt", "description": "Writes"}),)),
        refusal,
        Turn("The word is xylophone, and the file is there."),
        compaction=(Turn(SUMMARY),),
    )
    run = stage.run(
        play,
        "Write a file, then say the word.",
        *("--resume", first.session, "--allowedTools", "Bash"),
        complaints=(rf"API error \(attempt 1/11\): 400 .*{words}", rf"Error in API request: 400 .*{words}"),
    )
    assert run.answer == "The word is xylophone, and the file is there."
    assert (stage.work / "one.txt").read_text() == "one\n"
    assert play.kinds == ["main", "main", "compaction", "main"]
    assert [event for event in run.events if event.get("subtype") == "compact_boundary"]
    assert "The user's word was xylophone." in told(play.bodies()[-1])
