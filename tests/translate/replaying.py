"""Replays recorded exchanges through a decoder, whole and however they are cut."""

from __future__ import annotations

import json
import random
import traceback
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from ccproxy.translate.events import Event

RECORDINGS = Path(__file__).parents[1] / "recordings"
_SMALL = 4000  # bytes of a stream that is also fed byte by byte


def records(folder: Path, apis: Collection[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The recorded exchanges of these APIs, each with its name below the folder."""
    for path in sorted(folder.glob("*/*.json")):
        if path.name.startswith(tuple(api + "-" for api in apis)):
            record = json.loads(path.read_bytes())
            if record["api"] in apis:
                yield f"{path.parent.name}/{path.name}", record


def each(
    folder: Path,
    apis: Collection[str],
    wanted: Callable[[dict[str, Any]], bool],
    replay: Callable[[dict[str, Any]], None],
    exceptions: Collection[str] = (),
) -> int:
    """Replays every wanted record and gives their number; all failures are told together.

    `exceptions` are names of records that cannot hold; one that holds after all is a failure too.
    """
    failures = []
    count = 0
    for name, record in records(folder, apis):
        if not wanted(record):
            continue
        count += 1
        try:
            replay(record)
        except Exception as error:  # noqa: BLE001  a test tells all that fails, not the first
            if name not in exceptions:
                failures.append(f"{name}: {_told(error)}")
        else:
            assert name not in exceptions, f"{name} holds after all"
    assert not failures, f"{len(failures)} of {count}\n" + "\n".join(failures[:40])
    return count


def fed(decoder: Any, data: bytes, cuts: Collection[int] = ()) -> list[Event]:
    """The events of a stream cut at these places, from a decoder that is new."""
    found: list[Event] = []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        found += decoder.feed(data[start:end])
    if not decoder.done:
        found += decoder.close()
    assert decoder.done
    return found


def fed_in_all_ways(make: Callable[[], Any], data: bytes, seed: str) -> list[Event]:
    """The events of a stream fed whole, which are the same at random cuts, and byte by byte where it is short."""
    whole = fed(make(), data)
    cutter = random.Random(seed)
    cuts = sorted(cutter.randrange(len(data)) for _ in range(cutter.randrange(1, 9)))
    assert fed(make(), data, cuts) == whole
    if len(data) < _SMALL:
        assert fed(make(), data, range(1, len(data))) == whole
    return whole


def streamed(record: dict[str, Any]) -> bool:
    """Whether the record is a stream that began well."""
    return record["status"] == 200 and "response_stream" in record


def whole(record: dict[str, Any]) -> bool:
    """Whether the record is an answer in one body."""
    return record["status"] == 200 and "response_body" in record


def failed(record: dict[str, Any]) -> bool:
    """Whether the record is an error."""
    return bool(record["status"] != 200)


def _told(error: Exception) -> str:
    """Where it failed and how, in one line."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.name}, {last.line}: {' '.join(str(error).split())[:300]}"
