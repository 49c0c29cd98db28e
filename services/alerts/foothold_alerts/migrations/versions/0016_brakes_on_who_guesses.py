"""No longer locks an account for what others typed.

The brake is on whoever guesses, and kept by the process.

The columns stay one release longer, with a default: the desk of the version before reads and writes
them while it is being replaced.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing has to be written any more."""
    op.alter_column("accounts", "failures", server_default="0")


def downgrade() -> None:
    """As before."""
    op.alter_column("accounts", "failures", server_default=None)
