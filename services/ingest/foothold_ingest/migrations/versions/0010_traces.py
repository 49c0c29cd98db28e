"""The trace a file came in, which its rows' facts belong to."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Files sent before have none: their facts begin one each."""
    op.add_column("uploads", sa.Column("traceparent", sa.Text, nullable=False, server_default=""))
