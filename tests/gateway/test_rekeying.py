from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from ccproxy.errors import DeadlinePassed, Unreachable, UpstreamError, UpstreamRefused
from ccproxy.gateway import rekeying
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.health import Health
from ccproxy.gateway.health.rules import SET_ASIDE
from ccproxy.store.providers import Provider
from ccproxy.translate.target import Target

KEYS = ("sk-provider-aaaaaaaaaa", "sk-provider-bbbbbbbbbb", "sk-provider-cccccccccc")
ONE, TWO, THREE = KEYS
Refuse = Callable[[str | None], UpstreamError | None]


def target(keys: Sequence[str] = KEYS) -> Target:
    row = Provider(name="p", type="openai-chat", api_base_url="http://p.test/v1", api_key=keys[0], api_keys=tuple(keys))
    return for_model(connect(row), "m")


def refused(status: int, message: str = "no", **more: float) -> UpstreamRefused:
    return UpstreamRefused(message, status=status, type="api_error", upstream_status=status, **more)  # type: ignore[arg-type]


class Provided:
    """A provider that refuses what `refusals` say by key, and remembers who asked."""

    def __init__(self, **refusals: UpstreamError) -> None:
        self.asked: list[str | None] = []
        self._refusals = dict(zip(KEYS, (refusals.get(name) for name in ("one", "two", "three")), strict=True))

    def __call__(self, keyed: Target) -> str:
        assert keyed.headers["authorization"] == f"Bearer {keyed.key}"
        assert keyed.keys in (KEYS, (ONE,), ())
        self.asked.append(keyed.key)
        refusal = self._refusals[keyed.key or ""]
        if refusal is not None:
            raise refusal
        return f"answer to {keyed.key}"


def states(health: Health) -> list[str]:
    row = Provider(name="p", type="openai-chat", api_base_url="x", api_key=ONE, api_keys=KEYS)
    return [key["state"] for key in health.report(row)["keys"]]


@pytest.fixture
def health() -> Health:
    return Health(None)


def test_the_first_key_that_is_in_service_is_asked_with(health: Health) -> None:
    provider = Provided()
    assert rekeying.ask(health, target(), provider) == f"answer to {ONE}"
    assert rekeying.ask(health, target(), provider) == f"answer to {ONE}"
    admitted = health.admit(target(), None, False)
    assert admitted is not None
    assert admitted.key == ONE  # nobody's turn was used up
    health.failed(admitted, refused(401))
    assert rekeying.ask(health, target(), provider) == f"answer to {TWO}"
    assert provider.asked == [ONE, ONE, TWO]


@pytest.mark.parametrize(
    "error", [refused(401), refused(402), refused(400, "Your credit balance is too low to access the API")]
)
def test_a_key_that_is_refused_is_set_aside_and_the_next_one_asked_with(health: Health, error: UpstreamError) -> None:
    provider = Provided(one=error)
    assert rekeying.ask(health, target(), provider) == f"answer to {TWO}"
    assert states(health) == ["resting", "ok", "ok"]
    assert rekeying.ask(health, target(), provider) == f"answer to {TWO}"
    assert provider.asked == [ONE, TWO, TWO]


@pytest.mark.parametrize(
    "error",
    [
        refused(403),
        refused(401, "You have insufficient permissions for this operation. Missing scopes: api.model.read."),
    ],
)
def test_a_key_that_may_do_nothing_but_messages_stays_in_service(health: Health, error: UpstreamError) -> None:
    provider = Provided(one=error)
    assert rekeying.ask(health, target(), provider) == f"answer to {TWO}"
    assert states(health) == ["ok", "ok", "ok"]
    assert provider.asked == [ONE, TWO]


@pytest.mark.parametrize(
    "error", [refused(400), refused(404), refused(429, retry_after=60.0), refused(500), Unreachable("gone"),
              DeadlinePassed("late")]
)  # fmt: skip
def test_what_is_not_the_keys_fault_is_told_at_once(health: Health, error: UpstreamError) -> None:
    provider = Provided(one=error)
    with pytest.raises(type(error)) as raised:
        rekeying.ask(health, target(), provider)
    assert raised.value is error
    assert provider.asked == [ONE]
    assert states(health) == ["ok", "ok", "ok"]


@pytest.mark.parametrize("error", [refused(404), refused(429), refused(500), refused(401), refused(403)])
def test_what_is_with_one_account_is_looked_for_with_each_key(health: Health, error: UpstreamError) -> None:
    provider = Provided(one=error, two=refused(404))
    assert rekeying.ask(health, target(), provider, scattered=True) == f"answer to {THREE}"
    assert provider.asked == [ONE, TWO, THREE]
    assert states(health)[1:] == ["ok", "ok"]


@pytest.mark.parametrize("error", [Unreachable("gone"), DeadlinePassed("late")])
def test_nothing_is_looked_for_where_nobody_answers(health: Health, error: UpstreamError) -> None:
    provider = Provided(one=error)
    with pytest.raises(type(error)):
        rekeying.ask(health, target(), provider, scattered=True)
    assert provider.asked == [ONE]


def test_each_key_is_tried_once_and_those_that_rest_at_last(health: Health) -> None:
    one, two, three = refused(401, "one"), refused(401, "two"), refused(403, "three")
    health.failed(target(), one)
    provider = Provided(one=one, two=two, three=three)
    for asked, first in ([TWO, THREE, ONE], two), ([THREE, TWO, ONE], three):
        with pytest.raises(UpstreamRefused) as raised:
            rekeying.ask(health, target(), provider)
        assert raised.value is first
        assert provider.asked == asked
        provider.asked.clear()


@pytest.mark.parametrize(("one", "two", "status"), [(404, 401, 401), (401, 404, 401), (404, 404, 404), (429, 401, 429)])
def test_the_error_that_says_most_is_raised(health: Health, one: int, two: int, status: int) -> None:
    provider = Provided(one=refused(one), two=refused(two), three=refused(404))
    with pytest.raises(UpstreamRefused) as raised:
        rekeying.ask(health, target(), provider, scattered=True)
    assert raised.value.status == status


@pytest.mark.parametrize("keys", [(ONE,), KEYS])
def test_the_only_key_is_for_messages_to_judge(health: Health, keys: tuple[str, ...]) -> None:
    provider = Provided(one=refused(401))
    nobody = health if len(keys) == 1 else None
    with pytest.raises(UpstreamRefused):
        rekeying.ask(nobody, target(keys), provider)
    assert provider.asked == [ONE]
    assert states(health)[0] == "ok"


def test_a_key_whose_rest_is_over_is_asked_with_again() -> None:
    now = 1000.0
    health = Health(None, clock=lambda: now)
    provider = Provided(one=refused(401))
    rekeying.ask(health, target(), provider)
    now += SET_ASIDE + 1
    assert rekeying.ask(health, target(), provider) == f"answer to {TWO}"
    assert provider.asked == [ONE, TWO, ONE, TWO]
    assert states(health)[0] == "resting"
