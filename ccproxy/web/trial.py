"""`POST /providers/{name}/test`: what its body may say, and its findings one by one, for who wants to watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gevent
import msgspec
import structlog
from gevent.queue import Queue
from marshmallow import RAISE, Schema
from msgspec import Struct

from ccproxy.errors import GENERIC, CCProxyError
from ccproxy.gateway.trial import Outcome, Tell
from ccproxy.translate.parse import LONGEST_MODEL
from ccproxy.web.fields import Whole
from ccproxy.web.schemas import Text, read, require


class Wanted(Struct, frozen=True):
    """The model to ask, and the place of the key to ask it with; None: the first."""

    model: str | None = None
    key: int | None = None


class TrialSchema(Schema):
    """What is to be tested."""

    class Meta:
        """What is not known is a mistake that somebody wants to hear of."""

        unknown = RAISE

    error_messages = {"unknown": "is not a field of a test", "type": "must be an object"}  # noqa: RUF012

    model = Text(
        allow_none=True,
        validate=lambda name: require(
            len(name) <= LONGEST_MODEL, f"must not be longer than {LONGEST_MODEL} characters"
        ),
    )
    key = Whole(0, allow_none=True)


_schema = TrialSchema()

LINES = "application/x-ndjson"
"""The media type of findings as they come: who accepts this gets them so."""


def read_trial(document: Any) -> Wanted:
    """What a JSON document says. Raises InvalidRequest that names the path of each fault."""
    return Wanted(**read(_schema, document))


def findings(run: Callable[[Tell], Outcome]) -> Iterator[bytes]:
    """What a trial finds, each as a line of JSON as soon as it is found; the last is the `outcome`, or an `error`.

    The trial ends where nobody reads on. Raises what stops it before its first finding.
    """
    queue: Queue[bytes | Exception | None] = Queue()

    def tell(name: str, finding: Struct) -> None:
        queue.put(msgspec.json.encode({"finding": name, **msgspec.structs.asdict(finding)}) + b"\n")

    def work() -> None:
        try:
            tell("outcome", run(tell))
        except Exception as error:  # noqa: BLE001 - it is for the greenlet that waits for findings
            queue.put(error)
        queue.put(None)

    trial = gevent.spawn(work)
    first = queue.get()
    if isinstance(first, Exception):
        raise first
    return _lines(trial, queue, first)


def _lines(
    trial: gevent.Greenlet[..., None], queue: Queue[bytes | Exception | None], first: bytes | None
) -> Iterator[bytes]:
    line: bytes | Exception | None = first
    try:
        while line is not None:
            yield _told(line) if isinstance(line, Exception) else line
            line = queue.get()
    finally:
        trial.kill(block=False)


def _told(error: Exception) -> bytes:
    """The last line of a trial that broke off. What nobody expected is for the log."""
    kind, message = "api_error", GENERIC
    if isinstance(error, CCProxyError):
        kind, message = error.type, error.message
    else:
        structlog.get_logger().error("a trial broke off", exc_info=error)
    return msgspec.json.encode({"finding": "error", "type": kind, "message": message}) + b"\n"
