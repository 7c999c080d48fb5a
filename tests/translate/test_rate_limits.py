from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from requests.structures import CaseInsensitiveDict

from ccproxy.translate import rate_limits

NOW = 1_790_000_000.25  # 2026-09-21T14:13:20.25Z


def told(**headers: str) -> dict[str, str]:
    """Of headers without their prefix, those for the client without theirs."""
    found = rate_limits.headers({f"x-ratelimit-{name.replace('_', '-')}": text for name, text in headers.items()}, NOW)
    return {name.removeprefix("anthropic-ratelimit-"): text for name, text in found.items()}


# What providers sent, as recorded.
RECORDED = {
    "openai": (
        {"limit_requests": "500", "limit_tokens": "200000", "remaining_requests": "499", "remaining_tokens": "199227"}
        | {
            "reset_requests": "120ms",
            "reset_tokens": "231ms",
            "limit_input_images": "50000",
            "reset_input_images": "1ms",
        },
        {
            "requests-limit": "500",
            "requests-remaining": "499",
            "requests-reset": "2026-09-21T14:13:21Z",
            "tokens-limit": "200000",
            "tokens-remaining": "199227",
            "tokens-reset": "2026-09-21T14:13:21Z",
        },
    ),
    "groq": (
        {"limit_requests": "1000", "remaining_requests": "993", "reset_requests": "10m4.8s"}
        | {"limit_tokens": "12000", "remaining_tokens": "10939", "reset_tokens": "5.305s"},
        {
            "requests-limit": "1000",
            "requests-remaining": "993",
            "requests-reset": "2026-09-21T14:23:26Z",
            "tokens-limit": "12000",
            "tokens-remaining": "10939",
            "tokens-reset": "2026-09-21T14:13:26Z",
        },
    ),
    "cerebras": (
        {
            "limit_requests_day": "1440000",
            "remaining_requests_day": "1439989",
            "reset_requests_day": "3562.504768848419",
        }
        | {"limit_tokens_minute": "1000000", "remaining_tokens_minute": "999669", "reset_tokens_minute": "22.5047"},
        {
            "requests-limit": "1440000",
            "requests-remaining": "1439989",
            "requests-reset": "2026-09-21T15:12:43Z",
            "tokens-limit": "1000000",
            "tokens-remaining": "999669",
            "tokens-reset": "2026-09-21T14:13:43Z",
        },
    ),
    "mistral": (
        {"limit_req_10_second": "60", "limit_tokens_minute": "2000000", "limit_tokens_month": "10000000000"}
        | {
            "remaining_req_10_second": "59",
            "remaining_tokens_minute": "1999893",
            "remaining_tokens_month": "9999999893",
        }
        | {"tokens_query_cost": "107"},
        {
            "requests-limit": "60",
            "requests-remaining": "59",
            "tokens-limit": "2000000",
            "tokens-remaining": "1999893",
        },
    ),
    "fireworks": (
        {"limit_requests": "60", "remaining_requests": "59", "limit_tokens_generated": "12000", "over_limit": "no"}
        | {"remaining_tokens_generated": "12000", "limit_tokens_prompt": "60000", "remaining_tokens_prompt": "59925"},
        {
            "requests-limit": "60",
            "requests-remaining": "59",
            "output-tokens-limit": "12000",
            "output-tokens-remaining": "12000",
            "input-tokens-limit": "60000",
            "input-tokens-remaining": "59925",
        },
    ),
    "openrouter": (
        {"limit": "1", "remaining": "0", "reset": "1790000060000"},
        {"requests-limit": "1", "requests-remaining": "0", "requests-reset": "2026-09-21T14:14:20Z"},
    ),
    "together": (
        {"limit": "2", "remaining": "1", "reset": "2"},
        {"requests-limit": "2", "requests-remaining": "1", "requests-reset": "2026-09-21T14:13:23Z"},
    ),
    "azure without a limit": ({"limit-tokens": "-1", "remaining-tokens": "-1", "reset-tokens": "0"}, {}),
    "xai": (
        {
            "limit_tokens": "10000000",
            "remaining_tokens": "10000000",
            "limit_requests": "1800",
            "remaining_requests": "1800",
        },
        {
            "tokens-limit": "10000000",
            "tokens-remaining": "10000000",
            "requests-limit": "1800",
            "requests-remaining": "1800",
        },
    ),
}


@pytest.mark.parametrize(("sent", "expected"), RECORDED.values(), ids=RECORDED)
def test_what_providers_send(sent: dict[str, str], expected: dict[str, str]) -> None:
    assert told(**sent) == expected


def test_anthropic_s_own_are_passed_as_they_are() -> None:
    sent = CaseInsensitiveDict(
        {
            "Anthropic-RateLimit-Unified-Status": "allowed",
            "anthropic-ratelimit-tokens-limit": "7",
            "x-ratelimit-limit-tokens": "9",
            "x-ratelimit-remaining-tokens": "8",
            "date": "now",
        }
    )
    assert rate_limits.headers(sent, NOW) == {
        "anthropic-ratelimit-unified-status": "allowed",
        "anthropic-ratelimit-tokens-limit": "7",
        "anthropic-ratelimit-tokens-remaining": "8",
    }


def test_answers_without_any() -> None:
    assert rate_limits.headers({"content-type": "application/json", "x-request-id": "ratelimit"}, NOW) == {}


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("6ms", 0.006),
        ("1m2s", 62),
        ("2m59.56s", 179.56),
        ("1h0m3s", 3603),
        ("1d", 86400),
        ("1s500ms", 1.5),
        ("7m", 420),
        ("12.5", 12.5),
        (" 3 ", 3),
        ("1790000060", 59.75),
        ("1790000060000", 59.75),
        ("2026-09-21T14:14:20Z", 59.75),
        ("2026-09-21T16:14:20+02:00", 59.75),
    ],
)
def test_when_it_ends(reset: str, seconds: float) -> None:
    found = datetime.fromisoformat(told(limit_tokens="1", reset_tokens=reset)["tokens-reset"]).timestamp()
    assert 0 <= found - (NOW + seconds) < 1


@pytest.mark.parametrize(
    "reset",
    [
        "",
        "soon",
        "-5",
        "-1s",
        "nan",
        "inf",
        "1e9",
        "s",
        "m",
        "ms",
        "5x",
        "1 s",
        "٣",
        "1789999000",
        "4000000000000000",
        "9" * 30,
        "9999d",
        "2026-09-21T14:14:20",
        "2020-01-01T00:00:00Z",
        "9999-12-31T00:00:00Z",
        ".",
    ],
)
def test_what_is_no_end(reset: str) -> None:
    assert told(limit_tokens="1", reset_tokens=reset) == {"tokens-limit": "1"}


@pytest.mark.parametrize("count", ["", "-1", "1.5", "many", "1e3", "٣", " 1", "9" * 16, "1, 1"])
def test_what_is_no_count(count: str) -> None:
    assert told(limit_requests=count, remaining_requests="3", reset_requests="1s") == {
        "requests-remaining": "3",
        "requests-reset": "2026-09-21T14:13:22Z",
    }
    assert told(limit_requests=count, reset_requests="1s") == {}


def test_the_nearest_window_is_told_and_only_that() -> None:
    sent = {"limit_tokens_day": "9", "remaining_tokens_day": "8", "reset_tokens_day": "1h", "limit_tokens_minute": "3"}
    assert told(**sent) == {"tokens-limit": "3"}
    assert told(**sent, limit_tokens="2", remaining_tokens_minute="1") == {"tokens-limit": "2"}


VALID = {
    "limit": re.compile(r"\d+"),
    "remaining": re.compile(r"\d+"),
    "reset": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
}


def test_all_recorded_ones_are_valid(shared: Path) -> None:
    answered = seen = 0
    for file in sorted((shared / "wire" / "recorded").glob("*/*.json")):
        sent = json.loads(file.read_text(encoding="utf-8")).get("response_headers") or {}
        theirs = {name for name in sent if name.lower().startswith("x-ratelimit-")}
        found = rate_limits.headers({name: str(sent[name]) for name in theirs}, NOW)
        seen += bool(theirs)
        answered += bool(found)
        for name, text in found.items():
            matched = re.fullmatch(
                r"anthropic-ratelimit-(?:requests|(?:input-|output-)?tokens)-(limit|remaining|reset)", name
            )
            assert matched is not None
            assert VALID[matched[1]].fullmatch(text), (file.name, name, text)
    assert answered >= 0.9 * seen > 300
