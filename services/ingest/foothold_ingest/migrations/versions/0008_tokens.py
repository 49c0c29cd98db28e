"""Agencies that come with access tokens instead of keys."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The client an agency's tokens are made for."""
    op.add_column("agencies", sa.Column("client", sa.Text, unique=True))


def downgrade() -> None:
    """Keys remain."""
    op.drop_column("agencies", "client")
