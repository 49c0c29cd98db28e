"""Households risk does not judge at the moment."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What risk said last of each."""
    op.create_table(
        "judgements",
        sa.Column("household_id", sa.Text, primary_key=True),
        sa.Column("is_judged", sa.Boolean, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("register_number", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Nobody is told of them any more."""
    op.drop_table("judgements")
