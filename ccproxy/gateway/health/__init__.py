"""Who is in service: what real traffic showed of each target and key, in this worker and in the others.

`rules` decides what a failure means, `board` tells the other workers, `keyring` whose turn it is, `pace` who is quick.
A rest never makes ccproxy refuse a request: where nobody else is left, the one who rests is asked all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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

    Each target that `admit` gives out comes back, as it is: with `answered`, `failed` or `left`; or, where a stream has
    begun, with `began`, and at its end with `succeeded` or `failed`. `sessions` remembers the key of a session. `clock`
    counts seconds since the epoch, for the workers compare theirs.
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
        self._paces = {streams: Pace() for streams in (True, False)}
        self._looked = 0.0
        self._version: int | None = None
        self._changed: dict[str, float] = {}  # when each provider's row did

    def take_in(self, snapshot: Snapshot) -> None:
        """Learn what other workers found, and forget what belongs to a provider whose row has changed since."""
        now = self._clock()
        if snapshot.version != self._version:
            self._version = snapshot.version
            self._looked = 0.0
            self._changed = {provider.name: provider.updated_at.timestamp() for provider in snapshot.providers}
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

    def pace(self, target: Target, streams: bool) -> float | None:
        """Seconds to the first meaningful byte of its streams, else to its whole answers; None: not seen lately."""
        return self._paces[streams].of(target.label, self._clock())

    def admit(self, target: Target, session: str | None, last: bool) -> Target | None:
        """The target with the key to use now; None where it rests, or another request probes it.

        `last`: nobody else is left, so it is asked whatever is known of it.
        """
        now = self._clock()
        if last:
            return self._with_key(target, session, self._last_key(target, session, now))
        places = _places(target)
        if not self._free(places, now):
            return None
        probes: dict[Scope, _Probe] = {}
        admitted: Target | None = None
        try:
            if all(self._claimed(scope, now, probes) for scope in places):
                admitted = self._seated(target, session, now, probes)
        finally:
            if admitted is None:  # also where the request ends while the board is being asked
                self._release(probes)
        if admitted is not None and probes:
            admitted = structs.replace(admitted)
            for probe in probes.values():
                probe.holder = admitted
        return admitted

    def _seated(self, target: Target, session: str | None, now: float, probes: dict[Scope, _Probe]) -> Target | None:
        """The target with the first key that is in service, or that this request may probe."""
        places = _places(target)
        for key in self._order(target, session, now):
            seats = [scope for scope in _seats(target, key) if scope not in places]
            if self._free(seats, now) and all(self._claimed(scope, now, probes) for scope in seats):
                return self._with_key(target, session, key)
        return None

    def next_key(self, target: Target, session: str | None) -> str | None:
        """The key that `admit` would take now, without taking it."""
        now = self._clock()
        keys = self._order(target, session, now)
        here = (key for key in keys if self._free(_seats(target, key), now))
        return next(here, self._last_key(target, session, now))

    def began(self, target: Target, seconds: float) -> None:
        """Its stream has begun, `seconds` after it was asked: a rest is over. Its strikes count until the end."""
        now = self._clock()
        self._paces[True].measured(target.label, seconds, now)
        for scope, standing in self._refuted(target, now - seconds):
            if standing.until:
                self._forget(scope)
                self._standings[scope] = rules.back(standing)

    def answered(self, target: Target, seconds: float) -> None:
        """Its whole answer has come, `seconds` after it was asked."""
        self._paces[False].measured(target.label, seconds, self._clock())
        self.succeeded(target, seconds)

    def succeeded(self, target: Target, seconds: float) -> None:
        """All is well with what it was asked `seconds` ago."""
        for scope, _ in self._refuted(target, self._clock() - seconds):
            self._forget(scope)

    def failed(self, target: Target, error: UpstreamError, seconds: float = 0.0) -> float | None:
        """It failed at what it was asked `seconds` ago.

        Returns the seconds for which it, or its key, rests now; None where it does not.
        """
        verdict = rules.judge(error, len(target.keys) > 1)
        now = self._clock()
        was_changed = now - seconds < self._changed.get(target.provider, 0.0)  # another key may be there by now
        if verdict is None or was_changed:
            self.left(target)
            return None
        alone, for_model = _seats(target, target.key)
        scope = {"target": (target.provider, target.model, ""), "key": alone, "grant": for_model}[verdict.part]
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
            self._release({scope: probe for scope, probe in self._probes.items() if probe.holder is target})

    def other_key(self, target: Target) -> bool:
        """Whether it can be asked with another of its keys at once, as the one that it has rests.

        Where that key is in service, the failure was not its fault, and no other key's answer would differ.
        """
        now = self._clock()
        here = {key for key in target.keys if self._free(_seats(target, key), now)}
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

    def _free(self, scopes: Iterable[Scope], now: float) -> bool:
        return not any(self._busy(scope, now) for scope in scopes)

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

    def _claimed(self, scope: Scope, now: float, probes: dict[Scope, _Probe]) -> bool:
        """Whether it is in service, or this request is the probe, which is then among `probes`.

        Waits for the board, and nobody else here probes meanwhile.
        """
        if not self._half_open(scope, now):
            return True
        until = now + PROBE
        probe = probes[scope] = self._probes[scope] = _Probe(until)
        if self._notices.unwritten(scope) or self._notices.claim(scope, now, until):
            return True
        del probes[scope]
        if self._probes.get(scope) is probe:
            del self._probes[scope]
            if (standing := self._standings.get(scope)) is not None:
                self._standings[scope] = structs.replace(standing, until=until)  # another worker's, as it claimed
        return False

    def _release(self, probes: Mapping[Scope, _Probe]) -> None:
        """Half-open again, for every worker; but for those of which something was learnt meanwhile."""
        for scope, probe in probes.items():
            if self._probes.get(scope) is not probe:
                continue
            del self._probes[scope]
            standing = self._standings.get(scope)
            if standing is not None and scope in self._shared:
                self._notices.tell(scope, standing)

    def _refuted(self, target: Target, asked: float) -> list[tuple[Scope, Standing]]:
        """What is known against a target that does answer what it was `asked` then."""
        if not self._standings:
            return []
        scopes = dict.fromkeys((*_places(target), *_seats(target, target.key)))
        known = [(scope, standing) for scope in scopes if (standing := self._standings.get(scope)) is not None]
        # What was asked before a rest began says nothing of it
        return [
            (scope, standing)
            for scope, standing in known
            if self._holds(scope, target) or not standing.until or asked >= standing.since
        ]

    def _holds(self, scope: Scope, target: Target) -> bool:
        probe = self._probes.get(scope)
        return probe is not None and probe.holder is target

    def _until(self, target: Target, now: float) -> float:
        """When the target comes back; 0 where it is here."""
        if not self._standings:
            return 0.0
        soonest = min(self._end(_seats(target, key), now) for key in keys_of(target) or (None,))
        return max(soonest, self._end(_places(target), now))

    def _end(self, scopes: Iterable[Scope], now: float) -> float:
        """When the last of them comes back; 0 where all are here."""
        return max(self._end_of(scope, now) for scope in scopes)

    def _end_of(self, scope: Scope, now: float) -> float:
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
            half_open = any(self._half_open(scope, now) for scope in _seats(target, by_mark[fingerprint]))
            return 0 if affinity_mark(fingerprint) == kept and not half_open else 1 if half_open else 2

        return [by_mark[fingerprint] for fingerprint in sorted(marks, key=place)]

    def _last_key(self, target: Target, session: str | None, now: float) -> str | None:
        """The key whose rest ends first, where all rest."""
        return min(self._order(target, session, now), key=lambda key: self._end(_seats(target, key), now))

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


def _seats(target: Target, key: str | None) -> tuple[Scope, Scope]:
    """What is known of one of its keys, alone and with this model."""
    fingerprint = mark(key)
    return (target.provider, "", fingerprint), (target.provider, target.model, fingerprint)


def _route(target: Target) -> str:
    """Under which name a session's key is remembered; no route is called so."""
    return f"key\0{target.provider}"


def _outdated(scope: Scope, standing: Standing, snapshot: Snapshot) -> bool:
    provider = snapshot.get(scope[0])
    return provider is None or standing.since < provider.updated_at.timestamp()
