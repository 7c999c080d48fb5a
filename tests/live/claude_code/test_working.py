"""A day's work of Claude Code on each wire: answers, files, a shell, several tools at once, thinking."""

from __future__ import annotations

from typing import Any

from tests.live.claude_code.scene import Scene
from tests.live.claude_code.turns import Turn
from tests.live.claude_code.upstream import Play, told, turns_of

SHELL = ("--allowedTools", "Bash")


def bash(command: str) -> tuple[str, dict[str, Any]]:
    return "Bash", {"command": command, "description": "Runs it"}


def test_a_plain_answer(stage: Scene) -> None:
    answer = "Hello! ☀ What shall we build today?\n\n```python\nprint('x')\n```"
    play = Play(Turn(answer, tokens=(1234, 56)))
    run = stage.run(play, "Say hello, 日本.")
    assert run.answer == answer
    assert play.kinds == ["main"]
    assert "Say hello, 日本." in told(play.bodies()[0])
    assert (run.result["num_turns"], run.result["stop_reason"]) == (1, "end_turn")
    assert (run.result["usage"]["input_tokens"], run.result["usage"]["output_tokens"]) == (1234, 56)


def test_a_task_of_six_turns_with_files_and_a_shell(stage: Scene) -> None:
    stack = stage.work / "stack.py"
    source = 'class Stack:\n    """Last in, first out: \\"quoted\\", tab\\there, ünïcode."""\n\n    size = 0\n'
    play = Play(
        Turn("First the module.", calls=(("Write", {"file_path": str(stack), "content": source}),)),
        Turn(calls=(("Read", {"file_path": str(stack)}),)),
        Turn(
            "One number is wrong.",
            calls=(("Edit", {"file_path": str(stack), "old_string": "size = 0", "new_string": "size = 3"}),),
        ),
        Turn(calls=(bash("python3 -c 'import stack; print(stack.Stack.size * 14)' > told.txt && cat told.txt"),)),
        Turn(calls=(bash("ls; exit 3"),)),
        Turn("Done: it tells 42."),
    )
    run = stage.run(play, "Write a stack.", *SHELL)
    assert run.answer == "Done: it tells 42."
    assert stack.read_text() == source.replace("size = 0", "size = 3")
    assert (stage.work / "told.txt").read_text() == "42\n"
    assert play.kinds == ["main"] * 6
    assert [block["name"] for block in run.blocks("tool_use")] == ["Write", "Read", "Edit", "Bash", "Bash"]
    assert [block.get("is_error", False) for block in run.blocks("tool_result")] == [False] * 4 + [True]
    last = told(play.bodies()[-1])
    assert "Exit code 3" in last, "the failed command's result reached the model"
    assert last.index("First the module.") < last.index("One number is wrong.")


def test_several_tools_at_once(stage: Scene) -> None:
    calls = tuple(bash(f"echo {name} > {name}.txt; echo told-{name}") for name in ("one", "two", "three"))
    play = Play(Turn("All three.", calls=calls), Turn("All there."))
    run = stage.run(play, "Make three files.", *SHELL)
    assert {path.name: path.read_text() for path in stage.work.glob("*.txt")} == {
        "one.txt": "one\n",
        "two.txt": "two\n",
        "three.txt": "three\n",
    }
    asked = [block["id"] for block in run.blocks("tool_use")]
    assert len(set(asked)) == 3
    answered = {block["tool_use_id"]: block["content"] for block in run.blocks("tool_result")}
    assert [answered[id] for id in asked] == ["told-one", "told-two", "told-three"]
    assert play.kinds == ["main", "main"]
    last = told(play.bodies()[-1])
    assert [last.count(f"told-{name}") for name in ("one", "two", "three")] == [2, 2, 2], "each command and its result"


def test_thinking_is_shown_and_given_back(stage: Scene) -> None:
    play = Play(
        Turn("I look.", thinking="The folder first, then the answer.", calls=(bash("ls"),)),
        Turn("Empty.", thinking="Nothing there."),
    )
    run = stage.run(play, "What is here?", *SHELL, "--effort", "high")
    thoughts = [block["thinking"] for block in run.blocks("thinking") if block["thinking"]]
    assert thoughts == ["The folder first, then the answer.", "Nothing there."]
    assert run.answer == "Empty."
    first, second = play.bodies()
    assert KNOBS[stage.wire.name](first)
    assert GIVEN_BACK[stage.wire.name] in str(turns_of(second)), "what the provider needs of its own thinking"
    assert "ccp1." not in str(second)


# How each wire is asked for the effort `high`, and what of its thinking goes back to it. OpenAI's chat completions take
# no thinking back: there the call alone does.
KNOBS = {
    "chat": lambda body: body["reasoning_effort"] == "high",
    "responses": lambda body: body["reasoning"]["effort"] == "high" and body["reasoning"]["summary"],
    "gemini": lambda body: body["generationConfig"]["thinkingConfig"]["includeThoughts"],
}
GIVEN_BACK = {"chat": "tool_calls", "responses": "gAAA-sealed", "gemini": "c2lnbmVkIGJ5IHRoZSBtb2RlbA=="}
