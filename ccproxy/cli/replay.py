"""`ccproxy replay`: a captured request once more, at another target, beside the first answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from ccproxy.cli.api import Api, in_path
from ccproxy.cli.connection import connected
from ccproxy.cli.table import table
from ccproxy.cli.terminal import say

SECONDS = 3660.0
"""How long the proxy may take: as long as it gives a request by default, and a little longer."""

_SIDES = ("original", "replay")


@click.command()
@click.argument("request_id")
@click.argument("target", metavar="PROVIDER/MODEL")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@connected
def replay(api: Api, request_id: str, target: str, as_json: bool) -> None:
    """Send a captured request again, to this target, and show both answers. It costs what a request costs.

    Ends with 0 also where the target could not answer: that is shown.
    """
    _, found = api.ask("POST", f"/logs/{in_path(request_id)}/replay", {"target": target}, seconds=SECONDS)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(table(("", *(name.upper() for name in _SIDES)), _rows([found[name] for name in _SIDES])))
    for name in _SIDES:
        cut = name == "original" and found["truncated"]
        say("", f"--- {name}{', of which the beginning is kept' if cut else ''}", *_words(found[name]))


def _rows(sides: list[Mapping[str, Any]]) -> list[list[str]]:
    rows = {
        "request": [side["request_id"] for side in sides],
        "target": [f"{side['provider'] or '?'}/{side['model'] or '?'}" for side in sides],
        "status": [_or_dash(side["status"]) for side in sides],
        "stop": [_or_dash(side["stop_reason"]) for side in sides],
        "input": [_or_dash(side["usage"]["input_tokens"]) for side in sides],
        "output": [_or_dash(side["usage"]["output_tokens"]) for side in sides],
        "cost": ["-" if side["cost_usd"] is None else f"${side['cost_usd']:.6f}" for side in sides],
        "took": ["-" if side["duration_ms"] is None else f"{side['duration_ms'] / 1000:.2f} s" for side in sides],
        "dropped": [", ".join(side["dropped"] or ()) or "-" for side in sides],
    }
    return [[name, *cells] for name, cells in rows.items()]


def _or_dash(value: Any) -> str:
    return "-" if value is None else str(value)


def _words(side: Mapping[str, Any]) -> list[str]:
    """What a side said: texts as they are, anything else as JSON."""
    lines = []
    content = (side["message"] or {}).get("content")
    for block in content if isinstance(content, list) else ():
        text = block.get("text") if isinstance(block, dict) else None
        lines += text.splitlines() if isinstance(text, str) else [json.dumps(block, ensure_ascii=False)]
    if side["error"] is not None:
        lines.append(f"{side['error'].get('type')}: {side['error'].get('message')}")
    return lines or ["(nothing)"]
