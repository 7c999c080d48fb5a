"""What of a provider's health administrators see. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ccproxy.gateway.credentials import keys
from ccproxy.gateway.health.board import Scope
from ccproxy.gateway.health.rules import Standing
from ccproxy.store.providers import Provider

OK = "ok"
RESTING = "resting"
PROBING = "probing"

_WORSE = (OK, PROBING, RESTING)
_WELL: Mapping[str, Any] = {"state": OK, "until": None, "reason": None, "status": None}


def report(provider: Provider, standings: Mapping[Scope, Standing], now: float) -> dict[str, Any]:
    """`state` of the provider as a whole, with `until` and `reason`; `targets` by model, without those that are well;
    `keys`, one for each: `fingerprint`, `state`, `until`, `reason`. Moments are aware datetimes.

    State `probing`: a rest is over, and the next answer decides. The provider rests where all that is known of it does:
    all its keys, or each of the models that its row lists.
    """
    mine = {scope: standing for scope, standing in standings.items() if scope[0] == provider.name}
    found = [_said(mine.get((provider.name, "", keys.fingerprint(key))), now) for key in provider.keys]
    targets = {model: said for model in _models(mine) if (said := _model(provider, model, mine, now))["state"] != OK}
    whole = _said(mine.get((provider.name, "", "")), now)
    parts: list[Mapping[str, Any]] = [whole]
    if found:
        parts.append(_best(found))
    if targets and provider.models:
        parts.append(_best([targets.get(model, _WELL) for model in provider.models]))
    worst = max(parts, key=lambda said: _WORSE.index(said["state"]))
    listed = [{"fingerprint": keys.fingerprint(key), **said} for key, said in zip(provider.keys, found, strict=True)]
    return {**worst, "targets": targets, "keys": listed}


def _models(mine: Mapping[Scope, Standing]) -> Iterable[str]:
    return dict.fromkeys(model for _, model, _ in mine if model)


def _model(provider: Provider, model: str, mine: Mapping[Scope, Standing], now: float) -> Mapping[str, Any]:
    """A model rests as a whole, or where no key may have it."""
    grants = [_said(mine.get((provider.name, model, keys.fingerprint(key))), now) for key in provider.keys]
    parts = [_said(mine.get((provider.name, model, "")), now), *([_best(grants)] if grants else [])]
    return max(parts, key=lambda said: _WORSE.index(said["state"]))


def _said(standing: Standing | None, now: float) -> dict[str, Any]:
    if standing is None or not standing.until:
        return dict(_WELL)
    return {
        "state": RESTING if standing.rests(now) else PROBING,
        "until": datetime.fromtimestamp(standing.until, UTC),
        "reason": standing.reason,
        "status": standing.status,
    }


def _best(said: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return min(said, key=lambda one: (_WORSE.index(one["state"]), one["until"] or datetime.min.replace(tzinfo=UTC)))
