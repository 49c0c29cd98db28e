"""What senders are asked about statements that could not be told apart, and their answers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Questions come with the views, which are read from their beginning."""
    op.create_table(
        "questions",
        sa.Column("question_id", sa.Text, primary_key=True),
        sa.Column("pair_id", sa.Text, nullable=False),
        sa.Column("household_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("fact_id", sa.Text, nullable=False),
        sa.Column("beside_id", sa.Text, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("agency", sa.Text),
        sa.Column("own", JSONB),
        sa.Column("beside", JSONB),
        sa.Column("sealed", sa.Text),
        sa.Column("answer", sa.Text),
        sa.Column("answered_by", sa.Text),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("written_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_questions_agency", "questions", ["agency"])
    op.create_index("ix_questions_pair", "questions", ["pair_id"])
    op.create_index("ix_questions_fact", "questions", ["fact_id"])
    op.create_index("ix_questions_beside", "questions", ["beside_id"])
    op.create_index(
        "ix_questions_open",
        "questions",
        ["household_id"],
        postgresql_where=sa.text("state in ('new', 'open')"),
    )
    unwritten = sa.text("state = 'answered' and written_at is null")
    op.create_index(
        "ix_questions_unwritten", "questions", ["answered_at"], postgresql_where=unwritten
    )


def downgrade() -> None:
    """Answers stand in the log; who was asked is forgotten."""
    op.drop_table("questions")
