"""Routes: which requests go to which targets, as administrators write it.

Only what a route says is known here. Which request it fits and what its targets come to is the gateway's. Requests see
routes in the snapshot that `store.providers` holds, so every write here moves the same version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.exc import IntegrityError

from ccproxy.errors import Conflict
from ccproxy.store.audit import SYSTEM, Actor, Trail, only_name
from ccproxy.store.client_keys import Capture
from ccproxy.store.models import routes, seeded_routes
from ccproxy.store.named_rows import OFFERED, NamedRows
from ccproxy.store.report import Report, to_logging

Scenario = Literal["default", "background", "think", "long_context", "web_search", "image", "count_tokens"]
Strategy = Literal["fallback", "weighted", "fastest", "cheapest"]
Agent = Literal["main", "subagent"]

MOST_PRIORITY = 1000
"""No priority is above this, and none below its negative."""

_EPOCH = datetime.fromtimestamp(0, UTC)
_FIELDS = frozenset(
    {
        *("name", "match", "targets", "strategy", "priority", "enabled", "retries", "first_byte_timeout", "resume"),
        "capture",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a request must be for a route to take it; all that is said must hold. Nothing said: every request.

    `models` are globs on the model's name as asked, of which one must fit; a class name (`opus`, `sonnet`, `haiku`, …)
    stands for every Claude model of that class. `keys` are names of client keys. `min_input_tokens` is 60,000 for the
    scenario long_context where nothing else is said. `min_effort` is the effort from which on adaptive thinking
    counts as the scenario think (`high` where nothing is said). Header names are lower case.
    """

    models: tuple[str, ...] = ()
    scenario: Scenario | None = None
    min_input_tokens: int | None = None
    min_effort: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    agent: Agent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTarget:
    """One target of a route. `weight` counts with the strategy weighted only; 0: never chosen first.

    `parameters` stand in place of the client's (`translate.overrides` knows which there are).
    """

    provider: str
    model: str
    weight: int = 1
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route. A higher `priority` is looked at first; equal ones in the order of their creation.

    `retries` is how often one target is asked again after a failure that may pass at once. `first_byte_timeout` is how
    many seconds a streaming target has for its first meaningful byte before the next one is asked; None: as long as the
    idle timeout. `resume`: an answer in plain text that breaks off is continued by the next target.
    `capture`: which of the bodies that go this way are kept.
    """

    name: str
    match: Match = field(default_factory=Match)
    targets: tuple[RouteTarget, ...]
    strategy: Strategy = "fallback"
    priority: int = 0
    enabled: bool = True
    retries: int = 1
    first_byte_timeout: float | None = None
    resume: bool = False
    capture: Capture = "off"
    created_at: datetime = _EPOCH
    updated_at: datetime = _EPOCH


class Routes:
    """The route table, for writing; `Providers.snapshot` reads it. Writes happen in a thread of their own.

    Fields are those of Route without its times; anything else is a TypeError. Writes raise Unavailable when another
    process holds the database for too long. Each write is told to the audit with its actor, and as `show` shows the
    route.
    """

    def __init__(
        self, engine: Engine, report: Report = to_logging, show: Callable[[Route], Mapping[str, Any]] = only_name
    ) -> None:
        trail = Trail("route", _route, show)
        self._rows = NamedRows(engine, routes, "route", report, trail=trail, seeded=seeded_routes)

    def save(self, fields: Mapping[str, Any], actor: Actor = SYSTEM) -> tuple[Route, bool]:
        """Create or update the route `fields["name"]`; the flag says whether it was created.

        Creating fills what is left out with Route's defaults (`targets` are needed); updating leaves it as it is.
        """
        return self._rows.save(
            fields["name"],
            lambda connection: self._insert(connection, fields, actor),
            lambda connection, row: _route(self._rows.update(connection, row, _columns(fields), actor)),
        )

    def change(self, name: str, fields: Mapping[str, Any], actor: Actor = SYSTEM) -> Route:
        """Update a route; fields left out stay, and a new `name` renames it. Raises NotFound, Conflict."""
        columns = _columns(fields)
        try:
            return self._rows.write(
                lambda connection: _route(
                    self._rows.update(connection, self._rows.get(connection, name), columns, actor)
                )
            )
        except IntegrityError:
            raise Conflict(f"a route named {fields.get('name')!r} exists already") from None

    def delete(self, name: str, actor: Actor = SYSTEM) -> None:
        """Delete a route. Raises NotFound."""
        self._rows.delete(name, actor)

    def toggle(self, name: str, actor: Actor = SYSTEM) -> Route:
        """Flip `enabled`. Raises NotFound."""

        def work(connection: Connection) -> Route:
            row = self._rows.get(connection, name)
            return _route(self._rows.update(connection, row, {"enabled": not row.enabled}, actor, "toggle"))

        return self._rows.write(work)

    def reorder(self, names: Sequence[str], actor: Actor = SYSTEM) -> None:
        """Have all routes looked at in the order of `names`, in one write that changes the priorities it must.

        Raises Conflict where `names` are not those of all routes, each once.
        """

        def work(connection: Connection) -> None:
            rows = {row.name: row for row in self._rows.all(connection)}
            if sorted(names) != sorted(rows):
                raise Conflict(f"order: must name every route once; there are {', '.join(rows) or 'none'}")
            wanted = priorities([(rows[name].priority, rows[name].id) for name in names])
            for name, priority in zip(names, wanted, strict=True):
                if priority != rows[name].priority:
                    self._rows.update(connection, rows[name], {"priority": priority}, actor, "reorder")

        self._rows.write(work)

    def add_missing(self, offered: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
        """Create what a start found in its configuration, and return the names that are new.

        A name is offered once: from then on what an administrator made of it holds, deletion included.
        """
        return self._rows.add_missing(
            offered, lambda connection, fields: self._insert(connection, fields, SYSTEM, OFFERED)
        )

    def close(self) -> None:
        """Give back the thread; it comes again when it is needed."""
        self._rows.close()

    def _insert(
        self, connection: Connection, fields: Mapping[str, Any], actor: Actor, detail: str | None = None
    ) -> Route:
        plain = Route(name="", targets=())
        defaults = {name: getattr(plain, name) for name in _FIELDS - {"name", "targets"}}
        return _route(self._rows.insert(connection, _columns(defaults | dict(fields)), actor, detail))


def all_routes(connection: Connection) -> tuple[Route, ...]:
    """Every route in the order of their creation, as this transaction sees them."""
    return tuple(_route(row) for row in connection.execute(select(routes).order_by(routes.c.id)))


def priorities(wanted: Sequence[tuple[int, int]]) -> list[int]:
    """The priorities that have routes looked at in this order; each comes as its priority now and its age's number.

    A route keeps its own where it stands above the next one by it; else it gets the least that does. Pure.
    """
    made: list[int] = []
    below: tuple[int, int] | None = None
    for priority, number in reversed(wanted):
        if below is not None:
            priority = max(priority, below[0] if number < below[1] else below[0] + 1)
        made.append(priority)
        below = priority, number
    if made and made[-1] > MOST_PRIORITY:  # no room is left above: all of them anew
        lowest = min(1, MOST_PRIORITY + 1 - len(made))
        made = list(range(lowest, lowest + len(made)))
    return made[::-1]


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as their columns hold them: of `match` what it says, of a target all."""
    if unknown := fields.keys() - _FIELDS:
        raise TypeError(f"not a field of a route: {', '.join(sorted(unknown))}")
    columns = dict(fields)
    if "match" in columns:
        columns["match"] = {name: said for name, said in asdict(columns["match"]).items() if said not in (None, (), {})}
    if "targets" in columns:
        columns["targets"] = [asdict(target) for target in columns["targets"]]
    return columns


def _route(row: Row[Any]) -> Route:
    match: dict[str, Any] = {name: tuple(said) if isinstance(said, list) else said for name, said in row.match.items()}
    return Route(
        name=row.name,
        match=Match(**match),
        targets=tuple(RouteTarget(**target) for target in row.targets),
        strategy=row.strategy,
        priority=row.priority,
        enabled=row.enabled,
        retries=row.retries,
        first_byte_timeout=row.first_byte_timeout,
        resume=row.resume,
        capture=row.capture,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
