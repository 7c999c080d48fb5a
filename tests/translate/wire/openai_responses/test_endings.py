"""How responses end."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.errors import BadAnswer, UpstreamRefused
from ccproxy.translate.wire.openai_responses.endings import Calls, check, failure, stop_reason
from ccproxy.translate.wire.openai_responses.items import Incomplete, Response


@pytest.mark.parametrize(
    ("status", "reason", "calls", "refusal", "wanted"),
    [
        ("completed", None, "none", False, "end_turn"),
        ("completed", None, "none", True, "refusal"),
        ("completed", None, "complete", True, "tool_use"),
        ("completed", None, "cut", False, "max_tokens"),
        (None, None, "none", False, "end_turn"),
        ("incomplete", "max_output_tokens", "complete", False, "max_tokens"),
        ("incomplete", "content_filter", "complete", False, "refusal"),
        ("completed", "content_filter", "none", False, "refusal"),
        ("incomplete", "something else", "none", False, "max_tokens"),
        ("incomplete", None, "none", True, "max_tokens"),
    ],
)
def test_stop_reasons(status: str | None, reason: str | None, calls: Calls, refusal: bool, wanted: str) -> None:
    response = Response(status=status, incomplete_details=Incomplete(reason) if reason else None)
    assert stop_reason(response, calls, refusal=refusal) == wanted


@pytest.mark.parametrize("status", [None, "completed", "incomplete", "complete"])
def test_an_answer_is_fine(status: str | None) -> None:
    check(Response(status=status, object="response"))


@pytest.mark.parametrize("response", [Response(status="queued"), Response(status="in_progress")])
def test_an_answer_that_is_not_over(response: Response) -> None:
    with pytest.raises(BadAnswer, match="not over"):
        check(response)


@pytest.mark.parametrize("error", [None, {}, {"code": None, "message": None}, {"type": "none"}])
def test_an_error_that_says_nothing_is_none(error: Any) -> None:
    check(Response(error=error))


def test_another_endpoints_answer() -> None:
    with pytest.raises(BadAnswer, match=r"response\.compaction"):
        check(Response(object="response.compaction"))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": "server_error", "message": "broken"}, 500),
        ({"code": "rate_limit_exceeded", "message": "broken"}, 429),
        ({"code": "invalid_prompt", "message": "broken"}, 400),
        ({"code": "invalid_image", "message": "broken"}, 400),
        ({"type": "error", "code": "invalid_api_key", "message": "broken"}, 401),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "broken"}}, 529),
        ("broken", 500),
    ],
)
def test_failures_keep_their_meaning(error: Any, status: int) -> None:
    with pytest.raises(UpstreamRefused, match="broken") as caught:
        check(Response(status="failed", error=error))
    assert caught.value.status == status
    assert caught.value.code != "error"


def test_a_failure_without_a_word() -> None:
    with pytest.raises(UpstreamRefused, match="cancelled"):
        check(Response(status="cancelled"))
    assert "failed" in failure({}).message
