"""Routes, several keys of a provider, and what rests after failures

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


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


def downgrade() -> None:
    """A provider with several keys keeps its first, which `api_key` holds all along."""
    for table in ("cooldowns", "seeded_routes", "routes"):
        op.drop_table(table)
    with op.batch_alter_table("providers") as providers:
        providers.drop_column("api_keys")
