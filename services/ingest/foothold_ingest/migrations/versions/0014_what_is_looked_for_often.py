"""Indexes for what is asked every second or minute, however much lies in the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of files: whose pieces stay, and whose rows wait.

    Of held events: whose agency has any that waits.
    """
    op.create_index(
        "ix_uploads_kept", "uploads", ["upload_id"], postgresql_where=sa.text("is_kept")
    )
    by_characters = {"source_id": "text_pattern_ops"}
    op.create_index(
        "ix_quarantine_waiting",
        "quarantine",
        ["source_id"],
        postgresql_ops=by_characters,
        postgresql_where=sa.text("retried_at is null"),
    )
    waits = sa.text("released_at is null and problem is null")
    op.create_index("ix_held_agency_waiting", "held", ["agency", "at"], postgresql_where=waits)


def downgrade() -> None:
    """Everything is read again each time."""
    op.drop_index("ix_held_agency_waiting", "held")
    op.drop_index("ix_quarantine_waiting", "quarantine")
    op.drop_index("ix_uploads_kept", "uploads")
