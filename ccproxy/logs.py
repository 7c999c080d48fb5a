"""Logs: one JSON object a line on stdout in production, a readable console in development.

Knows how lines look, not what they say. The two lines of a request are written by `gateway.journal`.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str, form: str) -> None:
    """Set up structlog and the standard library's logging for this process.

    `level` is one of LEVELS; `form` is `json` or `console`.
    """
    threshold = LEVELS[level]
    shared: list[Processor] = [structlog.contextvars.merge_contextvars, _level, _time]
    last: list[Processor]
    if form == "console":
        # Plain tracebacks: those that `rich` would make, where it is installed, show local variables, so keys too.
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(event_key="msg", timestamp_key="time", exception_formatter=plain)]
    else:
        last = [structlog.processors.format_exc_info, _to_json]
    structlog.configure(
        processors=[*shared, _name_message, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _name_message, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    # At debug level urllib3 tells of every connection, and botocore of all that it signs, tokens included
    for library in ("urllib3", "botocore", "google"):
        logging.getLogger(library).setLevel(max(threshold, logging.INFO))


def _level(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
    return {"level": "error" if method == "exception" else method, **event}


def _time(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _name_message(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The text stands in `msg`, second in the line."""
    return {"level": event.pop("level"), "msg": event.pop("event"), **event}


def _to_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return msgspec.json.encode(event, enc_hook=_as_text).decode()


def _as_text(value: Any) -> str:
    return repr(value)
