"""Totals and signatures of files that were set aside as wrong rows wait no longer.

Nobody can mend them: they name neither household nor person. The sentence they were set aside with
is written here as it was.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_THESE = """
    from quarantine where service = 'ingest' and retried_at is null and source_id like 'file.%'
    and detail like '本行既无户也无人（合计、签字等）%'
"""


def upgrade() -> None:
    """Each is settled in its history, and stays there."""
    op.execute(
        "insert into quarantine_history (source_id, at, actor, action, outcome, detail)"
        f" select source_id, now(), 'foothold', 'retried', 'no_data', detail {_THESE}"
    )
    op.execute(
        "update quarantine set retried_at = now()"  # noqa: S608 - as above
        f" where source_id in (select source_id {_THESE})"
    )


def downgrade() -> None:
    """They stay settled: nothing could become of them."""
