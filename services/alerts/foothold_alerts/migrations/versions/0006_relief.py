"""Temporary relief in steps: decided by one person, paid by another, papers with the real cost."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = (
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.Column("approved_by", sa.Text),
    sa.Column("actual_fen", sa.BigInteger),
    sa.Column("to_settle_fen", sa.BigInteger),
    sa.Column("explained", JSONB),
    sa.Column("is_exception", sa.Boolean, nullable=False, server_default=sa.false()),
)


def upgrade() -> None:
    """Make the columns. What one person paid before stays as it was: nobody decided it apart."""
    for column in COLUMNS:
        op.add_column("relief", column)


def downgrade() -> None:
    """Drop them; what was under way is a proposal again, what was settled was paid."""
    op.execute(
        "update relief set status = 'proposed' where status in ('applied', 'checked', 'decided')"
    )
    op.execute("update relief set status = 'paid' where status = 'settled'")
    op.execute("update relief set status = 'withdrawn' where status = 'refused'")
    for column in COLUMNS:
        op.drop_column("relief", column.name)
