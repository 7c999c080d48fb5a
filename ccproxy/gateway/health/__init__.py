"""Who is in service: what real traffic showed of each target and key, in this worker and in the others.

`rules` decides what a failure means, `board` tells the other workers, `keyring` whose turn it is, `pace` who is quick.
A rest never makes ccproxy refuse a request: where nobody else is left, the one who rests is asked all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import structs

from ccproxy.errors import UpstreamError, UpstreamRefused
from ccproxy.gateway.affinity import Affinity
from ccproxy.gateway.affinity import mark as affinity_mark
from ccproxy.gateway.connecting import with_key
from ccproxy.gateway.health import rules
from ccproxy.gateway.health.board import Board, Notices, Scope
from ccproxy.gateway.health.keyring import Uses, keys_of, mark
from ccproxy.gateway.health.pace import Pace
from ccproxy.gateway.health.report import report
from ccproxy.gateway.health.rules import PROBE, Standing
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.translate.target import Target

LOOK = 0.25
"""Seconds for which one look at the board is news enough."""
MOST = 1000
"""Standings that one worker remembers; clients name models, so there could be any number."""


_SAME = 0.001
"""Seconds that a moment may differ by when it comes back from the database."""


class _Probe:
    """A request that finds out whether somebody is well again; `holder` is the very Target that it was given."""

    __slots__ = ("holder", "until")

    def __init__(self, until: float) -> None:
        self.holder: Target | None = None
        self.until = until


class Health:
    """The health of all targets as one worker knows it.

    Each target that `admit` gives out comes back once, as it is, with `succeeded`, `failed` or `left`. `sessions`
    remembers the key of a session. `clock` counts seconds since the epoch, for the workers compare theirs.
    """

    def __init__(
        self, board: Board | None, sessions: Affinity | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._notices = Notices(board)
        self._sessions = sessions
        self._clock = clock
        self._standings: dict[Scope, Standing] = {}
        self._shared: set[Scope] = set()
        self._probes: dict[Scope, _Probe] = {}
        self._uses: dict[str, Uses] = {}
        self._pace = Pace()
        self._looked = 0.0
        self._version: int | None = None

    def take_in(self, snapshot: Snapshot) -> None:
        """Learn what other workers found, and forget what belongs to a provider whose row has changed since."""
        now = self._clock()
        if snapshot.version != self._version:
            self._version = snapshot.version
            self._looked = 0.0
            for provider in snapshot.providers:
                if (uses := self._uses.get(provider.name)) is not None:
                    uses.keep([mark(key) for key in provider.api_keys])
        if 0 <= now - self._looked < LOOK:
            return
        self._looked = now
        written = self._notices.read()
        if written is not None:
            self._learn(written)
        for scope in [scope for scope, standing in self._standings.items() if _outdated(scope, standing, snapshot)]:
            self._forget(scope)

    def rank(self, targets: Sequence[Target]) -> list[Target]:
        """Those in service, in the given order; then those that rest, the one that may come back first before."""
        now = self._clock()
        return sorted(targets, key=lambda target: self._until(target, now))

    def in_service(self, target: Target) -> bool:
        """Whether it may be asked now."""
        return self._until(target, self._clock()) == 0

    def pace(self, target: Target) -> float | None:
        """Seconds to its first meaningful byte; None where this worker has not seen it lately."""
        return self._pace.of(target.label, self._clock())

    def admit(self, target: Target, session: str | None, last: bool) -> Target | None:
        """The target with the key to use now; None where it rests, or another request probes it.

        `last`: nobody else is left, so it is asked whatever is known of it.
        """
        now = self._clock()
        places = _places(target)
        if last:
            return self._with_key(target, session, self._last_key(target, session, now))
        if any(self._busy(scope, now) for scope in places):
            return None
        probes: list[Scope] = []
        for scope in places:
            if self._half_open(scope, now) and not self._claim(scope, now, probes):
                self._release(*probes)
                return None
        for key in self._order(target, session, now):
            scope = (target.provider, "", mark(key))
            if scope not in places:
                if self._busy(scope, now):
                    continue
                if self._half_open(scope, now) and not self._claim(scope, now, probes):
                    continue
            admitted = self._with_key(target, session, key)
            if probes:
                admitted = structs.replace(admitted)
                for scope in probes:
                    self._probes[scope].holder = admitted
            return admitted
        self._release(*probes)
        return None

    def next_key(self, target: Target, session: str | None) -> str | None:
        """The key that `admit` would take now, without taking it."""
        now = self._clock()
        keys = self._order(target, session, now)
        here = (key for key in keys if not self._busy((target.provider, "", mark(key)), now))
        return next(here, self._last_key(target, session, now))

    def succeeded(self, target: Target, seconds: float | None) -> None:
        """It answered; `seconds` after it was asked came its first meaningful byte."""
        now = self._clock()
        begun = now - (seconds or 0.0)
        if seconds is not None:
            self._pace.measured(target.label, seconds, now)
        if not self._standings:
            return
        for scope in (*_places(target), (target.provider, "", mark(target.key))):
            standing = self._standings.get(scope)
            # What was asked before a rest began says nothing of it
            if standing is not None and (self._holds(scope, target) or not standing.until or begun >= standing.since):
                self._forget(scope)

    def failed(self, target: Target, error: UpstreamError) -> float | None:
        """It failed. Returns the seconds for which it, or its key, rests now; None where it does not."""
        verdict = rules.judge(error, len(target.keys) > 1)
        if verdict is None:
            self.left(target)
            return None
        now = self._clock()
        scope = (target.provider, target.model, "")
        if verdict.part == "key":
            scope = (target.provider, "", mark(target.key))
        known = self._standings.get(scope, Standing())
        status = error.upstream_status or error.status if isinstance(error, UpstreamRefused) else None
        standing = rules.after(known, verdict, status, now, self._holds(scope, target))
        if standing is not known:
            self._probes.pop(scope, None)
            self._remember(scope, standing)
        self.left(target)
        return standing.until - now if standing.rests(now) else None

    def left(self, target: Target) -> None:
        """It came to no verdict: what it was to find out, the next one may."""
        if self._probes:
            self._release(*[scope for scope, probe in self._probes.items() if probe.holder is target])

    def other_key(self, target: Target) -> bool:
        """Whether it can be asked with another of its keys at once, as the one that it has rests.

        Where that key is in service, the failure was not its fault, and no other key's answer would differ.
        """
        now = self._clock()
        here = {key for key in target.keys if not self._busy((target.provider, "", mark(key)), now)}
        return bool(here) and target.key not in here

    def report(self, provider: Provider) -> dict[str, Any]:
        """What is known of a provider (`health.report`)."""
        return report(provider, self._standings, self._clock())

    def flush(self, seconds: float) -> None:
        """Wait, at most so long, until the board knows what this worker knows."""
        self._notices.flush(seconds)

    def _learn(self, written: dict[Scope, Standing]) -> None:
        for scope, standing in written.items():
            if self._notices.unwritten(scope):
                continue
            known = self._standings.get(scope)
            # What stands there of a rest that is probed here is when another worker may probe, and no news
            if scope not in self._probes or known is None or abs(known.since - standing.since) > _SAME:
                self._standings[scope] = standing
                self._probes.pop(scope, None)
            self._shared.add(scope)
        for scope in self._shared - written.keys():
            if not self._notices.unwritten(scope):
                self._shared.discard(scope)
                self._standings.pop(scope, None)
                self._probes.pop(scope, None)
        self._bound()

    def _remember(self, scope: Scope, standing: Standing) -> None:
        self._standings.pop(scope, None)
        self._standings[scope] = standing
        if standing.until and self._notices.tell(scope, standing):
            self._shared.add(scope)
        self._bound()

    def _bound(self) -> None:
        while len(self._standings) > MOST:
            oldest = next(iter(self._standings))
            del self._standings[oldest]
            self._probes.pop(oldest, None)
            self._shared.discard(oldest)

    def _forget(self, scope: Scope) -> None:
        self._standings.pop(scope, None)
        self._probes.pop(scope, None)
        if scope in self._shared:
            self._notices.tell(scope, None)
            self._shared.discard(scope)

    def _busy(self, scope: Scope, now: float) -> bool:
        """Whether it rests, or is being probed."""
        standing = self._standings.get(scope)
        if standing is None:
            return False
        probe = self._probes.get(scope)
        return standing.rests(now) or (probe is not None and now < probe.until)

    def _half_open(self, scope: Scope, now: float) -> bool:
        standing = self._standings.get(scope)
        return standing is not None and standing.half_open(now)

    def _claim(self, scope: Scope, now: float, probes: list[Scope]) -> bool:
        """Whether this request is the probe. Waits for the board, and nobody else here probes meanwhile."""
        until = now + PROBE
        probe = self._probes[scope] = _Probe(until)
        if self._notices.unwritten(scope) or self._notices.claim(scope, now, until):
            if self._probes.get(scope) is probe:  # not learnt meanwhile that all is well
                probes.append(scope)
            return True
        if self._probes.get(scope) is probe:
            del self._probes[scope]
            if (standing := self._standings.get(scope)) is not None:
                self._standings[scope] = structs.replace(standing, until=until)  # another worker's, as it claimed
        return False

    def _release(self, *scopes: Scope) -> None:
        """Half-open again, for every worker."""
        for scope in scopes:
            self._probes.pop(scope, None)
            standing = self._standings.get(scope)
            if standing is not None and scope in self._shared:
                self._notices.tell(scope, standing)

    def _holds(self, scope: Scope, target: Target) -> bool:
        probe = self._probes.get(scope)
        return probe is not None and probe.holder is target

    def _until(self, target: Target, now: float) -> float:
        """When the target comes back; 0 where it is here."""
        if not self._standings:
            return 0.0
        here = max(self._end(scope, now) for scope in _places(target))
        return max(here, min(self._end((target.provider, "", mark(key)), now) for key in keys_of(target) or (None,)))

    def _end(self, scope: Scope, now: float) -> float:
        if not self._busy(scope, now):
            return 0.0
        probe = self._probes.get(scope)
        return max(self._standings[scope].until, probe.until if probe is not None else 0.0)

    def _order(self, target: Target, session: str | None, now: float) -> list[str | None]:
        """The keys in the order in which they are to be tried; [None] for a target without.

        One that may be well again comes before the others, or nobody would ever find out; but a session stays with
        its key.
        """
        if len(target.keys) < 2:
            return [target.key]
        by_mark = {mark(key): key for key in target.keys}
        marks = self._uses.setdefault(target.provider, Uses()).by_least(list(by_mark))
        kept = self._sessions.recall(session, _route(target)) if self._sessions is not None and session else None

        def place(fingerprint: str) -> int:
            half_open = self._half_open((target.provider, "", fingerprint), now)
            return 0 if affinity_mark(fingerprint) == kept and not half_open else 1 if half_open else 2

        return [by_mark[fingerprint] for fingerprint in sorted(marks, key=place)]

    def _last_key(self, target: Target, session: str | None, now: float) -> str | None:
        """The key whose rest ends first, where all rest."""
        return min(self._order(target, session, now), key=lambda key: self._end((target.provider, "", mark(key)), now))

    def _with_key(self, target: Target, session: str | None, key: str | None) -> Target:
        if key is None or len(target.keys) < 2:
            return target
        now = self._clock()
        marks = [mark(other) for other in target.keys]
        here = [other for other in marks if not self._busy((target.provider, "", other), now)]
        fingerprint = mark(key)
        self._uses.setdefault(target.provider, Uses()).take(fingerprint, here)
        if self._sessions is not None and session:
            self._sessions.keep(session, _route(target), fingerprint)
        return with_key(target, key)


def _places(target: Target) -> tuple[Scope, Scope]:
    """What is known of the provider as a whole, and of this model of its."""
    return (target.provider, "", ""), (target.provider, target.model, "")


def _route(target: Target) -> str:
    """Under which name a session's key is remembered; no route is called so."""
    return f"key\0{target.provider}"


def _outdated(scope: Scope, standing: Standing, snapshot: Snapshot) -> bool:
    provider = snapshot.get(scope[0])
    return provider is None or standing.since < provider.updated_at.timestamp()
