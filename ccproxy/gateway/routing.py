"""Which provider and model a request goes to. Pure: a name and a snapshot in, a plan out.

The order (docs/api.md): `provider/model` or `provider,model` outright; a route of that name; an enabled provider that
lists the model; the `default` route; the only enabled provider. What cannot be placed is a 404 that says what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from ccproxy.errors import NoProvider, NotFound
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.store.routes import Strategy
from ccproxy.translate.target import Keepsakes, Target


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


class Router:
    """Plans for one worker; what a snapshot's providers come to is worked out once per snapshot."""

    def __init__(
        self,
        seal_keys: Callable[[], tuple[bytes, ...]] = tuple,
        routes: Mapping[str, Any] | None = None,
        advice: str = "no provider is set up or enabled",
        keepsakes: Keepsakes | None = None,
    ) -> None:
        """`routes`: model names, or `default`, to `{"provider": …, "model": …}`.

        `seal_keys` is asked at each new snapshot, for a rotation of keys moves the version. `advice` is what to say
        where there is no provider. `keepsakes` is the one store that all targets share.
        """
        self._advice = advice
        self._seal_keys = seal_keys
        self._keepsakes = keepsakes
        self._routes = dict(routes or {})
        self._version: int | None = None
        self._targets: dict[str, Target] = {}

    def plan(self, asked: str, snapshot: Snapshot) -> Plan:
        """The plan for a model's name as the client gave it. Raises NoProvider or NotFound."""
        if self._version != snapshot.version:
            self._targets = {}
            self._version = snapshot.version
        enabled = snapshot.enabled
        if not enabled:
            raise NoProvider(self._advice)
        outright = _split(asked, snapshot)
        if outright is not None:
            provider, model = outright
            return Plan("outright", (self._target(provider, model or _first_model(provider, asked)),))
        if asked in self._routes and asked != "default":
            return self._by_route(asked, snapshot)
        for provider in enabled:
            if asked in provider.models:
                return Plan("models", (self._target(provider, asked),))
        if "default" in self._routes:
            return self._by_route("default", snapshot)
        if len(enabled) == 1:
            only = enabled[0]
            return Plan("only", (self._target(only, only.models[0] if only.models else asked),))
        raise NotFound(f"model: {asked!r} is not known here; {_what_there_is(snapshot)}")

    def _by_route(self, name: str, snapshot: Snapshot) -> Plan:
        route = self._routes[name]
        provider = snapshot.get(route["provider"])
        if provider is None or not provider.enabled:
            raise NotFound(
                f"route {name!r} leads to provider {route['provider']!r}, which is not set up or not enabled; "
                f"{_what_there_is(snapshot)}"
            )
        return Plan(name, (self._target(provider, route["model"]),))

    def _target(self, provider: Provider, model: str) -> Target:
        target = self._targets.get(provider.name)
        if target is None:
            target = self._targets[provider.name] = connect(provider, self._seal_keys(), self._keepsakes)
        return for_model(target, model)


def advice(host: str, port: int, key_configured: bool) -> str:
    """How to add a first provider, as a command that can be pasted on the machine that the proxy runs on."""
    near = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    key = " -H 'x-api-key: YOUR_CCPROXY_KEY'" if key_configured else ""
    return (
        f"no provider is set up or enabled; add one: curl -X POST http://{near}:{port}/providers{key} "
        """-H 'content-type: application/json' -d '{"name": "groq", "api_key": "YOUR_GROQ_KEY"}'"""
    )


def _split(asked: str, snapshot: Snapshot) -> tuple[Provider, str] | None:
    """The provider and model that the name gives outright; None for a bare name (which may hold slashes too)."""
    for mark in ("/", ","):
        name, found, model = asked.partition(mark)
        provider = snapshot.get(name.strip()) if found else None
        if provider is None:
            continue
        if not provider.enabled:
            raise NotFound(f"model: provider {provider.name!r} is not enabled; {_what_there_is(snapshot)}")
        return provider, model.strip()
    return None


def _first_model(provider: Provider, asked: str) -> str:
    if not provider.models:
        raise NotFound(f"model: {asked!r} names no model, and provider {provider.name!r} lists none")
    return provider.models[0]


def _what_there_is(snapshot: Snapshot) -> str:
    names = [f"{provider.name}/{model}" for provider in snapshot.enabled for model in (provider.models or ("MODEL",))]
    shown = ", ".join(names[:20])
    return f"there is: {shown}" + (f" and {len(names) - 20} more" if len(names) > 20 else "")
