"""What it costs to know a client's key and to hold its limits, with a thousand keys in a real database.

In this process, without a server: from the headers to the caller, the charges of a request, and their settlement. The
estimate of its tokens is made for every request anyway, once, so it is in neither figure.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NamedTuple

from ccproxy.gateway.access import Gate
from ccproxy.gateway.limits import Limits
from ccproxy.gateway.limits.shared_memory import SharedCounters
from ccproxy.store.client_keys import ClientKeys
from ccproxy.store.logbook import RequestRow
from ccproxy.store.migrations import migrate
from ccproxy.store.session import open_engine
from ccproxy.store.spending import Spending

KEYS = 1000
CALLS = 500
ROUNDS = 7
LIMIT = 100.0
"""Microseconds that a request may cost."""

MANY = 10**12
SHAPES: dict[str, dict[str, Any]] = {
    "a key without limits": {},
    "requests a minute": {"requests_per_minute": MANY},
    "requests a minute and at once": {"requests_per_minute": MANY, "concurrent_requests": 10**6},
    "a budget of dollars a month": {"monthly_budget_usd": 1e9},
    "everything that can be limited": {
        **dict.fromkeys(("requests_per_minute", "tokens_per_minute", "concurrent_requests"), MANY),
        **dict.fromkeys(("daily_token_budget", "monthly_token_budget"), MANY),
        **dict.fromkeys(("daily_budget_usd", "monthly_budget_usd"), 1e9),
    },
}


class Cost(NamedTuple):
    """Microseconds per request."""

    shape: str
    known: float
    limited: float

    @property
    def both(self) -> float:
        """Of knowing the key, and of charging and settling."""
        return self.known + self.limited


def costs(keys: int = KEYS, calls: int = CALLS) -> list[Cost]:
    """The costs of all shapes; the rounds of all of them take turns."""
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(Path(folder), keys)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in SHAPES}
        for _ in range(ROUNDS):
            for name in SHAPES:
                times[name].append(bench.time(name, calls))
        bench.close()
    return [Cost(name, *map(statistics.median, zip(*rows, strict=True))) for name, rows in times.items()]


def table(found: list[Cost]) -> str:
    """The costs as text."""
    lines = [f"{f'keys and limits, {KEYS} keys, µs per request':<44}{'key':>8}{'limits':>8}"]
    lines += [f"{one.shape:<44}{one.known:>8.1f}{one.limited:>8.1f}" for one in found]
    worst = max(found, key=lambda one: one.both)
    return "\n".join([*lines, f"at most {worst.both:.1f} of the {LIMIT:g} µs that both may cost together"])


class _Bench:
    def __init__(self, folder: Path, keys: int) -> None:
        engine = open_engine(f"sqlite:///{folder}/bench.db")
        migrate(engine)
        self._keys = ClientKeys(engine)
        made = {name: self._keys.create({"name": f"shape-{n}", **SHAPES[name]})[1] for n, name in enumerate(SHAPES)}
        for number in range(keys - len(made)):
            self._keys.create({"name": f"other-{number}"})
        self._headers = {name: {"HTTP_AUTHORIZATION": f"Bearer {secret}"} for name, secret in made.items()}
        self._gate = Gate("the-first-key", [ip_network("127.0.0.0/8")], keys=self._keys.snapshot)
        self._limits = Limits(SharedCounters(), Spending(engine).since)
        self._row = RequestRow(request_id="r", started_at=datetime.now(UTC), input_tokens=900, output_tokens=300)

    def time(self, name: str, calls: int) -> tuple[float, float]:
        """Microseconds per request, of the key and of the limits."""
        environ = {"REMOTE_ADDR": "127.0.0.1", **self._headers[name]}
        key = self._gate.check(environ).key
        if key is None:
            raise RuntimeError("the key is not known")

        def charge() -> None:
            knock = self._limits.knock(key)
            admission = self._limits.admit(key, lambda: 1000, lambda: 0.001, knock)
            if admission is not None:
                admission.settle(self._row)

        return _timed(lambda: self._gate.check(environ), calls), _timed(charge, calls)

    def close(self) -> None:
        self._keys.close()


def _timed(work: Callable[[], object], calls: int) -> float:
    work()
    began = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - began) / calls * 1e6


if __name__ == "__main__":
    print(table(costs()))
