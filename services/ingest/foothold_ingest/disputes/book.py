"""What caseworkers doubt, whom it was put to, and what became of it.

A doubt changes no fact: its sender corrects it, or says that it is right.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from foothold_ingest.disputes.tables import DisputeRow
from foothold_ingest.rules.rows.summaries import said_in
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.messages.disputes import DisputeState, FactDisputed
from foothold_schemas.messages.relief import PeopleSaid

NEW: Final = "new"
SHOWN: Final = 200
SHOWN_DAYS: Final = 30


class DisputeBook:
    """Their table."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def ask(self, disputes: Sequence[tuple[PeopleSaid, FactDisputed]]) -> None:
        """Write them down; one that is known stays as it is."""
        rows = [
            {
                "dispute_id": message.id,
                "household_id": message.household_id,
                "fact_id": doubt.disputed,
                "fact_kind": doubt.fact_kind,
                "fact_day": doubt.fact_day,
                "doubt": doubt.doubt.value,
                "note": doubt.note,
                "asked_at": message.time,
                "state": NEW,
                "answer": "",
            }
            for message, doubt in disputes
        ]
        if rows:
            async with self._engine.begin() as connection:
                await connection.execute(insert(DisputeRow).on_conflict_do_nothing(), rows)

    async def corrected(self, records: Iterable[FactRecord]) -> None:
        """These records are in the log.

        What they correct or take back is doubted no more, whether it was looked up yet or not.
        """
        by_fact = {fact: record for record in records for fact in record.withdraws}
        if not by_fact:
            return
        async with self._engine.begin() as connection:
            query = select(DisputeRow.dispute_id, DisputeRow.fact_id).where(
                DisputeRow.fact_id.in_(by_fact), DisputeRow.state != DisputeState.CORRECTED
            )
            for row in (
                await connection.execute(query.order_by(DisputeRow.dispute_id).with_for_update())
            ).all():
                record = by_fact[row.fact_id]
                update_query = update(DisputeRow).where(DisputeRow.dispute_id == row.dispute_id)
                await connection.execute(
                    update_query.values(
                        state=DisputeState.CORRECTED.value,
                        agency=record.agency,
                        answered_at=record.recorded_time,
                    )
                )

    async def attach_record(self, dispute_id: str, record: FactRecord | None) -> None:
        """The fact's record in the log, or that there is none.

        What was corrected meanwhile stays so.
        """
        state = DisputeState.NO_SENDER if record is None else DisputeState.ASKED
        values = (
            {}
            if record is None
            else {
                "agency": record.agency,
                "source": record.source,
                "event_id": record.id,
                "said": said_in(record),
            }
        )
        kept = func.coalesce(func.nullif(DisputeRow.state, NEW), state.value)
        async with self._engine.begin() as connection:
            await connection.execute(
                update(DisputeRow)
                .where(DisputeRow.dispute_id == dispute_id)
                .values(**values, state=kept, attempts=0)
            )

    async def confirm(
        self, agency: str, dispute_id: str, note: str, *, by: str, now: datetime
    ) -> bool:
        """The sender has looked and says that its fact is right.

        False where nothing of the agency waits under that id.
        """
        update_query = update(DisputeRow).where(
            DisputeRow.dispute_id == dispute_id,
            DisputeRow.agency == agency,
            DisputeRow.state == DisputeState.ASKED,
        )
        values = {
            "state": DisputeState.CONFIRMED.value,
            "answer": note,
            "answered_by": by,
            "answered_at": now,
        }
        async with self._engine.begin() as connection:
            return bool(
                (
                    await connection.execute(
                        update_query.values(values).returning(DisputeRow.dispute_id)
                    )
                ).all()
            )

    async def of(self, agency: str, now: datetime) -> Sequence[RowMapping]:
        """What waits for the agency, the oldest first, then what was answered of late."""
        is_open = DisputeRow.state == DisputeState.ASKED
        late = DisputeRow.answered_at > now - timedelta(days=SHOWN_DAYS)
        query = (
            select(*DisputeRow.__table__.columns)
            .where(DisputeRow.agency == agency, or_(is_open, late))
            .order_by(is_open.desc(), DisputeRow.asked_at)
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query.limit(SHOWN))).mappings().all()

    async def many(self, *where: ColumnElement[bool]) -> int:
        """How many wait for an answer."""
        query = (
            select(func.count())
            .select_from(DisputeRow)
            .where(DisputeRow.state == DisputeState.ASKED, *where)
        )
        async with self._engine.connect() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def waiting_for(self, agency: str) -> int:
        """How many wait for this agency."""
        return await self.many(DisputeRow.agency == agency)
