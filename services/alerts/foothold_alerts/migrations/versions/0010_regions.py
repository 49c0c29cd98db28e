"""Warnings of whole areas; a notice is of a case or of a warning, by its number."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "region_warnings",
        sa.Column("warning_id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False, unique=True),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("county", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("window", sa.Integer, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("place_in_day", sa.Integer, nullable=False),
        sa.Column("gravity", sa.Integer, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "ix_region_warnings_last",
        "region_warnings",
        ["area", "cause", "window", "day", "place_in_day"],
    )
    op.alter_column("notices", "case_number", new_column_name="number")


def downgrade() -> None:
    """Drop it; the warnings stand in their topic."""
    op.alter_column("notices", "number", new_column_name="case_number")
    op.drop_table("region_warnings")
