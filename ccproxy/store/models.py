"""The tables, as SQLAlchemy Core sees them. Rows become values in the module that owns the table.

A change here needs a migration in `migrations/versions` and its number in `SCHEMA`; a test compares both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

SCHEMA = "0002"
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
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# Row 1 moves in the transaction of every write to `providers` and `routes`, row 2 with `cooldowns`, so that each worker
# sees by one small read whether what it holds is still true.
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
)
Index("ix_request_logs_started_at", request_logs.c.started_at)
Index("ix_request_logs_provider_started_at", request_logs.c.provider, request_logs.c.started_at)

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
