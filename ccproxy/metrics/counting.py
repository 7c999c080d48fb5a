"""What one worker counts, from its start to its end; and the text in which Prometheus reads what all of them did.

Counting never fails a request, and reading never stops one: the files of all workers are read in a native thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial

import structlog
from prometheus_client import CollectorRegistry, values
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from ccproxy.metrics import folder
from ccproxy.metrics.meters import Meters
from ccproxy.metrics.standing import Busy
from ccproxy.store.logbook import RequestRow
from ccproxy.store.providers import Snapshot
from ccproxy.store.thread import Thread


class Metrics:
    """The metrics of one process. `held` as in Meters.

    `start` belongs into a worker; without it, or without a folder to share, the process counts by itself.
    """

    def __init__(self, held: Callable[[], Snapshot | None]) -> None:
        self._held = held
        self._registry = CollectorRegistry()
        self._meters: Meters | None = None
        self._folder: str | None = None
        self._told = Busy()
        self._failing = False
        self._thread = Thread()

    def start(self, seat: int | None = None) -> None:
        """Begin to count, as the worker that has this seat in the folder that the environment names.

        prometheus-client keeps the class of its values in a global, and takes it from there for each new series. It is
        set here, after the fork, for the class remembers the files that it has opened and whose they are.
        """
        self._folder = os.environ.get(folder.VARIABLE) if seat is not None else None
        if self._folder is not None:
            values.ValueClass = values.MultiProcessValue(lambda: seat)  # type: ignore[no-untyped-call]
        else:
            values.ValueClass = values.MutexValue
        self._meters = Meters(self._registry, self._held)
        self._meters.workers.set(1)
        if self._folder is not None and seat is not None:
            self._meters.resume(folder.counted(self._folder, seat))

    @property
    def _counting(self) -> Meters:
        if self._meters is None:
            self.start()
            assert self._meters is not None  # noqa: S101 - for the type checker
        return self._meters

    def observe(self, row: RequestRow) -> None:
        """Count a finished request. Never raises: a full disk must not cost an answer."""
        try:
            self._counting.observe(row)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told once
            self._tell(error)

    def publish(self, busy: Busy) -> None:
        """Show what was counted, and what the worker is busy with."""
        try:
            meters = self._flushed()
            meters.in_flight.set(busy.in_flight)
            meters.queue.set(busy.rows)
            meters.dropped.inc(busy.rows_dropped - self._told.rows_dropped)
            meters.captures.set(busy.captures)
            meters.capture_bytes.set(busy.capture_bytes)
            meters.captures_dropped.inc(busy.captures_dropped - self._told.captures_dropped)
            self._told = busy
        except Exception as error:  # noqa: BLE001 - as above
            self._tell(error)

    def exposition(self, accept: str, now: Collector) -> tuple[bytes, str]:
        """The text and its content type, in the form that fits the header `Accept`; `now` adds what is true just now.

        Waits for a native thread, which reads some milliseconds' worth of files.
        """
        try:
            self._flushed()
        except Exception as error:  # noqa: BLE001 - what the others count can be shown
            self._tell(error)
        encode, content_type = choose_encoder(accept)
        registry = CollectorRegistry()
        if self._folder is None:
            registry.register(_All(self._registry))
        else:
            MultiProcessCollector(registry, self._folder)  # type: ignore[no-untyped-call]
        registry.register(now)
        text: bytes = self._thread.run(partial(encode, registry))
        return text, content_type

    def stop(self) -> None:
        """The worker ends: it serves nothing any more."""
        if self._meters is not None:
            told = self._told
            self.publish(Busy(rows_dropped=told.rows_dropped, captures_dropped=told.captures_dropped))
            self._meters.workers.set(0)

    def _flushed(self) -> Meters:
        meters = self._counting
        meters.flush()
        return meters

    def _tell(self, error: Exception) -> None:
        if not self._failing:
            self._failing = True
            structlog.get_logger().warning("metrics cannot be counted", type="metrics", error=str(error))


class _All(Collector):
    """All that another registry has."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        return self._registry.collect()
