"""Routes, several keys of a provider, what rests after failures, and how each provider answered last

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OUTCOMES = {"success": "error_type IS NULL", "error": "error_type IS NOT NULL"}
_NEWEST = "SELECT id FROM request_logs WHERE provider = providers.name AND {} ORDER BY started_at DESC LIMIT 1"
# A provider whose key was refused days ago goes on not being healthy. Statuses as in `store.answers`.
_OF_ITS_OWN = "status NOT IN (400, 404, 413, 499) AND NOT (status = 503 AND error_type = 'overloaded_error')"
_ANSWERS = f"""
    INSERT INTO provider_answers (provider, good, asked_at, ended_at, status, error_type)
    SELECT log.provider, log.error_type IS NULL, log.started_at, log.started_at, log.status, log.error_type
    FROM providers JOIN request_logs AS log ON log.id IN (
        ({_NEWEST.format(_OUTCOMES["success"])}),
        ({_NEWEST.format(f"{_OUTCOMES['error']} AND {_OF_ITS_OWN}")})
    )
"""  # noqa: S608 - words of ours


def upgrade() -> None:
    op.add_column("providers", sa.Column("api_keys", sa.Text(), nullable=True))
    op.create_table(
        "routes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("match", sa.JSON(), nullable=False),
        sa.Column("targets", sa.JSON(), nullable=False),
        sa.Column("strategy", sa.String(63), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("first_byte_timeout", sa.Float(), nullable=True),
        sa.Column("resume", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_routes"),
        sa.UniqueConstraint("name", name="uq_routes_name"),
    )
    op.create_table(
        "seeded_routes",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("seeded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_seeded_routes"),
    )
    op.create_table(
        "cooldowns",
        sa.Column("provider", sa.String(63), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "model", "key", name="pk_cooldowns"),
    )
    op.execute("INSERT INTO config_version (id, version) VALUES (2, 1)")
    op.create_table(
        "provider_answers",
        sa.Column("provider", sa.String(63), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("error_type", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("provider", "good", name="pk_provider_answers"),
    )
    op.execute(_ANSWERS)
    for name in _OUTCOMES:  # they were for what `provider_answers` holds now
        op.drop_index(f"ix_request_logs_provider_{name}", "request_logs")


def downgrade() -> None:
    """A provider with several keys keeps its first, which `api_key` holds all along."""
    for name, condition in _OUTCOMES.items():
        op.create_index(
            f"ix_request_logs_provider_{name}",
            "request_logs",
            ["provider", "started_at"],
            sqlite_where=sa.text(condition),
        )
    op.drop_table("provider_answers")
    op.execute("DELETE FROM config_version WHERE id = 2")
    for table in ("cooldowns", "seeded_routes", "routes"):
        op.drop_table(table)
    with op.batch_alter_table("providers") as providers:
        providers.drop_column("api_keys")
