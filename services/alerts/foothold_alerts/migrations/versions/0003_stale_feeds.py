"""The feeds silent for too long, as each partition of risk said with its last day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty until the next day is done."""
    op.add_column("partition_days", sa.Column("stale", JSONB, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Drop it; the next day says it again."""
    op.drop_column("partition_days", "stale")
