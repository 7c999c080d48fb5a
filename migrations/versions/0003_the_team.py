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
        sa.Column("requests_per_minute", sa.Integer(), nullable=True),
        sa.Column("tokens_per_minute", sa.Integer(), nullable=True),
        sa.Column("concurrent_requests", sa.Integer(), nullable=True),
        sa.Column("daily_budget_usd", sa.Float(), nullable=True),
        sa.Column("monthly_budget_usd", sa.Float(), nullable=True),
        sa.Column("daily_token_budget", sa.Integer(), nullable=True),
        sa.Column("monthly_token_budget", sa.Integer(), nullable=True),
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
    op.execute("INSERT INTO config_version (id, version) VALUES (3, 1), (4, 1)")
    op.add_column("routes", sa.Column("capture", sa.String(16), nullable=False, server_default="off"))
    for name, kind in zip(_ADDED, (sa.String(64), sa.Text(), sa.Float(), sa.String(64)), strict=True):
        op.add_column("request_logs", sa.Column(name, kind, nullable=True))
    for table, period in (("usage_hours", "hour"), ("usage_days", "day")):
        op.create_table(
            table,
            sa.Column(period, sa.Integer(), nullable=False, autoincrement=False),
            sa.Column("key", sa.String(63), nullable=False),
            sa.Column("provider", sa.String(63), nullable=False),
            sa.Column("model", sa.String(200), nullable=False),
            sa.Column("route", sa.String(200), nullable=False),
            sa.Column("client", sa.String(64), nullable=False),
            *(
                sa.Column(name, sa.Integer(), nullable=False, server_default="0")
                for name in (*_COUNTS, *_TOKENS, *_BUCKETS)
            ),
            sa.Column("cost_usd", sa.Float(), nullable=False, server_default="0"),
            sa.PrimaryKeyConstraint(period, "key", "provider", "model", "route", "client", name=f"pk_{table}"),
        )
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
        sa.PrimaryKeyConstraint("request_id", name="pk_captures"),
    )
    op.create_index("ix_captures_captured_at", "captures", ["captured_at"])
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


def downgrade() -> None:
    for table in ("chores", "captures", "audit_events", "usage_days", "usage_hours"):
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
    op.execute("DELETE FROM config_version WHERE id IN (3, 4)")
