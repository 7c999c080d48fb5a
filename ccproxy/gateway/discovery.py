"""What a client is shown of models: the names that lead to a route, `provider/model` of every provider, and aliases.

Claude Code shows its user only names with "claude" or "anthropic" in them (measured; its documentation says at the
start), so towards it every other model is listed under an alias too, and what it shows stands in front. Names that lead
elsewhere are not listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import UNSET, UnsetType, structs

from ccproxy.errors import CCProxyError, NotFound
from ccproxy.gateway.catalog import Catalog, described
from ccproxy.gateway.names import alias_of, is_glob, outright
from ccproxy.gateway.routing import Plan
from ccproxy.store.providers import Snapshot
from ccproxy.store.routes import Route
from ccproxy.translate.listing import Model
from ccproxy.translate.target import Target

Lead = Callable[[str], Plan]
"""Where a name alone leads, by `Router.plan`: raises a CCProxyError for one that leads nowhere."""

_CLAUDE_CODE = ("claude-code/", "claude-cli/")
_SHOWN = re.compile("claude|anthropic", re.IGNORECASE)


def is_claude_code(user_agent: str) -> bool:
    """Whether this is Claude Code: its discovery calls itself by another name than its requests (recorded traffic)."""
    return user_agent.lower().startswith(_CLAUDE_CODE)


def listed(catalog: Catalog, snapshot: Snapshot, lead: Lead, *, aliases: bool) -> tuple[Model, ...]:
    """All names, each once: those of routes first, then the providers' in their order.

    `aliases`: for Claude Code. Takes as long as `Catalog.models`.
    """
    models = catalog.models(snapshot)
    by_id = {model.id: model for model in models}
    names = {**{model.id: model for model in _routed(snapshot, lead, by_id)}, **by_id}
    if not aliases:
        return tuple(names.values())
    for model in models:
        names[model.id] = _under(model.id, model)
        alias = _alias_of(model, snapshot)
        if alias is not None:
            names.setdefault(alias, _under(alias, model))
    # It asks for one page, and what it does not show must not fill that
    return tuple(sorted(names.values(), key=lambda model: _SHOWN.search(model.id) is None))


def leads(name: str, lead: Lead) -> bool:
    """Whether a name leads anywhere."""
    return _led(lead, name) is not None


def found(name: str, catalog: Catalog, snapshot: Snapshot, lead: Lead) -> Model:
    """The model of one name: that of a route or a provider, or an alias. Raises NotFound."""
    plan = _led(lead, name)
    if plan is None:
        return catalog.find(name, snapshot)
    if any(route.name == plan.route for route in snapshot.routes):
        return _of_route(name, plan, snapshot, {})
    target = plan.targets[0]
    if name == alias_of(target.provider, target.model):
        return _under(name, catalog.find(target.label, snapshot))
    return catalog.find(name, snapshot)


def _routed(snapshot: Snapshot, lead: Lead, known: dict[str, Model]) -> Iterator[Model]:
    """The names that lead to a route: the exact ones that it matches, and its own where asking for that leads there."""
    for route in snapshot.routes:
        for name in _names(route):
            plan = _led(lead, name)
            if plan is not None and plan.route == route.name:
                yield _of_route(name, plan, snapshot, known)


def _names(route: Route) -> Iterable[str]:
    if not route.enabled:
        return ()
    exact = [name for name in route.match.models if not is_glob(name)]
    return dict.fromkeys(exact or (route.name,))


def _of_route(name: str, plan: Plan, snapshot: Snapshot, known: dict[str, Model]) -> Model:
    """What holds whichever of the plan's targets answers: the smallest limits, and what all of them can."""
    models = [_target_model(target, snapshot, known) for target in plan.targets]
    first = models[0]
    capabilities: dict[str, Any] | UnsetType = first.capabilities
    for model in models[1:]:
        capabilities = _both(capabilities, model.capabilities)
    more = f" and {len(models) - 1} more" if len(models) > 1 else ""
    return Model(
        id=name,
        display_name=f"{name} ({first.id}{more})",
        max_input_tokens=_smallest(model.max_input_tokens for model in models),
        max_tokens=_smallest(model.max_tokens for model in models),
        capabilities=capabilities,
    )


def _target_model(target: Target, snapshot: Snapshot, known: dict[str, Model]) -> Model:
    model = known.get(target.label)
    if model is not None:
        return model
    provider = snapshot.get(target.provider)
    if provider is None:  # the router plans with the snapshot's own
        raise NotFound(f"no provider named {target.provider!r}")
    return described(provider, target.model)


def _both(one: dict[str, Any] | UnsetType, other: dict[str, Any] | UnsetType) -> dict[str, Any] | UnsetType:
    if one is UNSET or other is UNSET:
        return UNSET
    return {name: value for name, value in one.items() if other.get(name) == value}


def _smallest(limits: Iterable[int | UnsetType]) -> int | UnsetType:
    return min((limit for limit in limits if limit is not UNSET), default=UNSET)


def _alias_of(model: Model, snapshot: Snapshot) -> str | None:
    """The alias that a model is shown by; None for one that is shown anyway, or where the alias leads elsewhere."""
    if _SHOWN.search(model.id):
        return None
    provider, _, name = model.id.partition("/")
    alias = alias_of(provider, name)
    said = outright(alias, snapshot)
    return alias if said is not None and f"{said.provider.name}/{said.model}" == model.id else None


def _under(name: str, model: Model) -> Model:
    """The model under a name. Claude Code's user reads the display name only, so that says the provider too."""
    return structs.replace(model, id=name, display_name=f"{model.display_name} ({model.id.partition('/')[0]})")


def _led(lead: Lead, name: str) -> Plan | None:
    try:
        return lead(name)
    except CCProxyError:
        return None
