"""What a file's rows said that was read otherwise than it was written."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was."""
    op.add_column("uploads", sa.Column("warnings", JSONB, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Nobody is told."""
    op.drop_column("uploads", "warnings")
