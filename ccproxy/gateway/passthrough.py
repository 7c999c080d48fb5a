"""What is handed on to a provider as it is: message batches and files, where a provider has them.

Which provider that is follows from the models of a new batch; what has an id is looked for with each provider in turn,
and with each of its keys, for the id does not say whose it is. Answers are read as they are wanted, never as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from ccproxy.errors import DeadlinePassed, InvalidRequest, NotFound, Unreachable, UpstreamError, UpstreamRefused
from ccproxy.gateway import rekeying
from ccproxy.gateway.connecting import connect, for_model
from ccproxy.gateway.credentials import Credentials
from ccproxy.gateway.discretion import fit_to_show
from ccproxy.gateway.upstream import Answer, Silence, Upstream
from ccproxy.store.providers import Snapshot
from ccproxy.translate import rate_limits
from ccproxy.translate.target import Target
from ccproxy.translate.wire import anthropic

What = Literal["batches", "files"]
_NAMES = {"batches": "message batches", "files": "files"}

AGAIN = 5.0
"""Seconds after which to come back where a provider has had enough and does not say for how long."""


class Passthrough:
    """The way of such requests in one worker.

    `health` knows the keys of targets; `total` bounds each request, in seconds.
    """

    def __init__(self, upstream: Upstream, credentials: Credentials, health: rekeying.Health, *, total: float) -> None:
        self._upstream = upstream
        self._credentials = credentials
        self._health = health
        self._total = total

    def ask(
        self,
        targets: list[Target],
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        looking: bool = False,
    ) -> Handed:
        """The answer of the first target that does not refuse; `path` may carry a query.

        `looking`: for what is with the account of one of a target's keys. Raises an UpstreamError where all of them
        refuse, the one that says most.
        """
        failed: UpstreamError | None = None
        deadline = time.monotonic() + self._total

        def send(keyed: Target) -> Handed:
            return self._asked(keyed, method, path, headers, body, deadline)

        for target in targets:
            try:
                return rekeying.ask(self._health, target, send, scattered=looking)
            except UpstreamError as error:
                if failed is None or failed.status == 404:
                    failed = fit_to_show(error, target)
        raise failed or NotFound("no provider was asked")

    def _asked(
        self,
        target: Target,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float,
    ) -> Handed:
        if time.monotonic() >= deadline:
            raise DeadlinePassed(f"the request took more than {self._total:g} s")
        url = target.base_url + path
        sent = self._credentials.headers(target, method, url, {**headers, **target.headers}, body or b"")
        answer = self._upstream.send(method, url, sent, body)
        if answer.status < 300:
            return Handed(target, answer, self._upstream.idle, deadline)
        said = answer.read_all(deadline)
        error: UpstreamRefused = anthropic.decode_error(answer.status, answer.headers, said, now=time.time())
        error.headers = {**rate_limits.headers(answer.headers, time.time()), **error.headers}
        if error.status == 429 and error.retry_after is None:
            error.retry_after = AGAIN
        raise error


class Handed:
    """A provider's answer that is handed on: its head, and its body as it comes or as a whole."""

    def __init__(self, target: Target, answer: Answer, idle: float, deadline: float) -> None:
        self.target = target
        self.status = answer.status
        self.headers = answer.headers
        self.limits = rate_limits.headers(answer.headers, time.time())
        self._answer = answer
        self._idle = idle
        self._deadline = deadline

    def whole(self) -> bytes:
        """The whole body. Raises an UpstreamError."""
        return self._answer.read_all(self._deadline)

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes. Raises an UpstreamError where it ends early."""
        while True:
            left = self._deadline - time.monotonic()
            try:
                piece = self._answer.read(min(self._idle, left)) if left > 0 else None
            except Silence:
                piece = None
            if piece is None:
                raise DeadlinePassed("the provider's answer did not end in time")
            if not piece:
                break
            yield piece
        if self._answer.cut:
            raise Unreachable("the provider cut the connection in the middle of its answer")

    def close(self) -> None:
        """Let go of the upstream."""
        self._answer.close()


def having(what: What, snapshot: Snapshot) -> list[Target]:
    """The enabled providers that have it, without a model. Raises NotFound where there is none."""
    found = []
    for provider in snapshot.enabled:
        try:
            target = for_model(connect(provider), "")
        except NotFound:
            continue  # set up in a way that this version can make nothing of
        if _has(target, what):
            found.append(target)
    if not found:
        raise NotFound(
            f"{_NAMES[what]}: no enabled provider has them; they are passed on to one that speaks Anthropic's API "
            f"and has them (type anthropic, or options.{what})"
        )
    return found


def leading(models: list[str], plan: Callable[[str], Target]) -> tuple[Target, dict[str, str]]:
    """Where the requests of a new batch go: the provider, and its name of each model.

    `models` are as the client named them, one a request; `plan` finds the target of a name. Raises InvalidRequest
    where they lead to several providers, NotFound where theirs has no batches.
    """
    if not models:
        raise InvalidRequest("requests: at least one request is required")
    targets = {model: plan(model) for model in dict.fromkeys(models)}
    first = targets[models[0]]
    for place, model in enumerate(models):
        if targets[model].provider != first.provider:
            raise InvalidRequest(
                f"requests.{place}.params.model: {model!r} leads to provider {targets[model].provider!r}, and "
                f"requests.0 to {first.provider!r}; all requests of a batch must lead to one"
            )
    if not _has(first, "batches"):
        raise NotFound(f"message batches: provider {first.provider!r} has none")
    return first, {model: target.model for model, target in targets.items()}


def _has(target: Target, what: What) -> bool:
    return target.wire == "anthropic" and bool(getattr(target.dialect, what))
