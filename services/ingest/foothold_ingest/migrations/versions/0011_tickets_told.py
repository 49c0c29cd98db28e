"""Adds what was last reported of a suspected double to both households' logs.

Open tickets are reported after the upgrade; those that ended before never were open there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tickets that ended before need no word."""
    op.add_column("doubles", sa.Column("told", sa.Text))
    op.execute("update doubles set told = outcome")
