"""Quarantine sealed and with a history; the directory."""

import sqlalchemy as sa
from alembic import context, op

from foothold_schemas.wire.quarantine import SourceRecord

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Seal what lies there, then make the new tables."""
    op.add_column("quarantine", sa.Column("sealed", sa.Text))
    op.add_column("quarantine", sa.Column("retried_at", sa.DateTime(timezone=True)))
    _seal_rows()
    op.alter_column("quarantine", "sealed", nullable=False)
    op.drop_column("quarantine", "record_key")
    op.drop_column("quarantine", "record_value")
    op.create_table(
        "quarantine_history",
        sa.Column("event_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("source_id", sa.Text, sa.ForeignKey("quarantine.source_id"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_quarantine_history_source_id", "quarantine_history", ["source_id"])
    op.create_table(
        "directory",
        sa.Column("household_id", sa.Text, primary_key=True),
        sa.Column("wrapped_key", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text),
        sa.Column("registered_at", sa.DateTime(timezone=True)),
    )


def _seal_rows() -> None:
    seal = context.config.attributes["quarantine_seal"]
    connection = op.get_bind()
    for row in connection.execute(
        sa.text("select source_id, record_key, record_value from quarantine")
    ).all():
        record = SourceRecord(
            key=row.record_key and bytes(row.record_key),
            value=row.record_value and bytes(row.record_value),
        )
        sealed = seal.close(record.model_dump_json(exclude_none=True).encode())
        connection.execute(
            sa.text("update quarantine set sealed = :sealed where source_id = :id"),
            {"sealed": sealed, "id": row.source_id},
        )


def downgrade() -> None:
    """Sealed records are not opened again by going back."""
    raise RuntimeError("going back would leave sealed records nobody could read")
