"""Who is told, what there is to tell, and the digests made of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "targets",
        sa.Column("target_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("case_number", sa.BigInteger, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "ix_notices_waiting",
        "notices",
        ["place", "event"],
        postgresql_where=sa.text("taken_at is null"),
    )
    op.create_table(
        "digests",
        sa.Column("digest_id", sa.Text, primary_key=True),
        sa.Column(
            "target_id",
            sa.BigInteger,
            sa.ForeignKey("targets.target_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    """Drop them; cases do not depend on what was told."""
    for table in ("digests", "notices", "targets"):
        op.drop_table(table)
