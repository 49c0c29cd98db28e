"""Since which month a yearly income is unknown, beside the question to its sender."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty for pairs of statements."""
    op.add_column("questions", sa.Column("since", sa.Text))


def downgrade() -> None:
    """It comes with the views again."""
    op.drop_column("questions", "since")
