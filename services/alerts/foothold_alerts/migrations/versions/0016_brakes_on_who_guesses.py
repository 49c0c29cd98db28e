"""An account is no longer locked for what others typed: the brake is on who guesses, and kept by the process."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing counts against a name."""
    op.drop_column("accounts", "failures")
    op.drop_column("accounts", "locked_until")


def downgrade() -> None:
    """Names may be locked again."""
    op.add_column("accounts", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.add_column("accounts", sa.Column("locked_until", sa.DateTime(timezone=True)))
