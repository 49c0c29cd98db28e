"""Adds when register entries and held events were first got, and where they stood.

Versions of one statement are ordered by these.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Entries of before have none of it: any later one of the same time counts before them."""
    op.add_column("households", sa.Column("recorded_at", sa.DateTime(timezone=True)))
    op.add_column("households", sa.Column("place", sa.ARRAY(sa.BigInteger)))
    op.add_column("households", sa.Column("fact_id", sa.Text))
    op.add_column("held", sa.Column("place", sa.ARRAY(sa.BigInteger)))


def downgrade() -> None:
    """Only the time decides, as before."""
    op.drop_column("held", "place")
    for column in ("fact_id", "place", "recorded_at"):
        op.drop_column("households", column)
