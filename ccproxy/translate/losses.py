"""What a request held that the upstream could not be given.

A loss is the path of a field or block, written as in `tools[3].cache_control`. Losses are told to the client in
`X-CCProxy-Dropped` and kept in the log; both are bounded, because Claude Code marks dozens of cache points.
"""

from __future__ import annotations

from collections.abc import Sequence

_HEADER_BYTES = 1024  # far under the 8 kB that gunicorn and common reverse proxies allow for all headers


def header(losses: Sequence[str]) -> str:
    """The losses as one header value: `a, b`, cut to about 1 kB with `(+N more)` at its end.

    >>> header(["top_k", "tools[3].cache_control"])
    'top_k, tools[3].cache_control'
    """
    text = ""
    for count, loss in enumerate(losses):
        longer = f"{text}, {loss}" if text else loss
        if len(longer) > _HEADER_BYTES:
            return f"{text} (+{len(losses) - count} more)"
        text = longer
    return text.encode("ascii", "backslashreplace").decode().replace("\n", " ").replace("\r", " ")
