"""Adds what of a relief is to come back.

That is what the household bore for the cause, what is allowed, what came back, and what was waived.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns.

    What was paid before is bound by its papers, as it was, until risk next says what the household
    bore.
    """
    op.add_column("relief", sa.Column("paid_on", sa.Date))
    op.add_column("relief", sa.Column("borne_fen", sa.BigInteger))
    op.add_column(
        "relief", sa.Column("borne_number", sa.Integer, nullable=False, server_default="0")
    )
    op.add_column("relief", sa.Column("allowed_fen", sa.BigInteger))
    op.add_column(
        "relief", sa.Column("came_back_fen", sa.BigInteger, nullable=False, server_default="0")
    )
    op.add_column(
        "relief", sa.Column("waived_fen", sa.BigInteger, nullable=False, server_default="0")
    )
    op.execute(
        "update relief set paid_on = (paid_at at time zone 'Asia/Shanghai')::date, allowed_fen ="
        " actual_fen where paid_at is not null"
    )


def downgrade() -> None:
    """Drop them."""
    for column in (
        "waived_fen",
        "came_back_fen",
        "allowed_fen",
        "borne_number",
        "borne_fen",
        "paid_on",
    ):
        op.drop_column("relief", column)
