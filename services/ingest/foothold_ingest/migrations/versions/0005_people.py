"""Adds who belongs to which household, and events that wait for their person.

It also adds suspected doubles, county codes added here, and the audit.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables; the register fills with the next entries agencies send."""
    op.create_table(
        "people",
        sa.Column("person_ref", sa.Text, primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("is_derived", sa.Boolean, nullable=False),
    )
    op.create_table(
        "households",
        sa.Column("household_id", sa.Text, primary_key=True),
        sa.Column("county", sa.Text, nullable=False),
        sa.Column("sealed_subject", sa.Text, nullable=False),
        sa.Column("registered_at", MOMENT),
        sa.Column("digest", sa.LargeBinary),
    )
    op.create_table(
        "memberships",
        sa.Column("membership_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column(
            "household_id",
            sa.Text,
            sa.ForeignKey("households.household_id"),
            nullable=False,
            index=True,
        ),
        sa.Column(
            "person_ref", sa.Text, sa.ForeignKey("people.person_ref"), nullable=False, index=True
        ),
        sa.Column("joined_on", sa.Date),
        sa.Column("left_on", sa.Date),
    )
    op.create_table(
        "doubles",
        sa.Column("ticket", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("person_ref", sa.Text, nullable=False),
        sa.Column("household_id", sa.Text, nullable=False, index=True),
        sa.Column("other_id", sa.Text, nullable=False, index=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.Column("outcome", sa.Text),
        sa.Column("actor", sa.Text),
        sa.Column("because", sa.Text),
    )
    known = sa.text("outcome is null or outcome = 'dismissed'")
    op.create_index(
        "ix_doubles_once",
        "doubles",
        ["person_ref", "household_id", "other_id"],
        unique=True,
        postgresql_where=known,
    )
    op.create_table(
        "held",
        sa.Column("fact_id", sa.Text, primary_key=True),
        sa.Column("person_ref", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False, index=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("sealed", sa.Text),
        sa.Column("problem", sa.Text),
        sa.Column("released_at", MOMENT),
    )
    op.create_index(
        "ix_held_waiting", "held", ["person_ref"], postgresql_where=sa.text("released_at is null")
    )
    op.create_table(
        "regions",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("first_year", sa.Integer),
        sa.Column("last_year", sa.Integer),
    )
    op.create_table(
        "audit",
        sa.Column("event_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("detail", JSONB, nullable=False),
    )


def downgrade() -> None:
    """What is held would be lost."""
    raise RuntimeError("going back would lose the events that wait for their person")
