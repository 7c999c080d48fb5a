"""In which order the targets of a plan are asked: by the route's strategy, by the session's past, by their health."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from hashlib import blake2b

from ccproxy.gateway.affinity import Affinity, mark
from ccproxy.gateway.health import Health
from ccproxy.gateway.routing import Plan
from ccproxy.translate.target import Target

Prices = Callable[[Target, int, int], "float | None"]
"""What a request costs at a target, for so many tokens in and out; None where nobody knows."""

ANSWER = 1000
"""Tokens that an answer is taken to have where targets are compared: few come near their `max_tokens`."""


class Choice:
    """Orders for one worker. `random` gives numbers from 0 up to 1."""

    def __init__(self, health: Health, affinity: Affinity, random: Callable[[], float], prices: Prices) -> None:
        self._health = health
        self._affinity = affinity
        self._random = random
        self._prices = prices

    def order(
        self, plan: Plan, session: str | None, streams: bool, input_tokens: int, max_tokens: int | None
    ) -> list[Target]:
        """The plan's targets: in the order of its strategy, but first the one that the session was at; and before
        all those that are in service. `streams`: a stream is asked for. `input_tokens` may be an estimate.
        """
        ordered = self._by_strategy(plan, session, streams, input_tokens, min(max_tokens or ANSWER, ANSWER))
        former = self._affinity.recall(session, plan.route) if session else None
        if former is not None:
            ordered.sort(key=lambda target: mark(target.label) != former)
        return self._health.rank(ordered)

    def former(self, plan: Plan, session: str | None) -> Target | None:
        """The target that the session was at; None where it is none of the plan's, or not known."""
        kept = self._affinity.recall(session, plan.route) if session else None
        return next((target for target in plan.targets if mark(target.label) == kept), None)

    def settled(self, plan: Plan, session: str | None, target: Target) -> None:
        """The target answered: the session stays there.

        Where another one answered because the session's own failed once, it goes back as long as that one is in
        service: what it knows of the conversation is still there.
        """
        if session is None or len(plan.targets) < 2:
            return
        former = self._affinity.recall(session, plan.route)
        for other in plan.targets:
            theirs = former is not None and mark(other.label) == former and other.label != target.label
            if theirs and self._health.in_service(other):
                return
        self._affinity.keep(session, plan.route, target.label)

    def _by_strategy(
        self, plan: Plan, session: str | None, streams: bool, input_tokens: int, answer: int
    ) -> list[Target]:
        match plan.strategy:
            case "weighted":
                return self._weighted(plan, session)
            case "fastest":
                return sorted(plan.targets, key=lambda target: self._health.pace(target, streams) or 0.0)
            case "cheapest":
                return self._cheapest(plan.targets, input_tokens, answer)
        return list(plan.targets)

    def _weighted(self, plan: Plan, session: str | None) -> list[Target]:
        """Each target in front as often as its weight says; the same one for a session, and where the targets change
        only those sessions move that have to (rendezvous hashing).
        """
        weights = plan.weights or (1,) * len(plan.targets)

        def score(place: int) -> float:
            if weights[place] <= 0:
                return math.inf
            chance = _share(session, plan.targets[place].label) if session else self._random()
            return -math.log(max(chance, 1e-18)) / weights[place]

        return [plan.targets[place] for place in sorted(range(len(plan.targets)), key=score)]

    def _cheapest(self, targets: Sequence[Target], input_tokens: int, answer: int) -> list[Target]:
        def cost(target: Target) -> float:
            known = self._prices(target, input_tokens, answer)
            return math.inf if known is None else known

        return sorted(targets, key=cost)


def _share(session: str, label: str) -> float:
    """A number from 0 up to 1 that is the same for a session and a label in every process."""
    digest = blake2b(f"{session}\0{label}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") / 2**64
