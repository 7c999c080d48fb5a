"""Which models a client key may use: what it asks for, or else where that leads, must fit one of the key's globs. Pure.

Whoever may ask for a name may go wherever administrators' routes lead it. A name that says its provider outright, an
alias too, is no route of anybody's: there it is the target that must fit. So is it for globs with a slash, which speak
of providers, whether there is one of that name or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec import structs

from ccproxy.errors import Forbidden
from ccproxy.gateway import names
from ccproxy.gateway.matching import OUTRIGHT
from ccproxy.gateway.routing import Plan
from ccproxy.store.client_keys import ClientKey

_REMEMBERED = 1024
_SHOWN = 20


def permitted(plan: Plan, model: str, key: ClientKey | None) -> Plan:
    """The plan, or what of it the key may use. `model` as it was asked for. Raises Forbidden where that is nothing."""
    if key is None or not key.models:
        return plan
    of_names = tuple(glob for glob in key.models if "/" not in glob)
    if plan.route != OUTRIGHT and _fits(of_names, names.spellings(model)):
        return plan
    places = [place for place, target in enumerate(plan.targets) if _fits(key.models, names.spellings(target.label))]
    if not places:
        raise Forbidden(f"model: the key {key.name!r} may not use {model[:200]!r}; it may use {_shown(key.models)}")
    if len(places) == len(plan.targets):
        return plan
    weights = tuple(plan.weights[place] for place in places) if plan.weights else ()
    return structs.replace(plan, targets=tuple(plan.targets[place] for place in places), weights=weights)


def _fits(globs: tuple[str, ...], spellings: Iterable[str]) -> bool:
    return any(pattern.fullmatch(name) for pattern in _patterns(globs) for name in spellings)


@lru_cache(_REMEMBERED)
def _patterns(globs: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(names.pattern(glob) for glob in globs)


def _shown(globs: tuple[str, ...]) -> str:
    more = len(globs) - _SHOWN
    return ", ".join(globs[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
