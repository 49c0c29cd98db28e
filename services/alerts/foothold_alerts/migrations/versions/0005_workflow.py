"""Adds steps of a case by workflow, roles of accounts, and durable jobs.

It also adds what people say on its way into the log.
"""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make columns and tables; what was verified goes on at the village's review."""
    op.add_column("cases", sa.Column("workflow", sa.Integer, nullable=False, server_default="1"))
    op.add_column("cases", sa.Column("consent", sa.Text))
    op.add_column("cases", sa.Column("notice_on", sa.Date))
    op.add_column("cases", sa.Column("identified_on", sa.Date))
    op.execute("update cases set stage = 'village_review' where stage = 'verified'")
    op.execute(
        "update cases set close_reason = 'risk_eliminated' where close_reason = 'eliminated'"
    )
    op.execute("update cases set close_reason = 'natural_exit' where close_reason = 'natural'")
    op.add_column("accounts", sa.Column("role", sa.Text, nullable=False, server_default="county"))
    op.execute(
        "update accounts set role = case length(area) when 12 then 'village' when 9 then 'township'"
        " else 'county' end"
    )
    op.create_table(
        "said",
        sa.Column("seq", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("said_id", sa.Text, nullable=False, unique=True),
        sa.Column("household_id", sa.Text, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "ix_said_waiting",
        "said",
        ["household_id", "seq"],
        postgresql_where=sa.text("sent_at is null"),
    )
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))


_JOBS_GONE = """
drop table if exists
    procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs, procrastinate_workers
    cascade;
do $$
declare gone record;
begin
    for gone in
        select oid::regprocedure as name from pg_proc where proname like 'procrastinate\\_%'
    loop
        execute 'drop function ' || gone.name || ' cascade';
    end loop;
    for gone in
        select typname as name from pg_type
        where typname like 'procrastinate\\_%' and typtype in ('e', 'c')
    loop
        execute 'drop type ' || gone.name || ' cascade';
    end loop;
end $$
"""


def downgrade() -> None:
    """Drop what was made; stages the steps brought become the nearest of before.

    What was not sent yet is lost: stop alerts when it is all sent.
    """
    op.get_bind().exec_driver_sql(_JOBS_GONE.replace("%", "%%"))
    op.drop_table("said")
    op.drop_column("accounts", "role")
    op.execute("update cases set stage = 'closed' where stage in ('eliminated', 'natural')")
    op.execute(
        "update cases set stage = 'verified' where stage not in ('lead', 'verifying', 'dismissed',"
        " 'closed')"
    )
    op.execute(
        "update cases set close_reason = 'eliminated' where close_reason = 'risk_eliminated'"
    )
    op.execute("update cases set close_reason = 'natural' where close_reason = 'natural_exit'")
    for column in ("workflow", "consent", "notice_on", "identified_on"):
        op.drop_column("cases", column)
