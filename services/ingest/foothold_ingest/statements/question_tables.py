"""The table of what senders are asked about their own statements."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from foothold_ingest.database import Base


class StatementQuestionRow(Base):
    """A question to the sender of `fact_id`, and what became of it.

    `own`, `beside`: what its page shows; `sealed`: the whole record, to write the answer from.

    `since`: of a yearly income that lapsed, the first month that is unknown; there `beside_id` is
    the fact itself.
    `written_at`: when the fact of the answer stood in the log. Columns from `agency` to `sealed`
    are filled once the sender is found.
    """

    __tablename__ = "questions"
    __table_args__ = (
        Index("ix_questions_pair", "pair_id"),
        Index("ix_questions_open", "household_id", postgresql_where="state in ('new', 'open')"),
        Index("ix_questions_fact", "fact_id"),
        Index("ix_questions_beside", "beside_id"),
        Index(
            "ix_questions_unwritten",
            "answered_at",
            postgresql_where="state = 'answered' and written_at is null",
        ),
    )

    question_id: Mapped[str] = mapped_column(Text, primary_key=True)
    pair_id: Mapped[str] = mapped_column(Text)
    household_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    fact_id: Mapped[str] = mapped_column(Text)
    beside_id: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int]
    agency: Mapped[str | None] = mapped_column(Text, index=True)
    own: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    beside: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    sealed: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    written_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    since: Mapped[str | None] = mapped_column(Text)
