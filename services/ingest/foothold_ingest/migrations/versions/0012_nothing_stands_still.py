"""Adds how often work on a file, an event, a doubt or a ticket failed.

It also adds how each agency's reader fares, and what Kafka let go of unread.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nothing has failed so far."""
    for table in ("uploads", "held", "disputes", "doubles"):
        op.add_column(table, sa.Column("attempts", sa.Integer, nullable=False, server_default="0"))
    op.add_column(
        "uploads", sa.Column("is_kept", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "agency_readers",
        sa.Column("agency", sa.Text, primary_key=True),
        sa.Column("bad_in_a_row", sa.Integer, nullable=False),
        sa.Column("paused_at", MOMENT),
    )
    op.create_table(
        "agency_losses",
        sa.Column("agency", sa.Text, primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("counted_to", sa.BigInteger, nullable=False),
        sa.Column("lost", sa.BigInteger, nullable=False),
        sa.Column("last_at", MOMENT),
    )


def downgrade() -> None:
    """A paused reader goes on by itself again."""
    op.drop_table("agency_losses")
    op.drop_table("agency_readers")
    op.drop_column("uploads", "is_kept")
    for table in ("uploads", "held", "disputes", "doubles"):
        op.drop_column(table, "attempts")
