"""Whom a household's entry names, and the entries it has replaced.

They count again once it is taken back.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled with the next entries.

    Until then nobody is warned of a stranger, and nothing counts again.
    """
    op.add_column("households", sa.Column("members", ARRAY(sa.Text)))
    op.add_column("households", sa.Column("earlier", JSONB))


def downgrade() -> None:
    """Both follow from what agencies send."""
    op.drop_column("households", "members")
    op.drop_column("households", "earlier")
