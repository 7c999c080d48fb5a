"""Which models a client key may use: what it asks for, or else where that leads, must fit one of the key's globs. Pure.

Whoever may ask for a name may go wherever administrators' routes lead it. A name that says its provider outright, an
alias too, is no route of anybody's: there it is the target that must fit. So is it for globs with a slash, which speak
of providers, whether there is one of that name or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec import structs

from ccproxy.errors import Forbidden, NotFound
from ccproxy.gateway import names
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.matching import OUTRIGHT
from ccproxy.gateway.routing import Plan, Router
from ccproxy.store.client_keys import ClientKey
from ccproxy.store.providers import Snapshot

_REMEMBERED = 1024


def planned(router: Router, asked: Asked, snapshot: Snapshot, key: ClientKey | None) -> Plan:
    """`Router.plan`, as far as the key may use it. Raises as that does, and Forbidden where nothing is left.

    A key that may not use all is told only of what it may: neither of other models nor of why there is none.
    """
    try:
        plan = router.plan(asked, snapshot)
    except NotFound as error:
        if key is None or not key.models:
            raise
        told = f"model: {asked.model[:200]!r} leads nowhere here; the key {key.name!r} may use {names.some(key.models)}"
        there = list(_usable(snapshot, key.models))
        raise NotFound(f"{told}, of which there is: {names.some(there)}" if there else told) from error
    return permitted(plan, asked.model, key)


def permitted(plan: Plan, model: str, key: ClientKey | None) -> Plan:
    """The plan, or what of it the key may use. `model` as it was asked for. Raises Forbidden where that is nothing."""
    if key is None or not key.models:
        return plan
    of_names = _of_names(key.models)
    if plan.route != OUTRIGHT and _fits(of_names, names.spellings(model)):
        return plan
    places = [place for place, target in enumerate(plan.targets) if _fits(key.models, names.spellings(target.label))]
    if not places:
        raise Forbidden(f"model: the key {key.name!r} may not use {model[:200]!r}; it may use {names.some(key.models)}")
    if len(places) == len(plan.targets):
        return plan
    weights = tuple(plan.weights[place] for place in places) if plan.weights else ()
    return structs.replace(plan, targets=tuple(plan.targets[place] for place in places), weights=weights)


def _usable(snapshot: Snapshot, globs: tuple[str, ...]) -> Iterator[str]:
    """The names of models that providers list and a key may use, in the form in which it may."""
    of_names = _of_names(globs)
    for provider in snapshot.enabled:
        for model in provider.models:
            label = f"{provider.name}/{model}"
            if _fits(globs, names.spellings(label)):
                yield label
            elif _fits(of_names, names.spellings(model)):
                yield model


def _of_names(globs: tuple[str, ...]) -> tuple[str, ...]:
    """Those that do not speak of providers."""
    return tuple(glob for glob in globs if "/" not in glob)


def _fits(globs: tuple[str, ...], spellings: Iterable[str]) -> bool:
    return any(pattern.fullmatch(name) for pattern in _patterns(globs) for name in spellings)


@lru_cache(_REMEMBERED)
def _patterns(globs: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(names.pattern(glob) for glob in globs)
