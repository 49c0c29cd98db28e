"""Releases held events by themselves, once a register entry names their person."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Row, Select, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.aside import PARTS_AWAY
from foothold_ingest.database import MOST_ATTEMPTS, HeldRow, MembershipRow
from foothold_ingest.intake.days import Days
from foothold_ingest.intake.intake import Intake
from foothold_ingest.metrics import Metrics
from foothold_ingest.people import doubles
from foothold_ingest.people.held import HeldBook
from foothold_ingest.rules.judgement import Accepted, Arrival, Rejected
from foothold_ingest.turns import Items, report, take_turns
from foothold_schemas.wire.quarantine import RefusalReason

LOOK_SECONDS: Final = 1.0
AT_ONCE: Final = 200

log = structlog.get_logger()
HeldLine = Row[str, str, str | None, datetime, list[int] | None]
"""Fact id, agency, the sealed event, when and where it first came."""


class Releaser:
    """Any number of replicas may run one: each row is taken by one of them."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        engine: AsyncEngine,
        book: HeldBook,
        *,
        agencies: Agencies,
        intake: Intake,
        days: Days,
        metrics: Metrics,
    ) -> None:
        self._engine = engine
        self._book = book
        self._agencies = agencies
        self._intake = intake
        self._days = days
        self._metrics = metrics
        self._items = Items[str]("releaser", engine, metrics, name=lambda fact_id: fact_id)
        self._one_release = asyncio.Lock()

    async def run(self) -> None:
        """Run until cancelled: what can be released, then a pause."""
        await take_turns("releaser", self._turn, self._metrics, pause=LOOK_SECONDS)

    async def _turn(self) -> None:
        while await self.release_some() >= AT_ONCE:
            self._metrics.progress.labels("releaser").set_to_current_time()
        await self._count()

    async def release_some(self) -> int:
        """Release up to AT_ONCE events of each agency whose household is known now.

        Return how many no longer wait for it.
        """
        async with self._engine.connect() as connection:
            agencies = (await connection.execute(agencies_waiting())).scalars().all()
        settled, failure = 0, None
        for agency in agencies:
            try:
                settled += await self._release_of(agency)
            except PARTS_AWAY:
                raise
            except Exception as error:  # noqa: BLE001 - all of this agency's events failed; the others' may not
                failure = error
        if failure is not None:
            raise failure
        return settled

    async def _release_of(self, agency: str) -> int:
        """An agency's events never wait behind another's that cannot be released.

        Nor behind one of its own: that is tried alone.
        """
        async with self._engine.connect() as connection:
            waiting = (
                (await connection.execute(_rows().where(HeldRow.agency == agency))).scalars().all()
            )

        settled = 0

        async def settle(names: Sequence[str]) -> None:
            nonlocal settled
            settled += await self._settle(
                _rows().where(HeldRow.fact_id.in_(names)).with_for_update(skip_locked=True),
                is_patient=True,
            )

        await self._items.work(waiting, settle, self._failed)
        return settled

    async def _failed(self, name: str, error: str) -> bool:
        """One more attempt failed.

        The last leaves the event with its problem, for the agency's console and a person.
        """
        async with self._engine.begin() as connection:
            update_query = update(HeldRow).where(HeldRow.fact_id == name)
            attempts = (
                await connection.execute(
                    update_query.values(attempts=HeldRow.attempts + 1).returning(HeldRow.attempts)
                )
            ).scalar_one()
            if attempts >= MOST_ATTEMPTS:
                problem = (
                    f"{RefusalReason.UNPROCESSABLE.value}: the program failed at it {attempts}"
                    f" times ({error}); it is kept, look again after an upgrade"
                )
                await connection.execute(update_query.values(problem=problem, attempts=0))
        return attempts >= MOST_ATTEMPTS

    async def release(self, people: Collection[str], *, is_patient: bool) -> None:
        """Release what waits for these people; what another replica has in hand is waited for.

        Raise Busy or Unknown where it is not patient.
        """
        theirs = _rows().where(HeldRow.person_ref.in_(people))
        async with self._engine.connect() as connection:
            if (await connection.execute(theirs.limit(1))).first() is None:
                return
        # it holds a connection while the doors' work below asks for others: many at once would wait
        # for one another
        async with self._one_release:
            try:
                while (
                    await self._settle(theirs.with_for_update(), is_patient=is_patient) == AT_ONCE
                ):
                    pass
            except PARTS_AWAY:
                raise
            except Exception as error:  # noqa: BLE001 - what was held may be another agency's: it must not refuse the entry. `run` tries it one by one
                report("releaser", error, self._metrics)

    async def _settle(
        self, query: Select[str, str, str | None, datetime, list[int] | None], *, is_patient: bool
    ) -> int:
        async with self._engine.begin() as connection:
            rows = (await connection.execute(query)).all()
            agencies = {
                agency: [row for row in rows if row.agency == agency]
                for agency in sorted({row.agency for row in rows})
            }
            settled = [
                await self._release(connection, agency, waiting, is_patient=is_patient)
                for agency, waiting in agencies.items()
            ]
        return sum(settled)

    async def _release(
        self,
        connection: AsyncConnection,
        agency: str,
        rows: Sequence[HeldLine],
        *,
        is_patient: bool,
    ) -> int:
        """Write the events into the log first, then the rows.

        After a crash between the two they go once more, and count once.
        """
        now = datetime.now(UTC)
        events = [self._book.open(row.sealed) for row in rows]
        came = [Arrival(row.at, None if row.place is None else tuple(row.place)) for row in rows]
        judged = await self._intake.judge(
            events, await self._agencies.writer(agency), self._days.clock(now), arrivals=came
        )
        accepted = [judgement for judgement in judged if isinstance(judgement, Accepted)]
        await self._intake.keep(accepted, is_patient=is_patient)
        released = [placed.record.fact_id for placed in accepted]
        await connection.execute(
            update(HeldRow)
            .where(HeldRow.fact_id.in_(released))
            .values(released_at=now, sealed=None)
        )
        for row, judgement in zip(rows, judged, strict=True):
            if isinstance(judgement, Rejected):
                problem = f"{judgement.reason.value}: {judgement.detail}"
                await connection.execute(
                    update(HeldRow).where(HeldRow.fact_id == row.fact_id).values(problem=problem)
                )
        refused = sum(isinstance(judgement, Rejected) for judgement in judged)
        log.info("ingest.released", agency=agency, released=len(released), refused=refused)
        return len(released) + refused

    async def _count(self) -> None:
        async with self._engine.connect() as connection:
            waiting = select(func.count()).select_from(HeldRow).where(HeldRow.released_at.is_(None))
            self._metrics.held.set((await connection.execute(waiting)).scalar_one())


def _waits() -> tuple[ColumnElement[bool], ...]:
    """Those whose person is in a register and in no open ticket."""
    known = exists().where(MembershipRow.person_ref == HeldRow.person_ref)
    return (
        HeldRow.released_at.is_(None),
        HeldRow.problem.is_(None),
        known & ~doubles.open_for(HeldRow.person_ref),
    )


def agencies_waiting() -> Select[str]:
    """Agencies with events that can be released."""
    return select(HeldRow.agency).where(*_waits()).distinct().order_by(HeldRow.agency)


def _rows() -> Select[str, str, str | None, datetime, list[int] | None]:
    """Up to AT_ONCE that can be released, in the order in which they came."""
    return (
        select(HeldRow.fact_id, HeldRow.agency, HeldRow.sealed, HeldRow.at, HeldRow.place)
        .where(*_waits())
        .order_by(HeldRow.at)
        .limit(AT_ONCE)
    )
