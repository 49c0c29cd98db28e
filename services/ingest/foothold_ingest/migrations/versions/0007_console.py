"""What arrived each day, and who has signed in to the console."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables; counts begin today."""
    op.create_table(
        "arrivals",
        sa.Column("agency", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("outcome", sa.Text, primary_key=True),
        sa.Column("many", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "console_sessions",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column(
            "prefix", sa.Text, sa.ForeignKey("agency_keys.prefix"), nullable=False, index=True
        ),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("csrf", sa.Text, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("console_sessions")
    op.drop_table("arrivals")
