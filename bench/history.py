"""A month of a team's requests in a SQLite file: a million rows with their roll-ups, made by SQL in seconds.

What `/logs` and `/usage` are measured with, and what their query plans are looked at with. Everything follows from the
number of a row, so two files of the same size and end are the same.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from ccproxy.store.migrations import migrate
from ccproxy.store.models import SUMS, request_logs
from ccproxy.store.rollups import DIMENSIONS
from ccproxy.store.session import open_engine

ROWS = 1_000_000
DAYS = 30
KEYS, MODELS, PROVIDERS, ROUTES = 40, 12, 6, 8
CLIENTS = ("claude-cli", "anthropic/python", "anthropic/js", "curl", "zed")
WAYS = 300
"""Combinations of key, model, route and client that are used: most people use one or two programs and few models."""
END = datetime(2026, 11, 1, tzinfo=UTC)
"""When the month is over."""

_BLOCK = 10_000
_MODEL = f"((way * 7 + way / {KEYS}) % {MODELS})"
_CLIENT = f"CASE way / 7 % {len(CLIENTS)} {' '.join(f'WHEN {n} THEN {name!r}' for n, name in enumerate(CLIENTS))} END"
_DRAWN = (
    *("caller", "client_ip", "provider", "model", "upstream_model", "route", "stream", "status", "error_type"),
    *("stop_reason", "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
    *("thinking_tokens", "usage_estimated", "ttft_ms", "duration_ms", "dropped", "attempts", "user_agent", "client"),
    *("error", "cost_usd"),
)
# One block of requests is drawn, all others repeat it later. Knuth's multiplicative hash stands for chance.
_DRAW = f"""
    CREATE TEMP TABLE drawn AS
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {_BLOCK}),
    hashed AS (SELECT n, n * 2654435761 & 4294967295 AS h FROM numbers),
    used AS (SELECT *, (h >> 7) % {WAYS} AS way, (h >> 5) % 100 AS chance, (h >> 11) % 10000 AS share FROM hashed),
    named AS (
        SELECT *, way % {KEYS} AS key, {_MODEL} AS number, chance < 4 AS failed, chance = 4 AS gone,
            200.0 + share * share / 1000.0 AS took
        FROM used
    )
    SELECT n, h, key, 'key-' || key AS caller, '10.0.0.' || key AS client_ip,
        'provider-' || (number % {PROVIDERS}) AS provider, 'claude-opus-5-5' AS model,
        'model-' || number AS upstream_model, 'route-' || (way / 3 % {ROUTES}) AS route, 1 AS stream,
        CASE WHEN gone THEN 499 WHEN failed THEN 529 - chance ELSE 200 END AS status,
        CASE WHEN gone THEN 'client_closed' WHEN failed THEN 'overloaded_error' END AS error_type,
        CASE WHEN NOT gone AND NOT failed THEN 'end_turn' END AS stop_reason,
        CASE WHEN NOT failed THEN share END AS input_tokens, CASE WHEN NOT failed THEN share / 10 END AS output_tokens,
        CASE WHEN NOT failed THEN share * 3 END AS cache_read_input_tokens, 0 AS cache_creation_input_tokens,
        0 AS thinking_tokens, 0 AS usage_estimated, CASE WHEN NOT failed THEN took / 8 END AS ttft_ms,
        took AS duration_ms, '[]' AS dropped,
        '[{{"provider": "provider-' || (number % {PROVIDERS}) || '", "model": "model-' || number
            || '", "key": "0123456789ab", "started_ms": 1.5, "status": 200, "error_type": null, "ended_ms": '
            || took || '}}]' AS attempts,
        'claude-cli/2.1.0 (external, cli)' AS user_agent, {_CLIENT} AS client,
        CASE WHEN failed THEN 'the provider answered with HTTP ' || (529 - chance) END AS error,
        CASE WHEN NOT failed THEN share / 100000.0 END AS cost_usd
    FROM named
"""
_FILL = f"""
    INSERT INTO request_logs (id, request_id, started_at, session_id, {", ".join(_DRAWN)})
    WITH RECURSIVE blocks(block) AS (SELECT 0 UNION ALL SELECT block + 1 FROM blocks WHERE block < :blocks - 1)
    SELECT block * {_BLOCK} + n, printf('%08x-0000-4000-8000-%012x', (h + block * 40503) & 4294967295, block),
        strftime('%Y-%m-%d %H:%M:%f', :start + (block * {_BLOCK} + n) * :step, 'unixepoch') || '000',
        printf('%08x-0000-4000-8000-%012x', block * 4 + n / 2500, key), {", ".join(_DRAWN)}
    FROM blocks CROSS JOIN drawn
"""

# Roll-ups of the same hours, keys and names, with as many requests, but not of the very rows: to add up a million of
# them takes longer than all the rest.
_SUM = "({number} * 37 + way * 11 + hour) % 7"
_HOURS = f"""
    INSERT OR IGNORE INTO usage_hours (hour, key, provider, model, route, client, {", ".join(SUMS)}, cost_usd)
    WITH RECURSIVE ways(way) AS (SELECT 0 UNION ALL SELECT way + 1 FROM ways WHERE way < {WAYS - 1}),
    hours(hour) AS (SELECT :first UNION ALL SELECT hour + 1 FROM hours WHERE hour < :first + :hours - 1)
    SELECT hour, 'key-' || (way % {KEYS}), 'provider-' || ({_MODEL} % {PROVIDERS}), 'model-' || {_MODEL},
        'route-' || (way / 3 % {ROUTES}), {_CLIENT}, :rows / {DAYS * 24 * WAYS} + 1,
        {", ".join(_SUM.format(number=number) for number in range(1, len(SUMS)))}, way / 1000.0
    FROM hours, ways
"""
_BY = f"""
    INSERT INTO usage_hours_by (hour, dimension, name, {", ".join(SUMS)}, cost_usd)
    SELECT hour, '{{0}}', {{1}}, {", ".join(f"sum({name})" for name in SUMS)}, sum(cost_usd) FROM usage_hours
    WHERE hour >= 0 GROUP BY hour, {{1}}
"""
_ROLLED_UP = f"""
    INSERT INTO usage_days (day, key, provider, model, route, client, {", ".join(SUMS)}, cost_usd)
    SELECT hour / 24, key, provider, model, route, client, {", ".join(f"sum({name})" for name in SUMS)}, sum(cost_usd)
    FROM usage_hours GROUP BY hour / 24, key, provider, model, route, client
"""


def make(path: Path, rows: int = ROWS) -> Engine:
    """A database at `path` with that many requests (whole blocks of 10,000) in the DAYS before END."""
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        # Nobody else reads it yet, and half of one is worth nothing
        driver.execute("PRAGMA journal_mode = OFF").fetchall()
        for pragma in ("synchronous = OFF", "cache_size = -200000", "threads = 2"):
            driver.execute(f"PRAGMA {pragma}")
        _fill(connection, rows)
        connection.commit()
        driver.execute("PRAGMA journal_mode = WAL").fetchall()
    return engine


def _fill(connection: Connection, rows: int) -> None:
    indexes = sorted(request_logs.indexes, key=lambda index: str(index.name))
    for index in indexes:  # made at the end they cost a third
        index.drop(connection)
    start = (END - timedelta(days=DAYS)).timestamp()
    connection.execute(text(_DRAW))
    step = DAYS * 86400 / (rows + 1)
    connection.execute(text(_FILL), {"blocks": rows // _BLOCK, "start": start, "step": step})
    for index in indexes:
        index.create(connection)
    hours = min(DAYS * 24, rows // 100)  # a short log would have as many
    by = (_BY.format(name, name or "''") for name in ("", *DIMENSIONS))
    for statement in (_HOURS, _ROLLED_UP, *by):
        connection.execute(text(statement), {"rows": rows, "first": int(start) // 3600, "hours": hours})
    connection.execute(text("UPDATE request_totals SET total = :rows"), {"rows": rows})
