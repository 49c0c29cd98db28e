"""When each feed was last heard."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; it fills as agencies speak."""
    op.create_table(
        "feeds",
        sa.Column("agency", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("county", sa.Text, primary_key=True),
        sa.Column("heard_on", sa.Date),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("feeds")
