"""The tables, as SQLAlchemy Core sees them. Rows become values in the module that owns the table.

A change here needs a migration in `migrations/versions` and its number in `SCHEMA`; a test compares both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

SCHEMA = "0003"
"""The migration that these tables belong to."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite keeps no zone, so it is taken off on the way in and put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse what has no zone: a guess here would be wrong by hours somewhere."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> datetime | None:
        """The same moment, aware."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


metadata = MetaData(
    # Alembic can only alter what has a name, and SQLite gives none of its own.
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

providers = Table(
    "providers",
    metadata,
    Column("id", Integer, primary_key=True),  # creation order
    Column("name", String(63), nullable=False, unique=True),
    Column("type", String(63), nullable=False),
    Column("api_base_url", Text, nullable=False),
    Column("api_key", Text),  # a vault token, never the key; where there are several keys, the first
    Column("api_keys", Text),  # a vault token of a JSON list of all keys; NULL where there are not several
    Column("models", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("headers", Text),  # a vault token of a JSON object: extra headers carry credentials too; NULL is none
    Column("options", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

routes = Table(
    "routes",
    metadata,
    Column("id", Integer, primary_key=True),  # creation order
    Column("name", String(200), nullable=False, unique=True),
    Column("match", JSON, nullable=False),  # what is said of a request, nothing else
    Column("targets", JSON, nullable=False),  # a list of objects, in order
    Column("strategy", String(63), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("first_byte_timeout", Float),  # seconds
    Column("resume", Boolean, nullable=False),
    Column("capture", String(16), nullable=False, server_default="off"),  # as in `client_keys`
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# Row 1 moves in the transaction of every write to `providers`, `routes` and `prices`, row 2 with `cooldowns`, row 3
# with `client_keys`, so that each worker sees by one small read whether what it holds is still true.
config_version = Table(
    "config_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
)

# Names that a start has offered. A provider that an administrator deletes stays deleted because its name is here.
seeded_providers = Table(
    "seeded_providers",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("seeded_at", UtcDateTime, nullable=False),
)

# The same for routes.
seeded_routes = Table(
    "seeded_routes",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("seeded_at", UtcDateTime, nullable=False),
)

# What rests after failures, so that each worker leaves alone what another found failing, after a restart too.
cooldowns = Table(
    "cooldowns",
    metadata,
    Column("provider", String(63), primary_key=True),
    Column("model", Text, primary_key=True),  # '' is every model
    Column("key", String(64), primary_key=True),  # a fingerprint, never the key; '' is every key
    Column("reason", Text, nullable=False),
    Column("status", Integer),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

# The keys that clients send, but for CCPROXY_APIKEY. Requests name them by `name`.
client_keys = Table(
    "client_keys",
    metadata,
    Column("id", Integer, primary_key=True),  # creation order
    Column("name", String(63), nullable=False, unique=True),
    Column("owner", Text),
    Column("role", String(16), nullable=False),
    Column("prefix", String(16), nullable=False),  # the beginning of the key, which may be shown
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 of the key in hex: it has 256 random bits
    Column("former_prefix", String(16)),  # of the key before it was rotated
    Column("former_digest", String(64)),
    Column("former_until", UtcDateTime),  # as long as the former one is taken too
    Column("models", JSON, nullable=False),  # globs; empty is any
    Column("addresses", JSON, nullable=False),  # CIDRs; empty is any that CCPROXY_ALLOWED_IPS allows
    Column("expires_at", UtcDateTime),
    Column("requests_per_minute", BigInteger),
    Column("tokens_per_minute", BigInteger),
    Column("concurrent_requests", BigInteger),
    Column("daily_budget_usd", Float),
    Column("monthly_budget_usd", Float),
    Column("daily_token_budget", BigInteger),
    Column("monthly_token_budget", BigInteger),
    Column("capture", String(16), nullable=False),  # which of its bodies are kept: off, errors, all
    Column("enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# When each key was last used, by its name; written with the log.
key_uses = Table(
    "key_uses",
    metadata,
    Column("key", String(63), primary_key=True),
    Column("last_used_at", UtcDateTime, nullable=False),
)

# What administrators say that models cost, in place of the price lists that are shipped.
prices = Table(
    "prices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("provider", String(63), nullable=False),  # '*' is every provider
    Column("model", String(200), nullable=False),  # a glob on the provider's name of the model
    Column("input", Float, nullable=False),  # USD per million tokens, as all of them
    Column("output", Float, nullable=False),
    Column("cache_read", Float),
    Column("cache_write", Float),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("provider", "model"),
)

CLIENT_CLOSED = 499
"""The status of a request whose client left before the answer was whole (nginx's number; never sent): nobody failed."""

request_logs = Table(
    "request_logs",
    metadata,
    Column("id", Integer, primary_key=True),  # order of writing
    Column("request_id", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("caller", String(255)),
    Column("client_ip", String(64)),
    Column("provider", String(63)),
    Column("model", Text),
    Column("upstream_model", Text),
    Column("route", Text),
    Column("stream", Boolean, nullable=False),
    Column("status", Integer, nullable=False),
    Column("error_type", String(64)),
    Column("stop_reason", String(64)),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cache_read_input_tokens", Integer),
    Column("cache_creation_input_tokens", Integer),
    Column("thinking_tokens", Integer),
    Column("usage_estimated", Boolean, nullable=False),
    Column("ttft_ms", Float),
    Column("duration_ms", Float, nullable=False),
    Column("dropped", JSON, nullable=False),
    Column("attempts", JSON, nullable=False),
    Column("session_id", Text),
    Column("user_agent", Text),
    Column("client", String(64)),  # the program that asked, as `user_agent` names it
    Column("error", Text),  # what went wrong in words, none of them a provider's
    Column("cost_usd", Float),  # at the price of that day; NULL where none was known
    Column("replay_of", String(64)),  # the request that this one was sent again for
)
Index("ix_request_logs_started_at", request_logs.c.started_at)
Index("ix_request_logs_provider_started_at", request_logs.c.provider, request_logs.c.started_at)
# Those that `history` finds its rows by. The last one holds all that failures are chosen by: they are few among many.
Index("ix_request_logs_request_id", request_logs.c.request_id)
Index("ix_request_logs_caller_started_at", request_logs.c.caller, request_logs.c.started_at)
_IN_SESSION = request_logs.c.session_id.is_not(None)
Index(
    "ix_request_logs_session_id_started_at",
    request_logs.c.session_id,
    request_logs.c.started_at,
    sqlite_where=_IN_SESSION,
    postgresql_where=_IN_SESSION,
)
_FAILED = request_logs.c.error_type.is_not(None)
Index(
    "ix_request_logs_failed",
    *(request_logs.c[name] for name in ("started_at", "id", "error_type", "status", "caller", "provider")),
    sqlite_where=_FAILED,
    postgresql_where=_FAILED,
)

# The last good answer of each provider, and its last failure. Found among the attempts in `request_logs`, they would
# cost a reading of all of it.
provider_answers = Table(
    "provider_answers",
    metadata,
    Column("provider", String(63), primary_key=True),
    Column("good", Boolean, primary_key=True),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("status", Integer, nullable=False),
    Column("error_type", String(64)),
)

# One row, id 1, counted on in the transaction of each batch: counting `request_logs` itself would read all of it.
request_totals = Table(
    "request_totals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("total", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
)


HISTOGRAM_MS = (
    *(50, 100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500),
    *(10_000, 15_000, 20_000, 30_000, 45_000, 60_000, 120_000, 300_000),
)
"""The upper bounds, in milliseconds, of the buckets that durations are counted in; one more is for what is above."""

SUMS = (
    *("requests", "errors", "cancelled", "unpriced", "estimated"),
    *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "thinking_tokens"),
    *(f"{name}_{bucket:02}" for name in ("ttft", "duration") for bucket in range(len(HISTOGRAM_MS) + 1)),
)
"""The whole numbers of a roll-up row. `ttft_NN` and `duration_NN` are requests in each bucket of HISTOGRAM_MS."""


def _usage(table: str, *which: Column[Any]) -> Table:
    """A roll-up of `request_logs`: its sums for each combination of `which`."""
    return Table(
        table,
        metadata,
        *which,
        *(Column(name, BigInteger, nullable=False, server_default="0") for name in SUMS),
        Column("cost_usd", Float, nullable=False, server_default="0"),
        sqlite_with_rowid=False,  # a span of time is read as one piece
    )


def _names() -> tuple[Column[Any], ...]:
    """What may be grouped by. What a request has none of is ''."""
    return (
        Column("key", String(63), primary_key=True),
        Column("provider", String(63), primary_key=True),
        Column("model", String(200), primary_key=True),  # the provider's name of it
        Column("route", String(200), primary_key=True),
        Column("client", String(64), primary_key=True),
    )


# A period is a number of hours or days since 1970 began in UTC.
usage_hours = _usage("usage_hours", Column("hour", Integer, primary_key=True, autoincrement=False), *_names())
usage_days = _usage("usage_days", Column("day", Integer, primary_key=True, autoincrement=False), *_names())
# The hours once more, by one kind of name at a time, and by none ('', ''): a month of them is few enough to add up.
usage_hours_by = _usage(
    "usage_hours_by",
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("dimension", String(16), primary_key=True),  # such as provider
    Column("name", String(200), primary_key=True),
)

# Who changed what, and who was refused. Rows are only ever added: triggers refuse anything else.
audit_events = Table(
    "audit_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(63), nullable=False),  # the name of a key; '' for nobody that is known
    Column("address", String(64), nullable=False),
    Column("action", String(63), nullable=False),  # such as provider.create
    Column("subject", String(200), nullable=False),  # the name of what it was done to
    Column("before", JSON),  # without secrets, as the API shows it
    Column("after", JSON),
    Column("detail", Text),
)
Index("ix_audit_events_at", audit_events.c.at)
Index("ix_audit_events_actor", audit_events.c.actor, audit_events.c.at)
Index("ix_audit_events_action", audit_events.c.action, audit_events.c.at)
Index("ix_audit_events_subject", audit_events.c.subject, audit_events.c.at)

# Bodies of requests and answers, where a key or a route asks for them: encrypted, and for a few days.
captures = Table(
    "captures",
    metadata,
    Column("request_id", String(64), primary_key=True),
    Column("captured_at", UtcDateTime, nullable=False),
    Column("headers", LargeBinary),  # a vault token of a JSON object, like the two below of bytes
    Column("request", LargeBinary, nullable=False),
    Column("answer", LargeBinary),
    Column("truncated", Boolean, nullable=False),  # the answer was longer than what is kept
    Column("size", Integer, nullable=False),  # bytes of the three together, as they are here
)
Index("ix_captures_captured_at", captures.c.captured_at, captures.c.size)  # with it they are added up

# What one of the workers does now and then for all: when it was last begun.
chores = Table(
    "chores",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("begun_at", UtcDateTime, nullable=False),
)
