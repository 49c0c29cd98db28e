"""Which households risk does not judge at the moment.

The program failed at them, and what is shown of them is old.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, DateTime, Text, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from foothold_alerts.tables.cases import Base
from foothold_schemas.messages.transitions import Judgement


class JudgementRow(Base):
    """What risk said last of a household it could not judge.

    `register_number` and `area` are empty for one that is not registered.
    """

    __tablename__ = "judgements"

    household_id: Mapped[str] = mapped_column(Text, primary_key=True)
    is_judged: Mapped[bool] = mapped_column(Boolean)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    register_number: Mapped[str] = mapped_column(Text)
    area: Mapped[str] = mapped_column(Text)


async def keep(connection: AsyncConnection, judgements: Sequence[Judgement]) -> None:
    """In the order in which they were said.

    One that is retried late does not replace a newer one.
    """
    for judgement in judgements:
        row = {
            "household_id": judgement.household_id,
            "is_judged": judgement.is_judged,
            "since": judgement.since,
            "register_number": judgement.register_number or "",
            "area": judgement.area or "",
        }
        statement = insert(JudgementRow).values(row)
        changed = {name: statement.excluded[name] for name in row if name != "household_id"}
        is_newer = JudgementRow.since <= statement.excluded.since
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["household_id"], set_=changed, where=is_newer
            )
        )


async def not_judged_since(connection: AsyncConnection, household_id: str) -> datetime | None:
    """Since when the household is not judged; None where it is."""
    asked = select(JudgementRow.since).where(
        JudgementRow.household_id == household_id, ~JudgementRow.is_judged
    )
    return (await connection.execute(asked)).scalar_one_or_none()
