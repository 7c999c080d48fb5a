"""A made-up team: its providers, routes and keys, and a month of its requests.

All of it follows from one seed and from the moment at which the month is over.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ccproxy.store.logbook import RequestRow

DAYS = 30
SEED = 5

PROVIDERS = (
    {"name": "anthropic", "models": ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-4-5"]},
    {"name": "openai", "models": ["gpt-6.1-sol", "gpt-5.6-luna"]},
    {"name": "openrouter", "models": ["z-ai/glm-5.3", "anthropic/claude-opus-5.5"]},
    {"name": "groq", "models": ["openai/gpt-oss-120b", "openai/gpt-oss-20b"]},
    {
        "name": "workshop",
        "type": "openai-chat",
        "api_base_url": "http://192.168.1.20:8000/v1",
        "models": ["qwen3-coder"],
        "enabled": False,
    },
)
ROUTES: tuple[dict[str, Any], ...] = (
    {
        "name": "opus",
        "match": {"model": "opus"},
        "targets": ["anthropic/claude-opus-5-5", "openrouter/anthropic/claude-opus-5.5"],
    },
    {"name": "nightly", "match": {"key": "ci"}, "targets": ["groq/openai/gpt-oss-120b"], "priority": 10},
    {"name": "background", "match": {"scenario": "background"}, "targets": ["groq/openai/gpt-oss-20b"]},
    {
        "name": "long",
        "match": {"scenario": "long_context", "min_input_tokens": 150_000},
        "targets": ["openai/gpt-6.1-sol"],
    },
    {
        "name": "default",
        "match": {"scenario": "default"},
        "targets": ["anthropic/claude-sonnet-5-5", "openrouter/z-ai/glm-5.3"],
    },
)
KEYS: tuple[dict[str, Any], ...] = (
    {"name": "anna", "owner": "Anna Berg", "role": "admin", "monthly_budget_usd": 100},
    {"name": "ben", "owner": "Ben Okoye", "requests_per_minute": 60, "monthly_budget_usd": 50, "daily_budget_usd": 5},
    {"name": "chiara", "owner": "Chiara Conti", "requests_per_minute": 60, "monthly_budget_usd": 50},
    {
        "name": "ci",
        "owner": "The nightly builds",
        "models": ["haiku", "groq/*"],
        "addresses": ["192.168.1.40/32"],
        "monthly_token_budget": 5_000_000,
        "concurrent_requests": 4,
    },
    {"name": "dmitri", "owner": "Dmitri Levin", "enabled": False, "monthly_budget_usd": 50},
)


class Way(NamedTuple):
    """What is often asked: how many of a hundred requests, by which route, of whom, at which USD per million tokens.

    `speed` is in tokens of the answer a second, `first` in milliseconds to its first word.
    """

    weight: int
    model: str
    route: str
    provider: str
    upstream_model: str
    input: float
    output: float
    cached: float
    speed: float
    first: float


WAYS = (
    Way(34, "claude-sonnet-5-5", "default", "anthropic", "claude-sonnet-5-5", 2, 10, 0.1, 75, 900),
    Way(14, "claude-opus-5-5", "opus", "anthropic", "claude-opus-5-5", 4, 20, 0.2, 55, 1300),
    Way(9, "claude-opus-5-5", "long", "openai", "gpt-6.1-sol", 2, 10, 0.1, 90, 1600),
    Way(7, "claude-sonnet-5-5", "default", "openrouter", "z-ai/glm-5.3", 1.4, 4.4, 0.26, 60, 1100),
    Way(36, "claude-haiku-4-5", "background", "groq", "openai/gpt-oss-20b", 0.075, 0.3, 0.0375, 600, 180),
)
NIGHTLY = Way(0, "claude-haiku-4-5", "nightly", "groq", "openai/gpt-oss-120b", 0.15, 0.6, 0.075, 400, 260)
PEOPLE = {"anna": 40, "ben": 35, "chiara": 25}
CLIENTS = {
    "anna": ("claude-cli", "claude-cli/2.1.0 (external, cli)"),
    "ben": ("claude-cli", "claude-cli/2.1.0 (external, cli)"),
    "chiara": ("zed", "Zed/1.4.2 (linux; x86_64)"),
    "ci": ("anthropic/python", "Anthropic/Python 2.12.0"),
}
FAULTS = ((529, "overloaded_error"), (429, "rate_limit_error"), (500, "api_error"))
A_DAY = 420
"""Requests of a day on which people work."""
LATE, LASTED = 7.0, 0.9
"""How many hours before the end Anthropic was overloaded, and for how long; OpenRouter stood in for opus."""


def requests(end: datetime) -> Iterator[RequestRow]:
    """The month before `end`, oldest first; the last one was answered by the second of its targets."""
    chance = random.Random(SEED)
    hours = DAYS * 24
    for ago in range(hours, 0, -1):
        # The end is in the afternoon of a working day, whatever the clock says
        hour, day = (16 - ago) % 24, (ago + 7) // 24
        busy = math.exp(-(((hour - 10.5) / 2.6) ** 2)) + math.exp(-(((hour - 15.5) / 2.4) ** 2))
        busy *= 0.08 if day % 7 in (4, 5) else 1 + 0.15 * math.sin(day)
        started = end - timedelta(hours=ago)
        names = chance.choices(
            list(PEOPLE), list(PEOPLE.values()), k=round(busy * A_DAY / 9 * chance.uniform(0.8, 1.2))
        )
        names += ["ci"] * (24 if hour in (2, 3) else 0)
        moments = sorted(chance.uniform(0, 3590) for _ in names)
        for name, seconds in zip(names, moments, strict=True):
            yield _request(chance, started + timedelta(seconds=seconds), name, ago - seconds / 3600)
    yield _stood_in(chance, end - timedelta(seconds=50))


def _request(chance: random.Random, started_at: datetime, name: str, ago: float) -> RequestRow:
    way = NIGHTLY if name == "ci" else chance.choices(WAYS, [way.weight for way in WAYS])[0]
    overloaded = way.provider == "anthropic" and LATE - LASTED < ago < LATE
    if overloaded and chance.random() < 0.6:
        return _stood_in(chance, started_at, name) if way.route == "opus" else _failed(chance, started_at, name, way, 0)
    if chance.random() < 0.012:
        return _failed(chance, started_at, name, way, chance.choice((1, 2)))
    return _answered(chance, started_at, name, way)


def _answered(chance: random.Random, started_at: datetime, name: str, way: Way) -> RequestRow:
    row = _row(chance, started_at, name, way)
    long = 6 if way.route == "long" else 1
    row.input_tokens = int(chance.lognormvariate(7.6, 0.9) * long)
    row.cache_read_input_tokens = int(chance.lognormvariate(10.0, 0.7) * long) if way.route != "nightly" else 0
    row.cache_creation_input_tokens = row.input_tokens // 3 if way.provider == "anthropic" else 0
    row.output_tokens = int(chance.lognormvariate(5.7, 0.9)) + 8
    row.ttft_ms = round(way.first * chance.lognormvariate(0, 0.35), 1)
    row.duration_ms = round(row.ttft_ms + row.output_tokens / way.speed * 1000, 1)
    row.stop_reason = chance.choices(("tool_use", "end_turn"), (3, 1))[0]
    written = row.input_tokens + 1.25 * row.cache_creation_input_tokens
    spent = written * way.input + row.output_tokens * way.output + row.cache_read_input_tokens * way.cached
    row.cost_usd = round(spent / 1e6, 6)
    row.dropped = [] if way.provider == "anthropic" else ["context_management"]
    row.attempts = [_attempt(way.provider, way.upstream_model, 4.1, row.duration_ms)]
    return row


def _failed(chance: random.Random, started_at: datetime, name: str, way: Way, fault: int) -> RequestRow:
    row = _row(chance, started_at, name, way)
    row.status, row.error_type = FAULTS[fault]
    row.duration_ms = round(chance.uniform(300, 1500), 1)
    row.error = f"the provider answered with HTTP {row.status}"
    row.attempts = [_attempt(way.provider, way.upstream_model, 4.1, row.duration_ms, row.status, row.error_type)]
    return row


def _stood_in(chance: random.Random, started_at: datetime, name: str = "anna") -> RequestRow:
    """Anthropic was overloaded, twice; OpenRouter answered."""
    own = WAYS[1]
    there = own._replace(provider="openrouter", upstream_model="anthropic/claude-opus-5.5")
    row = _answered(chance, started_at, name, there)
    lost = 1_900.0
    row.ttft_ms = round((row.ttft_ms or 0) + lost, 1)
    row.attempts = [
        _attempt(own.provider, own.upstream_model, 4.1, 620.4, *FAULTS[0]),
        _attempt(own.provider, own.upstream_model, 1_130.9, 1_874.2, *FAULTS[0]),
        _attempt(there.provider, there.upstream_model, lost, row.duration_ms + lost),
    ]
    row.duration_ms = round(row.duration_ms + lost, 1)
    return row


def _row(chance: random.Random, started_at: datetime, name: str, way: Way) -> RequestRow:
    client, user_agent = CLIENTS[name]
    return RequestRow(
        request_id=_uuid(chance),
        started_at=started_at,
        caller=name,
        client_ip=f"192.168.1.{31 + list(CLIENTS).index(name) * 3}",
        provider=way.provider,
        model=way.model,
        upstream_model=way.upstream_model,
        route=way.route,
        stream=True,
        status=200,
        session_id=f"{_uuid(random.Random(f'{name} {started_at:%j}'))}",
        user_agent=user_agent,
        client=client,
    )


def _uuid(chance: random.Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _attempt(
    provider: str, model: str, started: float, ended: float, status: int = 200, error_type: str | None = None
) -> dict[str, Any]:
    return {
        "provider": provider,
        "model": model,
        "key": None,
        "started_ms": started,
        "status": status,
        "error_type": error_type,
        "ended_ms": ended,
    }
