"""What is true just now: what a worker is busy with, which it tells once a second; and what is looked up when somebody
asks: the build, the database's size, who rests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Busy(Struct, frozen=True, kw_only=True):
    """Requests that a worker serves, and what of it waits for the database: rows of the log, and captured bodies.

    `…_dropped` is what was lost since the worker's start; it never falls.
    """

    in_flight: int = 0
    rows: int = 0
    rows_dropped: int = 0
    captures: int = 0
    capture_bytes: int = 0
    captures_dropped: int = 0


class Provider(Struct, frozen=True):
    """How one provider does: whether it is healthy, and how many of its parts rest now."""

    healthy: bool
    resting: bool = False
    models: int = 0
    keys: int = 0


class Standing(Struct, frozen=True):
    """What is true of the whole server just now. Sizes are bytes, `started` is a Unix time.

    `database_bytes` is None where it cannot be told, and so is `capture_bytes`, what of it captured bodies take.
    `providers` are the enabled ones, by name.
    """

    version: str
    commit: str
    started: float
    memory_bytes: float
    database_ok: bool
    database_bytes: int | None
    providers: Mapping[str, Provider]
    capture_bytes: int | None = None


class StandingCollector(Collector):
    """A Standing as metrics."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def collect(self) -> Iterable[Metric]:
        """The metrics, once for each scrape."""
        found = self._standing
        build = _gauge("build_info", "What runs here; always 1.", "version", "commit")
        build.add_metric((found.version, found.commit), 1)
        yield build
        yield _gauge("start_time_seconds", "When the server was started, or reloaded last.", value=found.started)
        yield _gauge("memory_bytes", "Resident memory of all workers.", value=found.memory_bytes)
        yield _gauge("database_up", "Whether the database can be read.", value=float(found.database_ok))
        if found.database_bytes is not None:
            yield _gauge("database_size_bytes", "The database on disk.", value=found.database_bytes)
        if found.capture_bytes is not None:
            yield _gauge("captures_size_bytes", "Captured bodies in the database.", value=found.capture_bytes)
        healthy = _gauge("provider_healthy", "Whether an enabled provider does its work.", "provider")
        resting = _gauge("cooldowns", "What rests after failures.", "provider", "part")
        for name, provider in found.providers.items():
            healthy.add_metric((name,), float(provider.healthy))
            resting.add_metric((name, "provider"), float(provider.resting))
            resting.add_metric((name, "model"), provider.models)
            resting.add_metric((name, "key"), provider.keys)
        yield healthy
        yield resting


def _gauge(name: str, text: str, *labels: str, value: float | None = None) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ccproxy_{name}", text, value=value, labels=labels if value is None else None)
