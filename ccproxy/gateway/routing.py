"""Where a request goes: its plan, out of what is asked and the snapshot of providers and routes. Pure.

A name that says its provider is taken at its word; for all others `matching` decides. What a decision's targets come to
is worked out here, once per snapshot.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec import Struct, structs

from ccproxy.errors import NoProvider, NotFound
from ccproxy.gateway import names
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.matching import OUTRIGHT, Index, decide
from ccproxy.gateway.names import Outright
from ccproxy.store.client_keys import Capture
from ccproxy.store.providers import Snapshot
from ccproxy.store.routes import RouteTarget, Strategy
from ccproxy.translate.target import Keepsakes, Target

_MOST = 1000
"""Targets that are remembered at most, for a client may name any model."""


class Plan(Struct, frozen=True):
    """Where a request goes: the name of the rule that decided and why it did, and the targets in the route's order.

    The other fields are those of the route (`store.routes`); `weights` belong to the targets one by one.
    """

    route: str
    targets: tuple[Target, ...]
    why: str = ""
    strategy: Strategy = "fallback"
    weights: tuple[int, ...] = ()
    retries: int = 0
    first_byte_timeout: float | None = None
    resume: bool = False
    capture: Capture = "off"


class Router:
    """Plans for one worker; what a snapshot's providers and routes come to is worked out once per snapshot."""

    def __init__(
        self,
        seal_keys: Callable[[], tuple[bytes, ...]] = tuple,
        advice: str = "no provider is set up or enabled",
        keepsakes: Keepsakes | None = None,
    ) -> None:
        """`seal_keys` is asked at each new snapshot, for a rotation of keys moves the version.

        `advice` is what to say where there is no provider. `keepsakes` is the one store that all targets share.
        """
        self._advice = advice
        self._seal_keys = seal_keys
        self._keepsakes = keepsakes
        self._index: Index | None = None
        self._targets: dict[tuple[str, str], Target] = {}
        self._routed: dict[str, tuple[Target, ...]] = {}

    def plan(self, asked: Asked, snapshot: Snapshot) -> Plan:
        """The plan for a request. Raises NoProvider or NotFound."""
        index = self._taken_in(snapshot)
        if not snapshot.enabled:
            raise NoProvider(self._advice)
        said = index.named(asked.model).outright
        if said is not None:
            return self._outright(said, asked, snapshot)
        decision = decide(asked, index)
        route = decision.route
        if route is None:
            return Plan(decision.rule, self._made(snapshot, decision.targets), decision.why)
        targets = self._routed.get(route.name)
        if targets is None:
            targets = self._routed[route.name] = self._made(snapshot, decision.targets)
        return Plan(
            route=route.name,
            targets=targets,
            why=decision.why,
            strategy=route.strategy,
            weights=tuple(target.weight for target in decision.targets),
            retries=route.retries,
            first_byte_timeout=route.first_byte_timeout,
            resume=route.resume,
            capture=route.capture,
        )

    def _taken_in(self, snapshot: Snapshot) -> Index:
        index = self._index
        if index is None or index.snapshot is not snapshot:
            self._targets.clear()
            self._routed.clear()
            index = self._index = Index(snapshot, partial(self._refusal, snapshot))
        return index

    def _refusal(self, snapshot: Snapshot, name: str) -> str:
        """Why nothing can be sent to a provider; "" where it can."""
        try:
            self._target(snapshot, name)
        except NotFound as error:
            return error.message
        return ""

    def _outright(self, said: Outright, asked: Asked, snapshot: Snapshot) -> Plan:
        provider, model = said.provider, said.model
        if not provider.enabled:
            raise NotFound(f"model: provider {provider.name!r} is not enabled; {names.known(snapshot)}")
        if not model:
            if not provider.models:
                raise NotFound(f"model: {asked.model!r} names no model, and provider {provider.name!r} lists none")
            model = provider.models[0]
        return Plan(OUTRIGHT, (self._target(snapshot, provider.name, model),), said.why)

    def _made(self, snapshot: Snapshot, targets: tuple[RouteTarget, ...]) -> tuple[Target, ...]:
        made = ((one, self._target(snapshot, one.provider, one.model)) for one in targets)
        return tuple(
            structs.replace(target, parameters=dict(one.parameters)) if one.parameters else target
            for one, target in made
        )

    def _target(self, snapshot: Snapshot, name: str, model: str = "") -> Target:
        """The target of a provider's model, or without a model; raises NotFound where there can be none."""
        found = self._targets.get((name, model))
        if found is not None:
            return found
        provider = snapshot.get(name)
        if provider is None:
            raise NotFound(f"provider {name!r} is not set up")
        if not provider.enabled:
            raise NotFound(f"provider {name!r} is not enabled")
        if len(self._targets) >= _MOST:
            self._targets.clear()
        if model:
            made = for_model(self._target(snapshot, name), model)
        else:
            made = connect(provider, self._seal_keys(), self._keepsakes)
        self._targets[name, model] = made
        return made


def advice(host: str, port: int, key_configured: bool) -> str:
    """How to add a first provider, as a command that can be pasted on the machine that the proxy runs on."""
    near = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    key = " -H 'x-api-key: YOUR_CCPROXY_KEY'" if key_configured else ""
    return (
        f"no provider is set up or enabled; add one: curl -X POST http://{near}:{port}/providers{key} "
        """-H 'content-type: application/json' -d '{"name": "groq", "api_key": "YOUR_GROQ_KEY"}'"""
    )
