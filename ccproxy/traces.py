"""OpenTelemetry traces: each finished request's row as spans, sent to a collector in the background.

Knows rows and OpenTelemetry's names for what is in them: HTTP's for the request, GenAI's for each attempt at a provider
(github.com/open-telemetry/semantic-conventions-genai, v0.1.0, in development). Never a prompt, an answer or a key.
The spans are made after the fact, so a request's way is the same with and without them. Nothing of OpenTelemetry is
imported until `open_traces` is called.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import gevent
import structlog

from ccproxy import __version__
from ccproxy.errors import SettingsError
from ccproxy.store.logbook import RequestRow
from ccproxy.store.models import CLIENT_CLOSED
from ccproxy.store.providers import Snapshot

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

QUEUED_SPANS = 4096
"""What waits for the collector at most; then spans are lost."""
BATCH_SPANS = 128
"""Sent at once: making them bytes keeps the worker busy for some milliseconds."""
BATCH_SECONDS = 2.0
COMPLAINTS_SECONDS = 60.0
"""Between two lines in the log about a collector that does not take spans."""

ROUTE = "/v1/messages"
_PARENT = {"traceparent": "HTTP_TRACEPARENT", "tracestate": "HTTP_TRACESTATE"}

# OpenTelemetry's own names for the providers of these presets; any other is called what its administrator calls it.
_KNOWN_AS: Mapping[str, str] = {
    "openai": "openai",
    "azure": "azure.ai.openai",
    "azure-anthropic": "azure.ai.inference",
    "groq": "groq",
    "deepseek": "deepseek",
    "deepseek-anthropic": "deepseek",
    "xai": "x_ai",
    "mistral": "mistral_ai",
    "cohere": "cohere",
    "moonshot": "moonshot_ai",
    "moonshot-anthropic": "moonshot_ai",
    "perplexity": "perplexity",
    "gemini": "gcp.gemini",
    "gemini-openai": "gcp.gemini",
    "vertex": "gcp.vertex_ai",
    "anthropic": "anthropic",
    "bedrock": "aws.bedrock",
    "bedrock-mantle": "aws.bedrock",
}

Record = Callable[[RequestRow], None]


class Traces:
    """The spans of one worker. `start` belongs into its process, `stop` to its end. `held` as in `open_traces`."""

    def __init__(self, endpoint: str, held: Callable[[], Snapshot | None]) -> None:
        self._endpoint = endpoint if endpoint.endswith("/v1/traces") else f"{endpoint}/v1/traces"
        self._held = held
        self._provider: TracerProvider | None = None
        self._tracer: Tracer | None = None
        self._failing = False

    def start(self) -> None:
        """Begin to send. The thread that does so is made here, for it would not survive a fork."""
        import requests
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        session = requests.Session()
        session.trust_env = False  # as towards providers: a ~/.netrc would replace the headers that were set for it
        processor = BatchSpanProcessor(
            OTLPSpanExporter(endpoint=self._endpoint, session=session),
            max_queue_size=QUEUED_SPANS,
            max_export_batch_size=BATCH_SPANS,
            schedule_delay_millis=BATCH_SECONDS * 1000,
        )
        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say more, and go before
        resource = Resource({"service.name": "ccproxy", "service.version": __version__}).merge(Resource.create())
        if str(resource.attributes["service.name"]).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": "ccproxy"}))
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("ccproxy", __version__)
        complain = logging.getLogger("opentelemetry")
        complain.handlers = [_Complaints()]
        complain.propagate = False

    def following(self, environ: Mapping[str, Any], record: Record) -> Record:
        """Takes the row of the request that `environ` begins: as `record` does, and then as spans.

        They continue the trace that the request's `traceparent` names, where there is one.
        """
        parent = {name: environ[key] for name, key in _PARENT.items() if key in environ}
        return partial(self._record, record, parent)

    def stop(self, seconds: float) -> None:
        """Send what waits, within so many seconds; the rest is lost."""
        if self._provider is not None:
            gevent.spawn(self._provider.shutdown).join(seconds)
            self._provider = self._tracer = None

    def _record(self, record: Record, parent: Mapping[str, str], row: RequestRow) -> None:
        record(row)
        if self._tracer is None:
            return
        try:
            self._trace(self._tracer, parent, row)
        except Exception as error:  # noqa: BLE001 - a trace that cannot be made must not cost an answer
            if not self._failing:
                self._failing = True
                structlog.get_logger().warning("traces cannot be made", type="traces", error=str(error))

    def _trace(self, tracer: Tracer, parent: Mapping[str, str], row: RequestRow) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind, set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        begun = _nanoseconds(row.started_at, 0)
        # A context of its own: in the current one there may be another span
        context = TraceContextTextMapPropagator().extract(parent, Context())
        said = _without_none({**_request(row), **_outcome(row)})
        server = tracer.start_span(f"POST {ROUTE}", context, SpanKind.SERVER, said, start_time=begun)
        around = set_span_in_context(server, Context())
        for number, attempt in enumerate(row.attempts, 1):
            self._attempt(tracer, around, row, attempt, last=number == len(row.attempts))
        if row.status >= 500:
            _fail(server)
        server.end(_nanoseconds(row.started_at, row.duration_ms))

    def _attempt(
        self, tracer: Tracer, around: Context, row: RequestRow, attempt: Mapping[str, Any], *, last: bool
    ) -> None:
        from opentelemetry.trace import SpanKind

        said = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": attempt["model"],
            "gen_ai.request.stream": row.stream or None,
            "gen_ai.conversation.id": row.session_id,
            "error.type": attempt["error_type"],
            "ccproxy.provider": attempt["provider"],
            **self._whom(attempt["provider"]),
            **(_answer(row, attempt) if last else {}),
        }
        span = tracer.start_span(
            f"chat {attempt['model']}",
            around,
            SpanKind.CLIENT,
            _without_none(said),
            start_time=_nanoseconds(row.started_at, attempt["started_ms"]),
        )
        if attempt["error_type"] is not None and attempt["status"] != CLIENT_CLOSED:
            _fail(span)
        span.end(_nanoseconds(row.started_at, attempt["ended_ms"]))

    def _whom(self, name: str) -> dict[str, Any]:
        """Who was asked, as far as it is known: the provider may be gone."""
        held = self._held()
        provider = held.get(name) if held is not None else None
        if provider is None:
            return {"gen_ai.provider.name": name}
        parts = urlsplit(provider.api_base_url)
        return {
            "gen_ai.provider.name": _KNOWN_AS.get(provider.type, name),
            "server.address": parts.hostname,
            "server.port": parts.port or (443 if parts.scheme == "https" else 80),
        }


def open_traces(endpoint: str, held: Callable[[], Snapshot | None]) -> Traces:
    """Traces that go to the collector at `endpoint`. `held` gives the latest snapshot of providers, or None.

    Imports what is needed, so that workers share it. Raises SettingsError where it is not installed.
    """
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace.export  # noqa: F401 - to see that it is there
    except ImportError as error:
        raise SettingsError(
            f"CCPROXY_OTLP_ENDPOINT is set, but OpenTelemetry is not installed ({error}); "
            "run pip install -r requirements-otel.txt, or unset it"
        ) from None
    return Traces(endpoint, held)


def _request(row: RequestRow) -> dict[str, Any]:
    """What the client asked."""
    return {
        "http.request.method": "POST",
        "http.route": ROUTE,
        "url.path": ROUTE,
        "url.scheme": "http",
        "client.address": row.client_ip,
        "user_agent.original": row.user_agent,
        "gen_ai.request.model": row.model,
        "gen_ai.conversation.id": row.session_id,
        "ccproxy.request_id": row.request_id,
        "ccproxy.key_name": row.caller,
        "ccproxy.client": row.client,
    }


def _outcome(row: RequestRow) -> dict[str, Any]:
    """What became of it. A stream that fails once it has begun was a 200 to the client."""
    begun = row.stream and row.ttft_ms is not None
    status = 200 if begun else None if row.status == CLIENT_CLOSED else row.status
    return {
        "http.response.status_code": status,
        "error.type": row.error_type,
        "ccproxy.route": row.route,
        "ccproxy.provider": row.provider,
        "ccproxy.attempts": len(row.attempts),
        "ccproxy.dropped": list(row.dropped) or None,
        "ccproxy.cost_usd": row.cost_usd,
    }


def _answer(row: RequestRow, attempt: Mapping[str, Any]) -> dict[str, Any]:
    """What the last attempt came to; where it went on with another's answer, both together.

    The model is the one that was asked for: which of its versions answered is not kept. OpenTelemetry's input tokens
    are all of them, Anthropic's those that no cache had.
    """
    cached = (row.cache_read_input_tokens, row.cache_creation_input_tokens)
    everything = None if row.input_tokens is None else row.input_tokens + sum(number or 0 for number in cached)
    broken = row.ttft_ms is not None and row.error_type is not None
    first = None
    if row.stream and row.ttft_ms is not None and row.ttft_ms >= attempt["started_ms"]:
        first = (row.ttft_ms - attempt["started_ms"]) / 1000
    return {
        "gen_ai.response.model": attempt["model"] if attempt["error_type"] is None else None,
        "gen_ai.response.finish_reasons": [row.stop_reason] if row.stop_reason else ["error"] if broken else None,
        "gen_ai.response.time_to_first_chunk": first,
        "gen_ai.usage.input_tokens": everything,
        "gen_ai.usage.output_tokens": row.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": row.cache_read_input_tokens,
        "gen_ai.usage.cache_write.input_tokens": row.cache_creation_input_tokens,
        "gen_ai.usage.reasoning.output_tokens": row.thinking_tokens,
    }


def _without_none(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}


def _fail(span: Span) -> None:
    from opentelemetry.trace import StatusCode

    span.set_status(StatusCode.ERROR)


def _nanoseconds(moment: datetime, milliseconds: float) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000 + int(milliseconds * 1_000_000)


class _Complaints(logging.Handler):
    """OpenTelemetry's own log lines as ours: a collector that is away is told once a minute, not with every batch."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.WARNING)
        self._clock = clock
        self._last: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, unless one was written not long ago."""
        now = self._clock()
        if self._last is None or now - self._last >= COMPLAINTS_SECONDS:
            self._last = now
            structlog.get_logger().warning("traces cannot be sent", type="traces", error=record.getMessage()[:300])
