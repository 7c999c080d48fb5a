"""A provider that is silent for more than a minute: Claude Code waits, because it hears that somebody is there.

All of these runs go on at once, from the first test of this folder on (conftest.py), and are looked at here.
"""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from tests.live.claude_code.scene import WIRES, check_log
from tests.live.claude_code.session import Run
from tests.live.claude_code.stalls import GIVEN_UP, LIMIT, MOMENTS, NOTES, UNHEARD, WORDS, Stalled

pytestmark = pytest.mark.timeout(LIMIT + 50)  # alone, the first of them waits for its whole run


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", [wire.name for wire in WIRES])
def test_a_silence_of_more_than_a_minute(stalled: dict[tuple[str, str], Stalled], name: str, moment: str) -> None:
    this = stalled[name, moment]
    running: Future[Run] = this.running
    run = running.result(timeout=LIMIT + 20)
    assert run.code == 0, run.told()
    assert run.answer == WORDS
    check_log(run, NOTES[moment])
    assert this.play.kinds == ["main"], "it has asked once"


def test_without_pings_it_would_have_given_up(stalled: dict[tuple[str, str], Stalled]) -> None:
    """Or the test above could not fail."""
    run = stalled[UNHEARD].running.result(timeout=LIMIT + 20)
    check_log(run, GIVEN_UP)
