"""Deadlines as they were set, measures that reached households, and visits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables. Cases that run get their deadlines when alerts starts."""
    op.create_table(
        "deadlines",
        sa.Column("deadline_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.case_id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("began_on", sa.Date, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("limit_count", sa.Integer),
        sa.Column("limit_unit", sa.Text),
        sa.Column("is_provisional", sa.Boolean, nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("passed_at", sa.DateTime(timezone=True)),
        sa.Column("level", sa.Integer, nullable=False, server_default="0"),
        sa.Column("acknowledged_by", sa.Text),
    )
    waiting = sa.text("done_at is null")
    op.create_index(
        "uq_deadlines_waiting",
        "deadlines",
        ["case_id", "kind", "subject"],
        unique=True,
        postgresql_where=waiting,
    )
    op.create_index("ix_deadlines_due", "deadlines", ["due_at"], postgresql_where=waiting)
    op.create_table(
        "measures",
        sa.Column("measure_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.case_id"), nullable=False),
        sa.Column("household_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("against", ARRAY(sa.Text), nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("planned_on", sa.Date, nullable=False),
        sa.Column("planned_by", sa.Text, nullable=False),
        sa.Column("delivered_on", sa.Date),
        sa.Column("delivered_by", sa.Text),
        sa.Column("dropped_because", sa.Text),
    )
    op.create_index("ix_measures_household", "measures", ["household_id"])
    op.create_table(
        "visits",
        sa.Column("visit_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.case_id"), nullable=False),
        sa.Column("visited_on", sa.Date, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("ix_visits_case", "visits", ["case_id", "visited_on"])


def downgrade() -> None:
    """Drop them; what was delivered stands in the log."""
    for table in ("visits", "measures", "deadlines"):
        op.drop_table(table)
