"""Which models there are: those of all enabled providers, for GET /v1/models.

A provider whose row lists models has those; of the others the list is fetched from the provider, all at once, page by
page, and kept for a while. What a list does not say of a model is filled from its dialect. Clients give the whole call
three seconds, so a provider that is slow or fails is left out of the answer (or keeps its last list) and never spoils
it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import gevent
import structlog
from gevent import Greenlet
from msgspec import Struct

from ccproxy import presets
from ccproxy.errors import CCProxyError, DeadlinePassed, InvalidRequest, NotFound, UpstreamRefused
from ccproxy.gateway import rekeying
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.wires import RELAYING, wire_of
from ccproxy.store.providers import Provider, Snapshot
from ccproxy.translate import listing
from ccproxy.translate.listing import Listed, Model
from ccproxy.translate.target import Target
from ccproxy.translate.wire.anthropic.request import VERSION

Get = Callable[[str, Mapping[str, str], float], tuple[int, bytes]]
Authorize = Callable[[Target, str, str, Mapping[str, str], bytes], Mapping[str, str]]

TIMEOUT = 2.5
"""Seconds for the providers' answers: Claude Code's discovery gives up after 3."""
FRESH = 300.0
FAILED = 30.0
PAGES = 20
"""Pages of one list that are fetched at most."""


class Page(Struct, frozen=True, kw_only=True):
    """One page of models, as the Messages API shows it."""

    data: tuple[Model, ...]
    has_more: bool
    first_id: str | None
    last_id: str | None


class _Held(Struct, frozen=True):
    """A provider's list: the row that it was fetched for, and until when (monotonic seconds) it counts."""

    provider: Provider
    models: tuple[Model, ...]
    until: float


class Catalog:
    """The models of one worker's providers.

    `get` sends a GET (URL, headers, timeout in seconds) and gives status and body, or raises; `authorize` gives the
    headers for a target's request (as `Credentials.headers`); `health` knows the keys of targets; `clock` counts
    seconds. Lists are kept for `fresh` seconds, failures for `failed`; a change of the provider's row drops them at
    once.
    """

    def __init__(
        self,
        get: Get,
        authorize: Authorize = lambda _target, _method, _url, headers, _body: headers,
        health: rekeying.Health | None = None,
        *,
        timeout: float = TIMEOUT,
        fresh: float = FRESH,
        failed: float = FAILED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._get = get
        self._authorize = authorize
        self._health = health
        self._timeout = timeout
        self._fresh = fresh
        self._failed = failed
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._fetching: dict[str, tuple[Provider, Greenlet[..., None]]] = {}

    def models(self, snapshot: Snapshot) -> tuple[Model, ...]:
        """All models, in the order of their providers. Takes `timeout` seconds at most."""
        self._forget(snapshot)
        return self._of(snapshot.enabled)

    def find(self, name: str, snapshot: Snapshot) -> Model:
        """The model `provider/model` (or `provider,model`), or a bare name that a provider's row lists.

        Raises NotFound.
        """
        for mark in ("/", ","):
            provider = snapshot.get(name.partition(mark)[0])
            if provider is not None and provider.enabled:
                wanted = f"{provider.name}/{name.partition(mark)[2]}"
                for model in self._of((provider,)):
                    if model.id == wanted:
                        return model
        for provider in snapshot.enabled:
            if name in provider.models:
                return next(model for model in self._of((provider,)) if model.id == f"{provider.name}/{name}")
        raise NotFound(f"model: {name!r} is not known here; GET /v1/models lists what there is")

    def _of(self, providers: Sequence[Provider]) -> tuple[Model, ...]:
        running = [fetch for provider in providers if (fetch := self._refresh(provider)) is not None]
        # Whatever `get` does with its timeout, the client gets its answer
        gevent.joinall(running, timeout=self._timeout)
        return tuple(model for provider in providers for model in self._known(provider))

    def _known(self, provider: Provider) -> tuple[Model, ...]:
        held = self._held.get(provider.name)
        return held.models if held is not None and held.provider == provider else ()

    def _refresh(self, provider: Provider) -> Greenlet[..., None] | None:
        """The fetch that is to be waited for: a new one, the one that is under way, or none."""
        held = self._held.get(provider.name)
        if held is not None and held.provider == provider and self._clock() < held.until:
            return None
        if provider.models:
            models = _completed(provider, listing.named(provider.name, provider.models))
            self._held[provider.name] = _Held(provider, models, math.inf)
            return None
        under_way = self._fetching.get(provider.name)
        if under_way is not None and under_way[0] == provider:
            return under_way[1]
        fetch = gevent.spawn(self._fetch, provider)
        self._fetching[provider.name] = (provider, fetch)
        return fetch

    def _fetch(self, provider: Provider) -> None:
        """Fetch and hold a provider's list; after a failure its last list, or none, is held for a short while."""
        try:
            models, lasts = self.fetch(provider), self._fresh
        except CCProxyError as error:
            structlog.get_logger().warning("models cannot be listed", provider=provider.name, error=error.logged)
            models, lasts = self._known(provider), self._failed
        finally:
            # A row that changed meanwhile has started a fetch of its own
            current = self._fetching.get(provider.name, (None, None))[0] == provider
            if current:
                del self._fetching[provider.name]
        if current:
            self._held[provider.name] = _Held(provider, models, self._clock() + lasts)

    def fetch(self, provider: Provider) -> tuple[Model, ...]:
        """The list as the provider gives it now. Takes `timeout` seconds at most; raises what went wrong."""
        target = connect(provider)
        preset = presets.find(provider.type)
        if preset is None or target.dialect.deployments:
            return ()  # requests name deployments there, and the list holds the models that could be deployed
        until = self._clock() + self._timeout
        answers: list[Any] = []
        for url in presets.model_lists(preset, target.base_url, provider.options):
            pages: list[Any] = []
            try:
                rekeying.ask(self._health, target, partial(self._pages, url=url, until=until, pages=pages))
            except CCProxyError as error:
                if not answers and not pages:
                    raise
                structlog.get_logger().warning(
                    "some models cannot be listed", provider=provider.name, error=error.logged
                )
            answers += pages
        return _completed(provider, listing.read(answers, provider.name))

    def _pages(self, target: Target, *, url: str, until: float, pages: list[Any]) -> None:
        """Fill `pages` with a list's answers, up to its last page. What goes wrong is raised, those before it stay."""
        pages.clear()  # of another key's list, which is another one
        further: dict[str, str] = {}
        for _ in range(PAGES):
            left = until - self._clock()
            if left <= 0:
                raise DeadlinePassed(f"the provider did not list its models within {self._timeout:g} s")
            mark = "&" if "?" in url else "?"
            asked = url + (mark + urlencode(further, quote_via=quote, safe="") if further else "")
            headers = self._authorize(target, "GET", asked, _with_version(target), b"")
            status, body = self._get(asked, headers, left)
            if status != 200:
                refused: UpstreamRefused = wire_of(target).decode_error(status, {}, body)
                raise refused
            pages.append(listing.parsed(body))
            former, further = further, listing.following(pages[-1])
            if not further or further == former:
                return

    def _forget(self, snapshot: Snapshot) -> None:
        """Let go of the lists of providers that are no more."""
        for name in [name for name in self._held if snapshot.get(name) is None]:
            del self._held[name]


def _with_version(target: Target) -> Mapping[str, str]:
    """The target's headers, with the one without which Anthropic's API answers nothing."""
    return {"anthropic-version": VERSION, **target.headers} if target.wire == "anthropic" else target.headers


def _completed(provider: Provider, models: Sequence[Listed]) -> tuple[Model, ...]:
    """The models, each with what its dialect knows of it; as they are where nothing is known of the provider's type."""
    try:
        target = connect(provider)
    except CCProxyError:
        return tuple(listed.model for listed in models)
    preset = presets.find(provider.type)
    # What runs on a server of one's own, which wants no key, nobody knows.
    believed = (
        preset is not None and bool(preset.base_url) and (preset.key_required or preset.auth in ("aws", "google"))
    )
    completed = []
    for listed in models:
        spoken = for_model(target, listed.name)
        completed.append(
            listing.completed(
                listed,
                spoken.dialect,
                relays=spoken.wire in RELAYING,
                believed=believed,
                window=spoken.dialect.context_window or presets.context_window(provider.type, listed.name),
            )
        )
    return tuple(completed)


def described(provider: Provider, name: str) -> Model:
    """What is known of one of a provider's models without asking it."""
    return _completed(provider, listing.named(provider.name, (name,)))[0]


def page(models: Sequence[Model], *, limit: int, after_id: str | None = None, before_id: str | None = None) -> Page:
    """The `limit` models behind `after_id`, or those right before `before_id`, or the first ones.

    Raises InvalidRequest for an id that is not in the list.
    """
    if after_id is not None and before_id is not None:
        raise InvalidRequest("before_id: cannot be combined with after_id")
    if before_id is not None:
        end = _place(models, "before_id", before_id)
        start = max(0, end - limit)
        more = start > 0
    else:
        start = 0 if after_id is None else _place(models, "after_id", after_id) + 1
        end = start + limit
        more = end < len(models)
    data = tuple(models[start:end])
    return Page(
        data=data,
        has_more=more,
        first_id=data[0].id if data else None,
        last_id=data[-1].id if data else None,
    )


def _place(models: Sequence[Model], parameter: str, wanted: str) -> int:
    for place, model in enumerate(models):
        if model.id == wanted:
            return place
    raise InvalidRequest(f"{parameter}: there is no model {wanted[:200]!r} in the list")
