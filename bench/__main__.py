"""`python -m bench`: start the servers, measure, print one table. Exit status 1 if any answer was not whole."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench import decoders, limits, machine, routing, server, usage
from bench.cases import BARE, CROWD, PROXY, ROUND, UPSTREAM, Case, measure
from bench.load import Result
from bench.report import Figures, figures, table


def main() -> int:
    """Run the benchmark."""
    options = _options()
    # A terminated run ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    before = machine.load_average()
    cores = machine.cores()
    here, there = cores if cores else (None, None)
    rounds, seconds = (1, 1.2) if options.quick else (3, 4.0)
    results: dict[Case, list[Result]] = {}
    with ExitStack() as running:
        upstream = running.enter_context(server.upstream(there))
        bare = running.enter_context(server.bare(here))
        proxy = running.enter_context(server.proxy(here, upstream.port))
        servers = {UPSTREAM: upstream, BARE: bare, PROXY: proxy}
        plan = [case for _ in range(rounds) for case in ROUND] + [CROWD]
        memory: dict[str, float | None] = {}
        for number, case in enumerate(plan, 1):
            _tell(f"{number}/{len(plan)} {case.server}: {case.name}")
            if case is CROWD:
                memory["before the 500 streams"] = machine.resident_mb(proxy.worker)
            results.setdefault(case, []).append(measure(case, servers[case.server], seconds, there))
        _tell("")
        memory["after them"] = machine.resident_mb(proxy.worker)
        memory["at most"] = machine.peak_mb(proxy.worker)
    rows = [figures(case, measured) for case, measured in results.items()]
    print(table(rows))
    print()
    print("worker's memory: " + ", ".join(f"{_mb(value)} {when}" for when, value in memory.items()))
    print(f"ready to serve {proxy.ready_after:.2f} s after its start")
    _print_ratios(rows)
    compared = decoders.costs()
    print()
    print(decoders.table(compared))
    routed = routing.costs()
    print()
    print(routing.table(routed))
    held = limits.costs()
    print()
    print(limits.table(held))
    kept = usage.costs(*((50_000, 20) if options.quick else ()))
    print()
    print(usage.table(kept))
    print()
    print(_circumstances(cores, rounds, seconds))
    if before > 0.5:
        print(f"the machine was busy with something else: load average {before:.1f} before this began")
    if options.json:
        _write(options.json, rows, memory, proxy.ready_after, compared, routed, held, kept)
    return _errors(results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the proxy on this machine.")
    parser.add_argument("--quick", action="store_true", help="one short round (under 30 s): a smoke test, not a figure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser.parse_args()


def _tell(progress: str) -> None:
    """Show what is going on to who watches."""
    if sys.stderr.isatty():
        print(f"\r{progress}\033[K", end="", file=sys.stderr, flush=True)


def _print_ratios(rows: list[Figures]) -> None:
    small = {row.case.server: row for row in rows if row.case.name == ROUND[0].name}
    bare, proxy = small[BARE], small[PROXY]
    if bare.requests and proxy.requests:
        print(f"small request: {proxy.requests / bare.requests:.2f} of what the bare application does per second")


def _circumstances(cores: tuple[int, int] | None, rounds: int, seconds: float) -> str:
    where = f"server on core {cores[0]}, load and upstream on core {cores[1]}" if cores else "not pinned to cores"
    return f"median of {rounds} round(s) of {seconds:g} s; {where}; {machine.described()}"


def _mb(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.0f} MB"


def _write(
    path: Path,
    rows: list[Figures],
    memory: dict[str, float | None],
    ready_after: float,
    compared: list[decoders.Cost],
    routed: list[routing.Cost],
    held: list[limits.Cost],
    kept: usage.Costs,
) -> None:
    content = {
        "cases": [asdict(row) for row in rows],
        "memory_mb": memory,
        "ready_after_s": ready_after,
        "decoders": [one._asdict() for one in compared],
        "routing": [one._asdict() for one in routed],
        "limits": [one._asdict() for one in held],
        "log": {
            "rows_per_second": kept.rows,
            "megabytes": kept.megabytes,
            "questions": [one._asdict() for one in kept.questions],
        },
        "machine": machine.described(),
    }
    path.write_text(json.dumps(content, indent=1) + "\n")


def _errors(results: dict[Case, list[Result]]) -> int:
    """Name every kind of error, and say the exit status."""
    found = False
    for case, measured in results.items():
        for result in measured:
            for kind, count in result.errors.items():
                found = True
                print(f"{case.server}, {case.name}: {count} × {result.samples[kind][:300]}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
