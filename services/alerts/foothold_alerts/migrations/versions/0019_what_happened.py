"""What relief is for, by the event or the newest bill; and where a case stood when it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns that are empty for what was proposed and closed before."""
    op.add_column("relief", sa.Column("event", sa.Text))
    op.add_column("relief", sa.Column("bills_until", sa.Date))
    op.add_column("cases", sa.Column("closed_on", sa.Date))
    op.add_column("cases", sa.Column("closed_at", sa.Text))


def downgrade() -> None:
    """Without them."""
    for table, column in (
        ("cases", "closed_at"),
        ("cases", "closed_on"),
        ("relief", "bills_until"),
        ("relief", "event"),
    ):
        op.drop_column(table, column)
