"""Doubts of caseworkers about facts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "disputes",
        sa.Column("dispute_id", sa.Text, primary_key=True),
        sa.Column("household_id", sa.Text, nullable=False),
        sa.Column("fact_id", sa.Text, nullable=False),
        sa.Column("fact_kind", sa.Text, nullable=False),
        sa.Column("fact_day", sa.Date, nullable=False),
        sa.Column("doubt", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agency", sa.Text, index=True),
        sa.Column("source", sa.Text),
        sa.Column("event_id", sa.Text),
        sa.Column("said", JSONB),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("answered_by", sa.Text),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("told", sa.Text),
    )
    op.create_index(
        "ix_disputes_open",
        "disputes",
        ["fact_id"],
        postgresql_where=sa.text("state <> 'corrected'"),
    )


def downgrade() -> None:
    """Drop it; what was asked and answered is lost here, and stands in the desk's own table."""
    op.drop_table("disputes")
