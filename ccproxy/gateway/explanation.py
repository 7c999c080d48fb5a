"""What would become of a request: the route that takes it and why, and what each of its targets would be sent.

Nothing is sent and nobody is asked, not even for a token. The requests are those that an exchange would make, for they
are made by the same hands; what authorizes them is left out of what is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import gevent
import msgspec
from msgspec import Raw, Struct

from ccproxy import presets
from ccproxy.errors import InvalidRequest
from ccproxy.gateway.asked import Asked
from ccproxy.gateway.call import Call, Incoming, prepare
from ccproxy.gateway.credentials import made_anew
from ccproxy.gateway.routing import Plan
from ccproxy.gateway.upstream import COMMON
from ccproxy.translate import overrides, tokens
from ccproxy.translate.effort import Wish
from ccproxy.translate.target import Target

MASK = "…"
"""What stands in place of a secret."""

_SECRET = 12
"""Characters from which on a secret is looked for in texts; shorter ones would cut words to pieces."""


class Facts(Struct, frozen=True):
    """What routing goes by. `thinking` and `effort` as the client said them; `input_tokens` is an estimate."""

    model: str
    thinking: str | None
    effort: str | None
    image: bool
    web_search: bool
    background: bool
    agent: str
    input_tokens: int


class Session(Struct, frozen=True):
    """The client's conversation, and the target that it was at before."""

    id: str
    target: str | None


class Condition(Struct, frozen=True):
    """A target's health: `ok`, `resting` or `probing`, with the end of the rest and its reason."""

    state: str = "ok"
    until: datetime | None = None
    reason: str | None = None


class Sent(Struct, frozen=True):
    """A request to a provider, without what authorizes it. `body` is JSON, or text where it is none."""

    method: str
    url: str
    headers: dict[str, str]
    body: Raw | str


class Cost(Struct, frozen=True):
    """What the request would cost by the public price list, if nothing of it lies in the provider's cache."""

    input: float
    output_at_most: float | None
    currency: str = "USD"


class Considered(Struct, frozen=True):
    """One target. `upstream` is None where nothing would be sent, for it is `refused` or `ready` without asking, and
    for those who may not see it.
    """

    provider: str
    model: str
    state: str
    until: datetime | None
    reason: str | None
    key: str | None
    parameters: Mapping[str, Any]
    upstream: Sent | None
    losses: tuple[str, ...]
    refused: str | None
    ready: bool
    input_tokens: int
    cost: Cost | None


class Explanation(Struct, frozen=True):
    """The whole; `targets` in the order in which they would be tried."""

    route: str
    why: str
    strategy: str
    facts: Facts
    session: Session | None
    targets: list[Considered]


class Views(Struct, frozen=True):
    """How what is known elsewhere is seen here: a target's health, its next key as it may be shown, and what so many
    tokens in and out cost there. `whole`: requests to providers may be seen too.
    """

    condition: Callable[[Target], Condition]
    key: Callable[[Target], str | None]
    cost: Callable[[Target, int, int], float | None]
    whole: bool = True


def explain(
    incoming: Incoming, asked: Asked, plan: Plan, ordered: Iterable[Target], former: Target | None, views: Views
) -> Explanation:
    """The explanation of a request that has a plan, whose targets would be tried in the order `ordered`."""
    return Explanation(
        route=plan.route,
        why=plan.why if views.whole else plan.why.partition("; ")[0],  # behind it, what is not to be had
        strategy=plan.strategy,
        facts=_facts(incoming, asked),
        session=Session(incoming.session, former.label if former else None) if incoming.session else None,
        targets=[_in_turn(incoming, target, views) for target in ordered],
    )


def condition(report: Mapping[str, Any], target: Target, in_service: bool) -> Condition:
    """The condition of a target, out of the report on its provider's health."""
    if in_service:
        return Condition()
    found = report["targets"].get(target.model, report)
    return Condition(found["state"], found["until"], found["reason"])


def _facts(incoming: Incoming, asked: Asked) -> Facts:
    request = incoming.parsed.request
    return Facts(
        model=asked.model,
        thinking=request.thinking.type if request.thinking else None,
        effort=Wish.of(request).effort,
        image=asked.image,
        web_search=asked.web_search,
        background=bool(asked.background),
        agent="subagent" if asked.subagent else "main",
        input_tokens=asked.estimated,
    )


def _in_turn(incoming: Incoming, target: Target, views: Views) -> Considered:
    """The target; then the others have their turn, for a route may have a hundred and a request megabytes."""
    considered = _considered(incoming, target, views)
    gevent.sleep(0)
    return considered


def _considered(incoming: Incoming, target: Target, views: Views) -> Considered:
    call: Call | None = None
    refused = None
    try:
        call = prepare(incoming, target)
    except InvalidRequest as error:
        refused = error.message
    asks = call is not None and call.ready is None
    known = views.condition(target)
    return Considered(
        provider=target.provider,
        model=target.model,
        state=known.state,
        until=known.until,
        reason=known.reason,
        key=views.key(target),
        parameters=target.parameters,
        upstream=_sent(call) if call is not None and asks and views.whole else None,
        losses=call.request.losses if call is not None else (),
        refused=refused,
        ready=call is not None and not asks,
        input_tokens=_size(incoming, target, call),
        cost=_cost(call, views) if call is not None and asks else None,
    )


def _size(incoming: Incoming, target: Target, call: Call | None) -> int:
    if call is not None:
        return call.context.input_tokens
    return tokens.estimate(overrides.applied(incoming.parsed, target.parameters).request, target.label)


def _sent(call: Call) -> Sent:
    target, request = call.target, call.request
    return Sent(
        method=request.method,
        url=_masked(target.base_url + request.path, target.secrets),
        headers=_headers(target, request.headers),
        body=_body(request.body, target.secrets),
    )


def _headers(target: Target, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers in lower case; of those that the administrator gave, and of what authorizes, the names only."""
    preset = presets.find(target.kind)
    plain = preset.headers if preset is not None else {}
    shown = {name.lower(): value for name, value in COMMON.items()}
    for name, value in headers.items():
        own = name in target.headers and plain.get(name) != value
        shown[name.lower()] = MASK if own else _masked(value, target.secrets)
    for name in made_anew(target):
        shown.setdefault(name, MASK)
    return shown


def _body(body: bytes, secrets: Iterable[str]) -> Raw | str:
    text = _masked(body.decode("utf-8", "replace"), secrets)
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return Raw(text.encode())


def _masked(text: str, secrets: Iterable[str]) -> str:
    """The text without the target's secrets, which options may have put there, as they are and as JSON writes them."""
    for secret in secrets:
        if len(secret) >= _SECRET:
            text = text.replace(secret, MASK).replace(msgspec.json.encode(secret)[1:-1].decode(), MASK)
    return text


def _cost(call: Call, views: Views) -> Cost | None:
    target = call.target
    size, most = call.context.input_tokens, call.max_tokens
    limit = target.dialect.max_output_tokens
    if most is not None and limit:
        most = min(most, limit)
    prompt, whole = views.cost(target, size, 0), views.cost(target, size, most or 0)
    if prompt is None or whole is None:
        return None
    return Cost(_rounded(prompt), _rounded(whole - prompt) if most is not None else None)


def _rounded(dollars: float) -> float:
    return round(dollars, 8)
