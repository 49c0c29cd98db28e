"""Uploaded files, their rows that were not taken, and agencies' own mappings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "mappings",
        sa.Column("agency", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
    )
    op.create_table(
        "uploads",
        sa.Column("upload_id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("mapping", sa.Text, nullable=False),
        sa.Column("mapping_text", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("is_dry_run", sa.Boolean, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("encoding", sa.Text),
        sa.Column("headers", JSONB),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("rows_done", sa.Integer, nullable=False),
        sa.Column("counts", JSONB, nullable=False),
        sa.Column("finished_at", MOMENT),
    )
    op.create_index("ix_uploads_agency", "uploads", ["agency", "at"])
    op.create_index(
        "ix_uploads_open", "uploads", ["at"], postgresql_where=sa.text("finished_at is null")
    )
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.Text, sa.ForeignKey("uploads.upload_id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
    )
    op.create_table(
        "upload_problems",
        sa.Column("upload_id", sa.Text, sa.ForeignKey("uploads.upload_id"), primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("mended_at", MOMENT),
    )


def downgrade() -> None:
    """Files not yet worked through would be lost."""
    raise RuntimeError(
        "going back would lose files that have been taken and not yet worked through"
    )
