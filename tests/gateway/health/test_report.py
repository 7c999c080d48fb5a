"""What administrators see of a provider's health."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ccproxy.gateway.credentials.keys import fingerprint
from ccproxy.gateway.health.board import Scope
from ccproxy.gateway.health.report import report
from ccproxy.gateway.health.rules import Standing
from ccproxy.store.providers import Provider

NOW = 1_000_000.0
ONE, TWO = "sk-provider-0123456789", "sk-provider-abcdefghij"

WELL = {"state": "ok", "until": None, "reason": None, "status": None}


def rest(seconds: float) -> Standing:
    return Standing(1, NOW - 1, NOW + seconds, "api_error", 503)


def told(state: str, seconds: float) -> dict[str, Any]:
    return {
        "state": state,
        "until": datetime.fromtimestamp(NOW + seconds, UTC),
        "reason": "api_error",
        "status": 503,
    }


def provider(*keys: str, models: tuple[str, ...] = ()) -> Provider:
    return Provider(
        name="p",
        type="groq",
        api_base_url="x",
        api_key=keys[0] if keys else None,
        api_keys=keys if len(keys) > 1 else (),
        models=models,
    )


def key(name: str) -> Scope:
    return ("p", "", fingerprint(name))


CASES: list[tuple[Provider, dict[Scope, Standing], dict[str, Any]]] = [
    (provider(ONE), {}, WELL),
    (provider(), {}, WELL),
    (provider(ONE), {("q", "", ""): rest(9), ("q", "", fingerprint(ONE)): rest(9)}, WELL),
    (provider(), {("p", "", ""): rest(9)}, told("resting", 9)),
    (provider(), {("p", "", ""): rest(0)}, told("probing", 0)),
    (provider(ONE), {key(ONE): rest(9)}, told("resting", 9)),
    (provider(ONE, TWO), {key(ONE): rest(9)}, WELL),
    (provider(ONE, TWO), {key(ONE): rest(9), key(TWO): rest(4)}, told("resting", 4)),
    (provider(ONE, TWO), {key(ONE): rest(9), key(TWO): rest(-1)}, told("probing", -1)),
    (provider(ONE), {key(TWO): rest(9)}, WELL),  # one that it had before
    (provider(ONE), {("p", "m", ""): rest(9)}, WELL),  # there may be other models
    (provider(ONE, models=("m", "n")), {("p", "m", ""): rest(9)}, WELL),
    (provider(ONE, models=("m",)), {("p", "m", ""): rest(9)}, told("resting", 9)),
    (provider(ONE, models=("m", "n")), {("p", "m", ""): rest(9), ("p", "n", ""): rest(5)}, told("resting", 5)),
    (provider(ONE, models=("m",)), {("p", "m", ""): Standing(2, NOW, 0.0, "x")}, WELL),  # two strikes are no rest
]


@pytest.mark.parametrize(("one", "standings", "whole"), CASES)
def test_a_provider_rests_where_all_of_it_does(
    one: Provider, standings: dict[Scope, Standing], whole: dict[str, Any]
) -> None:
    found = report(one, standings, NOW)
    assert {name: found[name] for name in WELL} == whole


def test_parts_are_told_one_by_one() -> None:
    standings = {key(TWO): rest(9), ("p", "m", ""): rest(0), ("p", "n", ""): Standing(1, NOW, 0.0, "x")}
    found = report(provider(ONE, TWO), standings, NOW)
    assert found["targets"] == {"m": told("probing", 0)}
    assert found["keys"] == [
        {"fingerprint": fingerprint(ONE), **WELL},
        {"fingerprint": fingerprint(TWO), **told("resting", 9)},
    ]
