"""When the time to settle began, when it stood still and by whose word.

And what a colleague who leaves lets go of.

Cases that run are counted from `settle_from` once alerts has started: their last day stays what it
was until it is counted anew.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_AUTHORS = """
    update cases set paused_by = coalesce(
        (
            select actor from audit
            where audit.case_id = cases.case_id and action = 'paused'
            order by audit_id desc limit 1
        ), ''
    ) where paused_on is not null
"""


def upgrade() -> None:
    """Add the columns; who paused a case stands in the audit."""
    op.add_column("cases", sa.Column("settle_from", sa.Date))
    op.add_column("cases", sa.Column("stood_still", JSONB, nullable=False, server_default="[]"))
    op.add_column("cases", sa.Column("paused_by", sa.Text))
    op.add_column("region_warnings", sa.Column("let_go_at", sa.DateTime(timezone=True)))
    op.execute(_AUTHORS)


def downgrade() -> None:
    """Drop them."""
    op.drop_column("region_warnings", "let_go_at")
    for column in ("paused_by", "stood_still", "settle_from"):
        op.drop_column("cases", column)
