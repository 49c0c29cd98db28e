"""Statements have names: the version that counts of each, and what a file changed."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of statements; those sent before this have no row.

    Sent again they are new, and count once by their name all the same.
    """
    op.create_table(
        "statements",
        sa.Column("name", sa.LargeBinary, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("fact_id", sa.Text, nullable=False),
        sa.Column("household_id", sa.Text),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.ARRAY(sa.BigInteger), nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
    )
    op.create_index("ix_statements_fact", "statements", ["fact_id"])
    op.create_index("ix_statements_household", "statements", ["household_id"])
    op.create_index("ix_statements_recorded", "statements", ["recorded_at"])
    op.create_table(
        "upload_changes",
        sa.Column("upload_id", sa.Text, sa.ForeignKey("uploads.upload_id"), primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Names are compared by risk alone."""
    op.drop_table("upload_changes")
    op.drop_table("statements")
