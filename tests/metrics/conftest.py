"""What the tests of metrics have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import values

from ccproxy.metrics.folder import VARIABLE
from ccproxy.store.logbook import RequestRow
from ccproxy.store.providers import Provider, Snapshot


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """prometheus-client's own global is as before after each test."""
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.delenv(VARIABLE, raising=False)


def attempt(error_type: str | None = None, **fields: Any) -> dict[str, Any]:
    """One attempt of a row."""
    return {
        "provider": "groq",
        "model": "llama",
        "key": None,
        "started_ms": 1.0,
        "ended_ms": 900.0,
        "status": 200 if error_type is None else 529,
        "error_type": error_type,
        **fields,
    }


def row(**fields: Any) -> RequestRow:
    """The row of a good stream, but for what is said."""
    chosen: dict[str, Any] = {
        "request_id": "r1",
        "started_at": datetime(2026, 11, 28, 6, 30, tzinfo=UTC),
        "caller": "ann",
        "provider": "groq",
        "model": "opus",
        "upstream_model": "llama",
        "route": "work",
        "client": "claude-cli",
        "status": 200,
        "stream": True,
        "input_tokens": 100,
        "output_tokens": 50,
        "cache_read_input_tokens": 30,
        "cache_creation_input_tokens": 20,
        "thinking_tokens": 10,
        "ttft_ms": 400.0,
        "duration_ms": 1500.0,
        "cost_usd": 0.25,
        "attempts": [attempt()],
    }
    return RequestRow(**(chosen | fields))


def failed(**fields: Any) -> RequestRow:
    """The row of a request that its provider failed."""
    said: dict[str, Any] = {
        "status": 529,
        "error_type": "overloaded_error",
        "input_tokens": None,
        "output_tokens": None,
        "cache_read_input_tokens": None,
        "cache_creation_input_tokens": None,
        "thinking_tokens": None,
        "ttft_ms": None,
        "cost_usd": None,
        "attempts": [attempt("overloaded_error", model=fields.get("upstream_model", "llama"))],
    }
    return row(**(said | fields))


def listing(**models: list[str]) -> Snapshot:
    """Providers with the models that they list."""
    return Snapshot(
        version=1,
        providers=tuple(
            Provider(name=name, type="groq", api_base_url="http://x", models=tuple(listed))
            for name, listed in models.items()
        ),
    )
