"""Opens calendar days, each one in order and into every partition.

Any number of replicas may try: the database lets one at a time.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import structlog
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.agencies.feeds import last_heard
from foothold_ingest.database import OpenedDay
from foothold_ingest.log.writer import Publisher, fact_line
from foothold_ingest.metrics import Metrics
from foothold_ingest.rules.accept import fact_id
from foothold_ingest.rules.judgement import Clock
from foothold_ingest.rules.times import SHANGHAI
from foothold_ingest.settings import DayClock, GoLive
from foothold_ingest.turns import take_turns
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import DayOpened
from foothold_schemas.facts.feeds import FeedSpoke
from foothold_schemas.wire.tracing import begin

LOOK_SECONDS: Final = 5.0
MAX_DAYS_AT_ONCE: Final = 400
MAX_CLOCK_SKEW: Final = timedelta(minutes=5)
_SOURCE: Final = "/foothold/days"
_LOCK: Final = text("select pg_advisory_xact_lock(4711001)")

log = structlog.get_logger()


class CannotOpen(Exception):  # noqa: N818 - an answer with its reason
    """The day cannot be opened; the message says why."""


class Days:
    """The book of opened days, and the clock that follows from it."""

    def __init__(
        self,
        engine: AsyncEngine,
        publisher: Publisher,
        metrics: Metrics,
        day_clock: DayClock,
        go_live: GoLive = GoLive.AT_START,
    ) -> None:
        self._engine = engine
        self._publisher = publisher
        self._metrics = metrics
        self._day_clock = day_clock
        self._go_live = go_live
        self.last: date | None = None

    async def load(self) -> None:
        """Read which day was opened last."""
        async with self._engine.connect() as connection:
            self._note((await connection.execute(select(func.max(OpenedDay.day)))).scalar_one())

    def clock(self, now: datetime) -> Clock:
        """The door's time at `now`.

        With days by hand, the open day is today even if the calendar says otherwise.
        """
        today = now.astimezone(SHANGHAI).date()
        if self._day_clock is DayClock.WALL or self.last is None:
            return Clock(now=now, today=today, recorded=now)
        end = datetime.combine(self.last + timedelta(days=1), time.min, SHANGHAI).astimezone(UTC)
        return Clock(now=max(now, end), today=self.last, recorded=now)

    async def preview(
        self, to_open: Sequence[tuple[date, bool]], now: datetime
    ) -> list[CannotOpen | None]:
        """What `open` would say to these days (and whether each is quiet), one after the other.

        Nothing is opened.
        """
        try:
            async with self._engine.connect() as connection:
                last = await self._last(connection, now)
        except CannotOpen as error:
            return [error] * len(to_open)
        answers: list[CannotOpen | None] = []
        for day, is_quiet in to_open:
            try:
                days = days_to_open(day, last, is_quiet=is_quiet)
            except CannotOpen as error:
                answers.append(error)
            else:
                last = days[-1] if days else last
                answers.append(None)
        return answers

    async def _last(self, connection: AsyncConnection, now: datetime) -> date | None:
        """The day opened last; raise CannotOpen where the clocks disagree."""
        database_now, last = (
            await connection.execute(select(func.clock_timestamp(), func.max(OpenedDay.day)))
        ).one()
        if abs(database_now - now) > MAX_CLOCK_SKEW:
            raise CannotOpen(
                f"this machine's clock is {abs(database_now - now)} away from the database's; no"
                " day is opened until they agree"
            )
        last_day: date | None = last
        return last_day

    async def open(self, day: date, now: datetime, *, is_quiet: bool = False) -> list[date]:
        """Open every day after the last one up to `day` (only `day` itself if it is the first).

        Return those opened.
        """
        async with self._engine.begin() as connection:
            await connection.execute(_LOCK)
            last = await self._last(connection, now)
            days = days_to_open(day, last, is_quiet=is_quiet)
            if days:
                first = days[0]
                spoke = await last_heard(connection, first)
                records = [
                    _record(d, now, spoke if d == first else (), is_quiet=is_quiet) for d in days
                ]
                await self._publisher.broadcast([fact_line(record, begin()) for record in records])
                await connection.execute(
                    insert(OpenedDay), [{"day": d, "opened_at": now} for d in days]
                )
        self._note(max([d for d in (last, *days) if d is not None], default=None))
        for opened in days:
            log.info("ingest.day_opened", day=opened.isoformat())
        return days

    async def follow_wall_clock(self) -> None:
        """Run until cancelled, and open today as soon as it has begun in Asia/Shanghai.

        It does so from go-live on.
        """
        await take_turns("days", self._follow, self._metrics, pause=LOOK_SECONDS)

    async def _follow(self) -> None:
        now = datetime.now(UTC)
        today = now.astimezone(SHANGHAI).date()
        if self.last is None and self._go_live is GoLive.BY_COMMAND:
            await self.load()  # another process opens the first day
        elif self.last is None or self.last < today:
            try:
                await self.open(today, now)
            except CannotOpen as error:
                log.warning("ingest.day_not_opened", reason=str(error))

    def _note(self, day: date | None) -> None:
        self.last = day
        if day is not None:
            self._metrics.open_day.set(datetime.combine(day, time.min, SHANGHAI).timestamp())


def days_to_open(day: date, last: date | None, *, is_quiet: bool) -> list[date]:
    """Every day after the last one up to `day`, or the day itself where none is open yet.

    Raise CannotOpen.
    """
    if is_quiet and last is not None:
        raise CannotOpen(f"only the first day can be quiet, and {last} is open already")
    first = day if last is None else last + timedelta(days=1)
    many = (day - first).days + 1
    if many > MAX_DAYS_AT_ONCE:
        raise CannotOpen(
            f"{day} lies {many} days after {last}; at most {MAX_DAYS_AT_ONCE} days are opened at"
            " once"
        )
    return [first + timedelta(days=n) for n in range(many)]


def _record(
    day: date, now: datetime, feeds: tuple[FeedSpoke, ...], *, is_quiet: bool
) -> FactRecord:
    return FactRecord(
        fact_id=fact_id(_SOURCE, day.isoformat()),
        household_id=None,
        agency="foothold",
        source=_SOURCE,
        id=day.isoformat(),
        time=datetime.combine(day, time.min, SHANGHAI),
        recorded_time=now,
        data=DayOpened(day=day, is_quiet=is_quiet, feeds=feeds),
    )
