"""How areas stand now: the count beside the warning that said when a level was reached."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; risk says the counts of what stands when it next counts."""
    op.create_table(
        "region_counts",
        sa.Column("area", sa.Text, primary_key=True),
        sa.Column("cause", sa.Text, primary_key=True),
        sa.Column("window", sa.Integer, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("body", JSONB, nullable=False),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("region_counts")
