"""Whether a provider works: tiny real requests over its wire, and what came of each, in its own words.

Asks for its models, then for one word whole, for the same as a stream, and for a call of a tool. What the first answer
shows of the target and its key, health learns like from any other request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import gevent
import msgspec
import structlog
from msgspec import Struct

from ccproxy.errors import CCProxyError, DeadlinePassed, InvalidRequest, UpstreamError, UpstreamRefused
from ccproxy.gateway.call import Call, Caller, Finished, Incoming, prepare
from ccproxy.gateway.catalog import Catalog
from ccproxy.gateway.connecting import connect, for_model, with_key
from ccproxy.gateway.discretion import fit_to_show
from ccproxy.gateway.health import Health
from ccproxy.gateway.upstream import Silence
from ccproxy.store.providers import Provider
from ccproxy.translate.parse import Parsed, parse
from ccproxy.translate.target import Target

TOTAL = 60.0
"""Seconds for all of it."""
STEP = 25.0
"""Seconds for one request."""
LISTING = 10.0
SHOWN = 10
"""Models of its list that are shown."""
MOST = 512
"""Tokens that an answer may have: a model that thinks by itself needs some before its first word."""

T = TypeVar("T")

Tell = Callable[[str, Struct], object]
"""Hears of each finding as it comes: `models`, `answer`, `streaming` and `tools`, each as in the Outcome."""

_WORD = "Reply with the single word ok."
_CALL = "Call the tool `report` with the word ok."
_TOOL = {
    "name": "report",
    "description": "Reports a word.",
    "input_schema": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
}


class Fault(Struct, frozen=True):
    """What went wrong. `status` is the provider's, None where it gave none; the message holds no secret."""

    type: str
    message: str
    status: int | None = None


class Step(Struct, frozen=True):
    """What came of one request."""

    ok: bool
    latency_ms: float | None = None
    error: Fault | None = None


class Streaming(Struct, frozen=True):
    """What came of a stream; `latency_ms` is when it ended."""

    ok: bool
    latency_ms: float | None = None
    error: Fault | None = None
    first_byte_ms: float | None = None


class Models(Struct, frozen=True):
    """What the provider lists."""

    count: int = 0
    first: tuple[str, ...] = ()
    error: Fault | None = None


class Outcome(Struct, frozen=True):
    """What came of the trial. `ok`: the provider answered. `key` is the place of the key in its row.

    `streaming` and `tools` are None where they were not tried, because the first request had failed.
    """

    ok: bool
    provider: str
    model: str | None
    key: int | None
    latency_ms: float | None
    models: Models
    streaming: Streaming | None
    tools: Step | None
    error: Fault | None


def _untold(_name: str, _finding: Struct) -> None:
    pass


class Trial:
    """Trials of one worker. `catalog` fetches lists, and should give up after LISTING seconds."""

    def __init__(self, caller: Caller, catalog: Catalog, health: Health) -> None:
        self._caller = caller
        self._catalog = catalog
        self._health = health

    def run(
        self, provider: Provider, model: str | None, key: int | None, request_id: str, tell: Tell = _untold
    ) -> Outcome:
        """Try a provider, enabled or not, with its `model` (default: its first) and the key at that place in its row.

        Takes TOTAL seconds at most. Raises InvalidRequest for a key that there is not.
        """
        held = provider.keys
        if key is not None and key >= len(held):
            raise InvalidRequest(f"key: provider {provider.name!r} has {len(held)}, and they are counted from 0")
        place = key or 0
        one = replace(provider, api_key=held[place], api_keys=()) if held else provider
        deadline = time.monotonic() + TOTAL
        listing = gevent.spawn(self._list, one, tell)
        try:
            name = model or (provider.models[0] if provider.models else None) or listing.get()[1]
            if (
                name is None and (found := listing.get()[0]).error is not None
            ):  # which says more than that there is none
                return Outcome(
                    False, provider.name, None, place if held else None, None, found, None, None, found.error
                )
            run = _Run(self._caller, provider, name, held[place] if held else None, deadline, request_id)
            whole, streaming, tools = self._steps(run, tell)
            models, _ = listing.get()
        finally:
            listing.kill(block=False)
        structlog.get_logger().info("provider tested", provider=provider.name, model=name, ok=whole.ok)
        return Outcome(
            ok=whole.ok,
            provider=provider.name,
            model=name,
            key=place if held else None,
            latency_ms=whole.latency_ms,
            models=models,
            streaming=streaming,
            tools=tools,
            error=whole.error,
        )

    def _steps(self, run: _Run, tell: Tell) -> tuple[Step, Streaming | None, Step | None]:
        whole, target, failure = run.whole()
        tell("answer", whole)
        if target is not None and isinstance(failure, UpstreamError):
            self._health.failed(target, failure, (whole.latency_ms or 0.0) / 1000)
        if target is None or failure is not None:
            return whole, None, None
        self._health.succeeded(target, (whole.latency_ms or 0.0) / 1000)
        streaming = run.streaming()
        tell("streaming", streaming)
        tools = run.tools()
        tell("tools", tools)
        return whole, streaming, tools

    def _list(self, provider: Provider, tell: Tell) -> tuple[Models, str | None]:
        """What it lists, and the name of the first."""
        names: tuple[str, ...] = ()
        try:
            found = self._catalog.fetch(provider)
        except CCProxyError as error:
            models = Models(error=_fault(error, _target(provider)))
        else:
            names = tuple(model.id.removeprefix(f"{provider.name}/") for model in found)
            models = Models(len(names), names[:SHOWN])
        tell("models", models)
        return models, names[0] if names else None


class _Run:
    """The requests of one trial."""

    def __init__(
        self, caller: Caller, provider: Provider, model: str | None, key: str | None, deadline: float, request_id: str
    ) -> None:
        self._caller = caller
        self._provider = provider
        self._model = model
        self._key = key
        self._deadline = deadline
        self._request_id = request_id

    def whole(self) -> tuple[Step, Target | None, CCProxyError | None]:
        """What came of a whole answer, the target that was asked, and what went wrong."""
        target: Target | None = None
        begun = time.monotonic()
        try:
            target = self._target()
            self._asked(target, self._caller.whole, _WORD)
        except CCProxyError as error:
            return Step(False, _ms(begun), _fault(error, target)), target, error
        return Step(True, _ms(begun)), target, None

    def streaming(self) -> Streaming:
        """What came of a stream."""
        target, begun = self._target(), time.monotonic()
        first: float | None = None

        def read(call: Call, until: float) -> bool:
            nonlocal first
            opened = self._caller.open(call, until)
            first = _ms(begun)
            answer, decoder, ended = opened.answer, opened.decoder, False
            try:
                while answer is not None and not decoder.done and decoder.failure is None and not ended:
                    data = answer.read(max(0.0, until - time.monotonic()))
                    ended = not data
                    decoder.feed(data) if data else decoder.close()
                if decoder.failure is not None:
                    raise decoder.failure
            except Silence:
                raise DeadlinePassed("the provider's stream did not end in time") from None
            finally:
                if answer is not None:
                    answer.close()
            return not isinstance(decoder, Finished)

        try:
            streamed = self._asked(target, read, _WORD, stream=True)
        except CCProxyError as error:
            return Streaming(False, _ms(begun), _fault(error, target), first)
        if not streamed:
            return Streaming(False, _ms(begun), Fault("no_stream", "the whole answer came at once"))
        return Streaming(True, _ms(begun), None, first)

    def tools(self) -> Step:
        """What came of the offer of a tool."""
        target, begun = self._target(), time.monotonic()
        try:
            whole = self._asked(target, self._caller.whole, _CALL, tools=[_TOOL])
        except CCProxyError as error:
            return Step(False, _ms(begun), _fault(error, target))
        if whole.message.stop_reason != "tool_use":
            return Step(False, _ms(begun), Fault("no_tool_call", "the model answered without a call of the tool"))
        return Step(True, _ms(begun))

    def _target(self) -> Target:
        """Raises NotFound where the provider is set up so that nothing can be sent to it."""
        if self._provider.error:
            raise InvalidRequest(f"provider {self._provider.name!r}: {self._provider.error}")
        if not self._model:
            raise InvalidRequest(
                f"provider {self._provider.name!r} has no models in its row and lists none: name one as `model`"
            )
        target = for_model(connect(self._provider), self._model)
        return with_key(target, self._key) if self._key else target

    def _asked(self, target: Target, ask: Callable[[Call, float], T], text: str, **more: object) -> T:
        left = self._deadline - time.monotonic()
        seconds = min(STEP, left)
        late = DeadlinePassed(f"the provider did not answer within {max(0.0, seconds):.0f} s")
        if seconds <= 0:
            raise late
        incoming = Incoming(_request(target, text, more), {}, "msg_trial", self._request_id)
        with gevent.Timeout(seconds, late):
            return ask(prepare(incoming, target), time.monotonic() + seconds)


def _request(target: Target, text: str, more: dict[str, object]) -> Parsed:
    asked = {"model": target.label, "max_tokens": MOST, "messages": [{"role": "user", "content": text}], **more}
    return parse(msgspec.json.encode(asked))


def _target(provider: Provider) -> Target | None:
    try:
        return connect(provider)
    except CCProxyError:
        return None


def _fault(error: CCProxyError, target: Target | None) -> Fault:
    if isinstance(error, UpstreamError) and target is not None:
        fit_to_show(error, target)
    status = error.upstream_status if isinstance(error, UpstreamRefused) else None
    return Fault(error.type, error.message, status)


def _ms(begun: float) -> float:
    return round((time.monotonic() - begun) * 1000, 1)
