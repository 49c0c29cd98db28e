"""What a case that goes on takes up again: its relief if people had come with it, and its pause."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what ended before is proposed anew."""
    op.add_column("relief", sa.Column("withdrawn_from", sa.Text))
    op.add_column("cases", sa.Column("held_pause", JSONB))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("cases", "held_pause")
    op.drop_column("relief", "withdrawn_from")
