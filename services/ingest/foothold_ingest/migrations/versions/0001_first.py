"""Keys, days and quarantine."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "agency_keys",
        sa.Column("prefix", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("is_operator", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_agency_keys_agency", "agency_keys", ["agency"])
    op.create_table(
        "opened_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "quarantine",
        sa.Column("source_id", sa.Text, primary_key=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_key", sa.LargeBinary),
        sa.Column("record_value", sa.LargeBinary),
    )
    op.create_index("ix_quarantine_reason", "quarantine", ["reason"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("quarantine")
    op.drop_table("opened_days")
    op.drop_table("agency_keys")
