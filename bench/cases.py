"""What is measured: loads, and where they are sent."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass

from bench import machine, wire
from bench.load import Job, Result
from bench.server import PROVIDER, ROOT, Server

UPSTREAM = "upstream"
BARE = "bare WSGI"
PROXY = "proxy"


@dataclass(frozen=True)
class Case:
    """A load on one of the servers. `cold`: all clients start at once inside the window, none is under way before."""

    name: str
    server: str
    profile: wire.Profile
    clients: int
    streamed: bool = False
    large: bool = False
    cold: bool = False
    once: bool = False

    def job(self, server: Server, seconds: float) -> Job:
        """The job for the load generator."""
        model = self.profile.model if self.server == UPSTREAM else f"{PROVIDER}/{self.profile.model}"
        body = wire.coding_request(model) if self.large else wire.small_request(model, streamed=self.streamed)
        return Job(
            port=server.port,
            path="/v1/chat/completions" if self.server == UPSTREAM else "/v1/messages",
            body=body.decode(),
            words=self.profile.words,
            clients=self.clients,
            seconds=0.0 if self.once else seconds,
            warmup=0.0 if self.cold else 0.5,
            cpu_of=[server.worker] if server.worker else [],
        )


_SMALL = wire.Profile(20)
_BURST = wire.Profile(300)
_PACED = wire.Profile(100, gap=20)

ROUND = (
    Case("small request, c=16", UPSTREAM, _SMALL, 16),
    Case("300 events at full speed, c=16", UPSTREAM, _BURST, 16, streamed=True),
    Case("small request, c=16", BARE, _SMALL, 16),
    Case("small request, c=16", PROXY, _SMALL, 16),
    Case("100 kB coding request, c=8", PROXY, _SMALL, 8, large=True),
    Case("300 events at full speed, c=16", PROXY, _BURST, 16, streamed=True),
    Case("100 events at 20 ms, c=100", PROXY, _PACED, 100, streamed=True, cold=True),
)
"""Measured once a round, in this order, so that what changes on the machine meanwhile meets all of them."""

CROWD = Case("500 streams at once, 50 events at 100 ms", PROXY, wire.Profile(50, 100), 500, True, cold=True, once=True)
"""Measured once, at the end."""


def measure(case: Case, server: Server, seconds: float, core: int | None) -> Result:
    """Run the load in a process of its own."""
    job = json.dumps(asdict(case.job(server, seconds)))
    with machine.pinned(core):
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    try:
        output, _ = process.communicate(job, timeout=seconds + 60)
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return Result(**json.loads(output))
