"""Cases, transitions, relief, accounts, sessions, audit, business days."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, and an audit that refuses to be changed."""
    op.create_table(
        "cases",
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False, unique=True),
        sa.Column("household_id", sa.Text, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False),
        sa.Column("register_number", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("is_urgent", sa.Boolean, nullable=False),
        sa.Column("priority_group", sa.Text),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("close_reason", sa.Text),
        sa.Column("is_recovering", sa.Boolean, nullable=False),
        sa.Column("assigned_to", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("latest", JSONB, nullable=False),
        sa.UniqueConstraint("household_id", "episode"),
    )
    op.create_index("ix_cases_inbox", "cases", ["stage", "area"])
    op.create_table(
        "transitions",
        sa.Column("transition_id", sa.Text, primary_key=True),
        sa.Column("household_id", sa.Text, nullable=False, index=True),
        sa.Column("case_id", sa.Text, index=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("body", JSONB, nullable=False),
    )
    op.create_table(
        "relief",
        sa.Column("relief_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("cases.case_id"), nullable=False, index=True),
        sa.Column("household_id", sa.Text, nullable=False, index=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False, index=True),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("amount_fen", sa.BigInteger),
        sa.Column("paid_at", MOMENT),
        sa.Column("paid_by", sa.Text),
        sa.Column("papers_due_on", sa.Date),
    )
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("disabled_at", MOMENT),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", MOMENT),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column(
            "account", sa.Text, sa.ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("csrf", sa.Text, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, index=True),
        sa.Column("detail", JSONB, nullable=False),
    )
    op.create_table(
        "partition_days",
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("registered", JSONB, nullable=False),
    )
    op.execute(
        "create function refuse_audit_change() returns trigger language plpgsql as $$ begin raise"
        " exception 'the audit is never changed'; end $$"
    )
    op.execute(
        "create trigger audit_stays before update or delete on audit for each row execute function"
        " refuse_audit_change()"
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in (
        "partition_days",
        "audit",
        "sessions",
        "accounts",
        "relief",
        "transitions",
        "cases",
    ):
        op.drop_table(table)
    op.execute("drop function refuse_audit_change()")
