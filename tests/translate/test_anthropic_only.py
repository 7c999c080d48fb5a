"""What other providers know nothing of: refused or reported."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from ccproxy.errors import InvalidRequest, ThreadUnsupported, Uncarriable
from ccproxy.translate.anthropic_only import refuse, report
from ccproxy.translate.draft import Draft
from ccproxy.translate.messages import InputMessage, MessagesRequest, OutputConfig
from tests.translate.contexts import target

SOMETHING = Raw(b'{"a":1}')


def request(**fields: Any) -> MessagesRequest:
    return MessagesRequest(**{"model": "m", "messages": [InputMessage("user", "a")], **fields})


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"thread": SOMETHING}, ThreadUnsupported, "^thread: "),
        ({"container": SOMETHING}, Uncarriable, "^container: "),
        ({"mcp_servers": Raw(b'[{"url":"u"}]')}, Uncarriable, "^mcp_servers: "),
        ({"messages": []}, InvalidRequest, "^messages: "),
    ],
)
def test_what_must_not_be_lost(fields: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        refuse(request(**fields), target())


@pytest.mark.parametrize(
    "fields", [{}, {"container": Raw(b"null")}, {"mcp_servers": Raw(b"[ ]")}, {"thread": Raw(b"null")}]
)
def test_what_is_not_given_is_not_refused(fields: dict[str, Any]) -> None:
    refuse(request(**fields), target())


def test_a_wire_may_carry_mcp_servers() -> None:
    refuse(request(mcp_servers=Raw(b'[{"url":"u"}]')), target(), mcp_servers=True)


def test_what_is_reported() -> None:
    draft = Draft(target())
    report(
        request(
            safeguards=SOMETHING,
            context_management=SOMETHING,
            compaction=Raw(b"null"),
            speed=Raw(b'"fast"'),
            output_config=OutputConfig(task_budget=SOMETHING),
        ),
        draft,
    )
    assert draft.losses == ["context_management", "safeguards", "speed", "output_config.task_budget"]
    calm = Draft(target())
    report(request(speed=Raw(b'"standard"')), calm)
    assert calm.losses == []
