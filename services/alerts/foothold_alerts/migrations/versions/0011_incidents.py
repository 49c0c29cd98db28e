"""Adds incidents as views name them, and the townships that were told of each.

It also adds an index to find the households behind one.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "incidents",
        sa.Column("incident", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False, unique=True),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "incident_places",
        sa.Column(
            "incident",
            sa.Text,
            sa.ForeignKey("incidents.incident", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("township", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute(
        "create index ix_views_impacts on views using gin ((body -> 'impacts') jsonb_path_ops)"
        " where body is not null"
    )


def downgrade() -> None:
    """Drop them; views bring the incidents again."""
    op.execute("drop index ix_views_impacts")
    op.drop_table("incident_places")
    op.drop_table("incidents")
