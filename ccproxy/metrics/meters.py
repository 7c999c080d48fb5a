"""The metrics that each worker counts: their names, labels and buckets, and what a finished request adds to them.

Runs once for each request, so what a request adds to is found by one look-up; only the first request of its kind works
it out. And counters are stepped together, by `flush`: each step of one that workers share costs microseconds, and a
request makes ten. Help texts are short: in multi-process mode every single series has its own in the worker's file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ccproxy.metrics import labels
from ccproxy.metrics.labels import NONE, OTHER, Models, Names, Sets
from ccproxy.store.logbook import RequestRow
from ccproxy.store.models import CLIENT_CLOSED
from ccproxy.store.providers import Snapshot

DURATION_BUCKETS = (0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600)
TTFT_BUCKETS = (0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 20, 30, 60, 120)
"""Upper bounds in seconds."""

KINDS = ("input", "output", "cache_read", "cache_write", "thinking")

MOST_REQUESTS = 1000
MOST_SPENDERS = 500
MOST_FAILURES = 500
"""Label sets of one metric: for requests; for tokens and cost; for errors, and for attempts."""

OK = "ok"
"""The outcome of an attempt that was answered."""

_SETS = {
    "ccproxy_requests": ("requests", ("provider", "model", "route", "key", "client", "status")),
    "ccproxy_tokens": ("spenders", ("provider", "model", "key")),
    "ccproxy_errors": ("errors", ("provider", "model", "type")),
    "ccproxy_attempts": ("attempts", ("provider", "model", "outcome")),
}
"""Whose label sets are bounded together, and their labels."""

_REMEMBERED = 2000
_Kind = tuple[str | None, str | None, str | None, str | None, str | None, int, str | None]


class Tally:
    """What is to be added to a counter. `due` is where it puts itself as soon as there is anything."""

    __slots__ = ("_counter", "_due", "_waiting")

    def __init__(self, counter: Counter, due: list[Tally]) -> None:
        self._counter = counter
        self._due = due
        self._waiting = 0.0

    def add(self, amount: float = 1) -> None:
        """Add so much, soon."""
        if not self._waiting:
            self._due.append(self)
        self._waiting += amount

    def flush(self) -> None:
        """Add now what waits."""
        waiting, self._waiting = self._waiting, 0.0
        self._counter.inc(waiting)


class Series(Struct, frozen=True):
    """What requests of one kind add to."""

    requests: Tally
    errors: Tally | None
    duration: Histogram
    ttft: Histogram
    tokens: tuple[Tally, ...]
    cost: Tally
    unpriced: Tally


class Meters:
    """The metrics of one worker. `held` is the latest snapshot of providers, however old; it may be None."""

    def __init__(self, registry: CollectorRegistry, held: Callable[[], Snapshot | None]) -> None:
        target = ("provider", "model")

        def counter(name: str, text: str, *names: str) -> Counter:
            return Counter(f"ccproxy_{name}", text, names, registry=registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"ccproxy_{name}", text, registry=registry, multiprocess_mode="livesum")

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"ccproxy_{name}", text, target, registry=registry, buckets=buckets)

        self.requests = counter("requests", "Finished requests.", *target, "route", "key", "client", "status")
        self.errors = counter("errors", "Failed requests.", *target, "type")
        self.duration = histogram("request_duration_seconds", "Answered requests, whole.", DURATION_BUCKETS)
        self.ttft = histogram("time_to_first_token_seconds", "Streams, until they begin.", TTFT_BUCKETS)
        self.tokens = counter("tokens", "Tokens as providers count them.", *target, "key", "kind")
        self.cost = counter("cost_usd", "USD where prices are known.", *target, "key")
        self.unpriced = counter("unpriced_requests", "Answered, price unknown.", *target)
        self.attempts = counter("attempts", "Times that providers were asked.", *target, "outcome")
        self.in_flight = gauge("requests_in_flight", "Requests now being served.")
        self.queue = gauge("log_queue_rows", "Log rows not yet in the database.")
        self.dropped = counter("log_dropped_rows", "Log rows lost.")
        self.captures = gauge("capture_queue_requests", "Captured requests not yet in the database.")
        self.capture_bytes = gauge("capture_queue_bytes", "Their bodies in memory.")
        self.captures_dropped = counter("capture_dropped_requests", "Captured requests lost.")
        self.workers = gauge("workers", "Workers that serve.")
        self._held = held
        self._snapshot: Snapshot | None = None
        self._listed: set[tuple[str, str]] = set()
        self._providers = Names(labels.MOST_PROVIDERS)
        self._models = Models(lambda provider, model: (provider, model) in self._listed)
        self._routes = Names(labels.MOST_ROUTES)
        self._keys = Names(labels.MOST_KEYS)
        self._clients = Names(labels.MOST_CLIENTS)
        self._types = Names(labels.MOST_TYPES)
        self._sets = {
            "requests": Sets(MOST_REQUESTS),
            "spenders": Sets(MOST_SPENDERS),
            "errors": Sets(MOST_FAILURES),
            "attempts": Sets(MOST_FAILURES),
        }
        self._series: dict[_Kind, Series] = {}
        self._attempts: dict[tuple[str, str, str | None], Tally] = {}
        self._due: list[Tally] = []

    def resume(self, counted: Iterable[tuple[str, Mapping[str, str]]]) -> None:
        """Take the names of series that an earlier worker of this seat began (`folder.counted`).

        They go on, and a reload makes no room for as many new ones.
        """
        kinds = {
            "provider": self._providers,
            "route": self._routes,
            "key": self._keys,
            "client": self._clients,
            "type": self._types,
            "outcome": self._types,
        }
        for metric, known in counted:
            if metric not in _SETS:
                continue
            which, order = _SETS[metric]
            self._sets[which].take(tuple(known[label] for label in order), ())
            named = {label: name for label, name in known.items() if name not in (OTHER, NONE, OK)}
            for label in named.keys() & kinds.keys():
                kinds[label].take(named[label])
            if "model" in named:
                self._models.take(known["provider"], named["model"], True)

    def observe(self, row: RequestRow) -> None:
        """Count one finished request; the counters show it from the next `flush` on."""
        held = self._held()
        if held is not self._snapshot:
            self._take_in(held)
        provider, model = row.provider, row.upstream_model
        for attempt in row.attempts:
            self._attempt(attempt["provider"], attempt["model"], attempt["error_type"]).add()
        kind = (provider, model, row.route, row.caller, row.client, row.status, row.error_type)
        series = self._series.get(kind)
        if series is None:
            series = self._remember(kind)
        series.requests.add()
        if series.errors is not None:
            series.errors.add()
        if row.status == 200:
            series.duration.observe(row.duration_ms / 1000)
        if row.ttft_ms is not None and row.stream:  # anything else comes in one piece
            series.ttft.observe(row.ttft_ms / 1000)
        used = (
            row.input_tokens,
            row.output_tokens,
            row.cache_read_input_tokens,
            row.cache_creation_input_tokens,
            row.thinking_tokens,
        )
        for number, tally in zip(used, series.tokens, strict=True):
            if number:
                tally.add(number)
        if row.cost_usd:
            series.cost.add(row.cost_usd)
        elif row.unpriced:
            series.unpriced.add()

    def flush(self) -> None:
        """Have the counters show all that was counted."""
        while self._due:
            self._due.pop().flush()

    def _take_in(self, held: Snapshot | None) -> None:
        """Providers have changed: what they list now has its name."""
        self._snapshot = held
        found = held.providers if held is not None else ()
        self._listed = {(provider.name, model) for provider in found for model in provider.models}
        self._series.clear()
        self._attempts.clear()

    def _model(self, provider: str | None, model: str | None, answered: bool) -> str:
        before = len(self._models)
        taken = self._models.take(provider, model, answered)
        if len(self._models) > before:  # what it failed at so far was remembered as another's
            self._series.clear()
            self._attempts.clear()
        return taken

    def _remember(self, kind: _Kind) -> Series:
        provider_name, model_name, route_name, caller, program, status, error_type = kind
        if len(self._series) >= _REMEMBERED:
            self._series.clear()
        provider = self._providers.take(provider_name)
        model = self._model(provider_name, model_name, status == 200)
        target = (provider, model)
        key = self._keys.take(caller)
        whose = (self._routes.take(route_name), key, self._clients.take(program))
        said = _status(status)
        requests = self._sets["requests"].take((*target, *whose, said), (provider, *[OTHER] * 4, said))
        spender = self._sets["spenders"].take((*target, key), (provider, OTHER, OTHER))
        errors = None
        if error_type is not None and status != CLIENT_CLOSED:
            what = self._types.take(error_type)
            errors = self._tally(self.errors, *self._sets["errors"].take((*target, what), (provider, OTHER, what)))
        series = self._series[kind] = Series(
            requests=self._tally(self.requests, *requests),
            errors=errors,
            duration=self.duration.labels(*target),
            ttft=self.ttft.labels(*target),
            tokens=tuple(self._tally(self.tokens, *spender, name) for name in KINDS),
            cost=self._tally(self.cost, *spender),
            unpriced=self._tally(self.unpriced, *target),
        )
        return series

    def _attempt(self, provider_name: str, model_name: str, error_type: str | None) -> Tally:
        found = self._attempts.get((provider_name, model_name, error_type))
        if found is None:
            if len(self._attempts) >= _REMEMBERED:
                self._attempts.clear()
            provider = self._providers.take(provider_name)
            model = self._model(provider_name, model_name, error_type is None)
            outcome = OK if error_type is None else self._types.take(error_type)
            values = self._sets["attempts"].take((provider, model, outcome), (provider, OTHER, outcome))
            found = self._attempts[(provider_name, model_name, error_type)] = self._tally(self.attempts, *values)
        return found

    def _tally(self, counter: Counter, *values: str) -> Tally:
        return Tally(counter.labels(*values), self._due)


def _status(status: int) -> str:
    """The class of a status, and 499 by itself: the client left, and nobody failed."""
    return str(status) if status == CLIENT_CLOSED else f"{status // 100}xx"
