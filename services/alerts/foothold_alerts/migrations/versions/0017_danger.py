"""Since when a case has been in danger, who has looked since, and the first word of two people.

Whoever was in danger before and is still a lead gets the new duty from now on; what people have
taken further has been looked at.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_SINCE = """
    update cases set urgent_at = danger.since, looked_at = now()
    from (
        select case_id, min((body->>'learned_at')::timestamptz) as since from transitions
        where case_id is not null and (body->>'is_urgent')::boolean group by case_id
    ) as danger
    where danger.case_id = cases.case_id
"""
_DUTY = (
    "update cases set urgent_at = now(), looked_at = null where is_urgent and stage in ('lead',"
    " 'verifying')"
)


def upgrade() -> None:
    """Add the columns, and what follows for cases that run."""
    op.add_column("cases", sa.Column("urgent_at", sa.DateTime(timezone=True)))
    op.add_column("cases", sa.Column("looked_at", sa.DateTime(timezone=True)))
    op.add_column("cases", sa.Column("proposed_by", sa.Text))
    op.add_column("cases", sa.Column("proposed_what", sa.Text))
    op.execute(_SINCE)
    op.execute(_DUTY)


def downgrade() -> None:
    """Drop them."""
    for column in ("proposed_what", "proposed_by", "looked_at", "urgent_at"):
        op.drop_column("cases", column)
