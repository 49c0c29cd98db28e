"""How often a job or a word to risk failed, and which words were set aside."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Counts beside the jobs, and beside what people said."""
    op.create_table(
        "job_failures",
        sa.Column("job_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("raised", sa.Integer, nullable=False),
        sa.Column("died", sa.Integer, nullable=False),
    )
    op.add_column("said", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.add_column("said", sa.Column("set_aside_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Nothing is counted any more."""
    op.drop_column("said", "set_aside_at")
    op.drop_column("said", "failures")
    op.drop_table("job_failures")
