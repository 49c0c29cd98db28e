"""When somebody was reminded of a deadline before it passed."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The instant."""
    op.add_column("deadlines", sa.Column("reminded_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Nobody is reminded any more."""
    op.drop_column("deadlines", "reminded_at")
