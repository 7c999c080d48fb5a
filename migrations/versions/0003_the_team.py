"""Client keys, prices, costs, roll-ups of usage, the audit trail and captured bodies

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_HISTOGRAM_MS = (
    *(50, 100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500),
    *(10_000, 15_000, 20_000, 30_000, 45_000, 60_000, 120_000, 300_000),
)
_BUCKETS = tuple(f"{name}_{bucket:02}" for name in ("ttft", "duration") for bucket in range(len(_HISTOGRAM_MS) + 1))
_COUNTS = ("requests", "errors", "cancelled", "unpriced", "estimated")
_TOKENS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "thinking_tokens")
_ADDED = ("client", "error", "cost_usd", "replay_of")
_LOG_INDEXES = (
    ("ix_request_logs_request_id", ["request_id"], None),
    ("ix_request_logs_caller_started_at", ["caller", "started_at"], None),
    ("ix_request_logs_session_id_started_at", ["session_id", "started_at"], "session_id IS NOT NULL"),
    (
        "ix_request_logs_failed",
        ["started_at", "id", "error_type", "status", "caller", "provider"],
        "error_type IS NOT NULL",
    ),
)
_EPOCH = {
    "sqlite": "CAST(strftime('%s', started_at) AS INTEGER)",
    "postgresql": "CAST(floor(extract(epoch FROM started_at)) AS INTEGER)",
}
_WHAT = "key, provider, model, route, client"


def upgrade() -> None:
    op.create_table(
        "client_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("former_prefix", sa.String(16), nullable=True),
        sa.Column("former_digest", sa.String(64), nullable=True),
        sa.Column("former_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("addresses", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requests_per_minute", sa.BigInteger(), nullable=True),
        sa.Column("tokens_per_minute", sa.BigInteger(), nullable=True),
        sa.Column("concurrent_requests", sa.BigInteger(), nullable=True),
        sa.Column("daily_budget_usd", sa.Float(), nullable=True),
        sa.Column("monthly_budget_usd", sa.Float(), nullable=True),
        sa.Column("daily_token_budget", sa.BigInteger(), nullable=True),
        sa.Column("monthly_token_budget", sa.BigInteger(), nullable=True),
        sa.Column("capture", sa.String(16), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_client_keys"),
        sa.UniqueConstraint("name", name="uq_client_keys_name"),
        sa.UniqueConstraint("digest", name="uq_client_keys_digest"),
    )
    op.create_table(
        "key_uses",
        sa.Column("key", sa.String(63), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_key_uses"),
    )
    op.create_table(
        "prices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(63), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("input", sa.Float(), nullable=False),
        sa.Column("output", sa.Float(), nullable=False),
        sa.Column("cache_read", sa.Float(), nullable=True),
        sa.Column("cache_write", sa.Float(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_prices"),
        sa.UniqueConstraint("provider", "model", name="uq_prices_provider"),
    )
    op.execute("INSERT INTO config_version (id, version) VALUES (3, 1)")
    op.add_column("routes", sa.Column("capture", sa.String(16), nullable=False, server_default="off"))
    for name, kind in zip(_ADDED, (sa.String(64), sa.Text(), sa.Float(), sa.String(64)), strict=True):
        op.add_column("request_logs", sa.Column(name, kind, nullable=True))
    names = (("key", 63), ("provider", 63), ("model", 200), ("route", 200), ("client", 64))
    for table, period, which in (
        ("usage_hours", "hour", names),
        ("usage_days", "day", names),
        ("usage_hours_by", "hour", (("dimension", 16), ("name", 200))),
    ):
        op.create_table(
            table,
            sa.Column(period, sa.Integer(), nullable=False, autoincrement=False),
            *(sa.Column(name, sa.String(length), nullable=False) for name, length in which),
            *(
                sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
                for name in (*_COUNTS, *_TOKENS, *_BUCKETS)
            ),
            sa.Column("cost_usd", sa.Float(), nullable=False, server_default="0"),
            sa.PrimaryKeyConstraint(period, *(name for name, _ in which), name=f"pk_{table}"),
            sqlite_with_rowid=False,
        )
    for name, columns, condition in _LOG_INDEXES:
        where = sa.text(condition) if condition else None
        op.create_index(name, "request_logs", columns, sqlite_where=where, postgresql_where=where)
    roll_up()
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(63), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("action", sa.String(63), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    for name in ("actor", "action", "subject"):
        op.create_index(f"ix_audit_events_{name}", "audit_events", [name, "at"])
    _refuse_all_but_new_events()
    op.create_table(
        "captures",
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=True),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_captures"),
    )
    op.create_index("ix_captures_captured_at", "captures", ["captured_at", "size"])
    op.create_table(
        "chores",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chores"),
    )


def _refuse_all_but_new_events() -> None:
    """Triggers, so that no statement of ours or of anybody's tool changes what the audit says."""
    refusal = "audit events are only ever added"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{refusal}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
        return
    # REPLACE deletes without a DELETE trigger, hence the one for INSERT; without a given id NEW.id is -1 there
    taken = "WHEN EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.id)"
    for verb, when in (("update", ""), ("delete", ""), ("insert", taken)):
        op.execute(
            f"CREATE TRIGGER audit_events_refuse_{verb} BEFORE {verb.upper()} ON audit_events {when} "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        )


def roll_up() -> None:
    """Count the requests that the log holds, as `store.rollups` does with those that come."""
    sums = ", ".join((*_COUNTS, *_TOKENS, *_BUCKETS, "cost_usd"))
    op.execute(f"INSERT INTO usage_hours (hour, {_WHAT}, {sums}) {_hours(op.get_bind().dialect.name)}")
    added = ", ".join(f"sum({name})" for name in (*_COUNTS, *_TOKENS, *_BUCKETS, "cost_usd"))
    op.execute(
        f"INSERT INTO usage_days (day, {_WHAT}, {sums})"  # noqa: S608 - words of ours
        f" SELECT hour / 24, {_WHAT}, {added} FROM usage_hours GROUP BY hour / 24, {_WHAT}"
    )
    for dimension in ("", *_WHAT.split(", ")):
        name, group = (dimension, f"hour, {dimension}") if dimension else ("''", "hour")
        op.execute(
            f"INSERT INTO usage_hours_by (hour, dimension, name, {sums})"  # noqa: S608 - words of ours
            f" SELECT hour, '{dimension}', {name}, {added} FROM usage_hours GROUP BY {group}"
        )
    op.execute(
        "INSERT INTO key_uses (key, last_used_at) SELECT substr(caller, 1, 63), max(started_at) FROM request_logs"
        " WHERE caller IS NOT NULL AND caller <> '' GROUP BY substr(caller, 1, 63)"
    )


def _hours(dialect: str) -> str:
    """The sums of each hour, in the order of the roll-up's columns."""
    whole = [f"coalesce(sum({name}), 0)" for name in _TOKENS]
    buckets = [
        f"count(CASE WHEN {name} = {bucket} THEN 1 END)"
        for name in ("ttft", "duration")
        for bucket in range(len(_HISTOGRAM_MS) + 1)
    ]
    # Counted once for each row, not once for each bucket
    inner = f"""
        SELECT {_EPOCH[dialect]} / 3600 AS hour, substr(coalesce(caller, ''), 1, 63) AS key,
            substr(coalesce(provider, ''), 1, 63) AS provider,
            CASE WHEN status = 404 AND upstream_model <> '' THEN 'other'
                ELSE substr(coalesce(upstream_model, ''), 1, 200) END AS model,
            substr(coalesce(route, ''), 1, 200) AS route, substr(coalesce(client, ''), 1, 64) AS client,
            {", ".join(_TOKENS)}, cost_usd, status, error_type, usage_estimated,
            CASE WHEN ttft_ms IS NULL THEN NULL {_bucket("ttft_ms")} END AS ttft,
            CASE WHEN error_type IS NOT NULL THEN NULL {_bucket("duration_ms")} END AS duration
        FROM request_logs
    """  # noqa: S608 - words of ours
    counts = (
        "count(*)",
        "count(CASE WHEN error_type IS NOT NULL AND status <> 499 THEN 1 END)",
        "count(CASE WHEN status = 499 THEN 1 END)",
        "count(CASE WHEN cost_usd IS NULL AND (input_tokens > 0 OR output_tokens > 0) THEN 1 END)",
        "count(CASE WHEN usage_estimated THEN 1 END)",
    )
    sums = ", ".join((*counts, *whole, *buckets, "coalesce(sum(cost_usd), 0)"))
    return f"SELECT hour, {_WHAT}, {sums} FROM ({inner}) AS log GROUP BY hour, {_WHAT}"  # noqa: S608 - words of ours


def _bucket(column: str) -> str:
    bounds = " ".join(f"WHEN {column} <= {most} THEN {place}" for place, most in enumerate(_HISTOGRAM_MS))
    return f"{bounds} ELSE {len(_HISTOGRAM_MS)}"


def downgrade() -> None:
    for name, _, _ in _LOG_INDEXES:
        op.drop_index(name, "request_logs")
    for table in ("chores", "captures", "audit_events", "usage_hours_by", "usage_days", "usage_hours"):
        op.drop_table(table)  # with its triggers
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change()")
    for table in ("prices", "key_uses", "client_keys"):
        op.drop_table(table)
    with op.batch_alter_table("request_logs") as request_logs:
        for name in _ADDED:
            request_logs.drop_column(name)
    with op.batch_alter_table("routes") as routes:
        routes.drop_column("capture")
    op.execute("DELETE FROM config_version WHERE id = 3")
