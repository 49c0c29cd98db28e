"""Views, directory, quiet cases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of what is read from the two compacted topics."""
    op.add_column(
        "cases", sa.Column("is_quiet", sa.Boolean, nullable=False, server_default=sa.false())
    )
    for table, body in (("views", "body"), ("directory", "entry")):
        op.create_table(
            table,
            sa.Column("household_id", sa.Text, primary_key=True),
            sa.Column("position", sa.BigInteger, nullable=False),
            sa.Column(body, JSONB),
        )


def downgrade() -> None:
    """Drop them; they can be read from the topics again."""
    op.drop_table("directory")
    op.drop_table("views")
    op.drop_column("cases", "is_quiet")
