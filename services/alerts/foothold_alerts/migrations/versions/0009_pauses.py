"""A case whose settling is paused, since when and why."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the columns."""
    op.add_column("cases", sa.Column("paused_on", sa.Date))
    op.add_column("cases", sa.Column("pause_reason", sa.Text))


def downgrade() -> None:
    """Drop them; what was paused runs again."""
    op.drop_column("cases", "paused_on")
    op.drop_column("cases", "pause_reason")
