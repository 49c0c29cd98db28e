"""The register of agencies: what each may send, for which areas."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Enter those who have a key.

    Until an operator narrows it, they may send what they could before.
    """
    op.create_table(
        "agencies",
        sa.Column("agency", sa.Text, primary_key=True),
        sa.Column("kinds", ARRAY(sa.Text)),
        sa.Column("areas", ARRAY(sa.Text)),
        sa.Column("is_operator", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
    )
    op.execute(
        "insert into agencies (agency, is_operator, created_at) select agency,"
        " bool_or(is_operator), min(created_at) from agency_keys group by agency"
    )


def downgrade() -> None:
    """Drop it; keys go on without a remit."""
    op.drop_table("agencies")
