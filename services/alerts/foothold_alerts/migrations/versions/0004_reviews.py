"""Notes on decisions of the past that facts known only now put in doubt."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "reviews",
        sa.Column("transition_id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.case_id"), nullable=False),
        sa.Column("looks_back_to", sa.Date, nullable=False),
        sa.Column("reason", JSONB, nullable=False),
        sa.Column("asked_on", sa.Date, nullable=False),
        sa.Column("done_by", sa.Text),
        sa.Column("done_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_reviews_case_id", "reviews", ["case_id"])


def downgrade() -> None:
    """Drop it; the transitions keep the notes, who answered them stands in the audit."""
    op.drop_table("reviews")
