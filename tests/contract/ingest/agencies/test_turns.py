"""Tests the work beside the doors.

One item at which the program fails is tried three times and reported, the others are done, and no
failure ends ingest.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import InterfaceError

import foothold_ingest.disputes.asking
import foothold_ingest.people.tickets
import foothold_ingest.quarantine.retry
import foothold_ingest.turns
from foothold_ingest.agencies.arrivals import ArrivalBook
from foothold_ingest.build import Built
from foothold_ingest.database import ArrivalRow, DoubleRow, HeldRow, QuarantinedRecord
from foothold_ingest.disputes.tables import DisputeRow
from foothold_ingest.metrics import JOBS
from foothold_ingest.people.held import HeldBook
from foothold_ingest.quarantine import given_up
from foothold_ingest.quarantine.retry import Outcome
from foothold_ingest.rules.binding import from_kafka
from foothold_ingest.turns import take_turns
from foothold_runtime.databases import StatementFails
from foothold_schemas.messages.disputes import Doubt, FactDisputed
from foothold_schemas.messages.relief import PeopleSaid
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason, SourceRecord
from tests.support.made.files import BILL_HEADERS, HOUSE_HEADERS, NUMBER, as_csv, bill, house
from tests.support.running.clerk import Clerk, counts

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(120)]

OTHER = "110101199003070054"


class DefectError(Exception):
    """A defect of the program; its message holds what was sent."""


def sample(ingest: Built, name: str, part: str) -> float:
    return (
        ingest.metrics.registry.get_sample_value(f"foothold_ingest_{name}_total", {"part": part})
        or 0
    )


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foothold_ingest.turns, "REST_SECONDS", 0.0)


async def held(clerk: Clerk) -> None:
    """Two bills whose people the register comes to know while nobody looks."""
    await clerk.done(
        "settled-bills", as_csv(BILL_HEADERS, [bill("bad-one", NUMBER), bill("good-one", OTHER)])
    )
    async with clerk.ingest.engine.begin() as connection:
        await connection.execute(text("update held set problem = 'waits'"))
    await clerk.done("households", as_csv(HOUSE_HEADERS, [house("H1", NUMBER), house("H2", OTHER)]))
    async with clerk.ingest.engine.begin() as connection:
        await connection.execute(text("update held set problem = null"))


async def test_a_held_event_that_fails_three_times_gets_its_problem_and_the_others_are_released(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await held(clerk)
    opened = HeldBook.open

    def fails(self: HeldBook, sealed: str | None) -> Any:  # noqa: ANN401
        event: Any = opened(self, sealed)
        if "bad-one" in str(event):
            raise DefectError(event)
        return event

    with monkeypatch.context() as patch:
        patch.setattr(HeldBook, "open", fails)
        released = [await clerk.ingest.releaser.release_some() for _ in range(4)]
    async with clerk.ingest.engine.connect() as connection:
        rows = (
            await connection.execute(
                select(HeldRow.released_at, HeldRow.problem).order_by(HeldRow.problem)
            )
        ).all()
    logged = capsys.readouterr().out

    assert released == [1, 0, 0, 0]
    assert [(row.released_at is None, (row.problem or "").partition(":")[0]) for row in rows] == [
        (True, "unprocessable"),
        (False, ""),
    ]
    assert (sample(clerk.ingest, "given_up", "releaser"), "bad-one" in logged) == (1, False)


async def test_a_register_entry_is_taken_though_what_waited_for_its_people_cannot_be_released(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await clerk.done("settled-bills", as_csv(BILL_HEADERS, [bill("C1", NUMBER)]))

    def fails(*_: object) -> None:
        raise DefectError

    monkeypatch.setattr(HeldBook, "open", fails)
    result = await clerk.done("households", as_csv(HOUSE_HEADERS, [house("H1", NUMBER)]))

    assert counts(result) == {"rows": 1, "accepted": 1, "new": 1}


async def test_a_doubt_at_which_the_program_fails_waits_for_a_person_and_the_others_are_asked_about(
    ingest: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        word = FactDisputed(
            disputed=f"{n:032x}",
            fact_kind="IncomeReported",
            fact_day=date(2026, 1, 10),
            doubt=Doubt.NEVER_HAPPENED,
            note="",
        )
        statement = PeopleSaid(
            id=f"act-{n}", household_id="a" * 32, time=datetime.now(UTC), by="zhang", data=word
        )
        await ingest.disputes.ask([(statement, word)])
    line = foothold_ingest.disputes.asking._line

    def fails(row: Any) -> Any:  # noqa: ANN401
        if row.dispute_id == "act-1":
            raise DefectError(row)
        return line(row)

    monkeypatch.setattr(foothold_ingest.disputes.asking, "_line", fails)
    for _ in range(4):
        await ingest.questions.look_up()
        await ingest.questions.inform_desk()
    async with ingest.engine.connect() as connection:
        rows = (
            await connection.execute(
                select(DisputeRow.dispute_id, DisputeRow.told, DisputeRow.attempts).order_by(
                    DisputeRow.dispute_id
                )
            )
        ).all()

    assert [tuple(row) for row in rows] == [
        ("act-0", "no_sender", 0),
        ("act-1", None, 3),
        ("act-2", "no_sender", 0),
    ]
    assert sample(ingest, "given_up", "questions") == 1


async def doubts(ingest: Built, many: int) -> None:
    for n in range(many):
        word = FactDisputed(
            disputed=f"{n:032x}",
            fact_kind="IncomeReported",
            fact_day=date(2026, 1, 10),
            doubt=Doubt.NEVER_HAPPENED,
            note="",
        )
        statement = PeopleSaid(
            id=f"act-{n}", household_id="a" * 32, time=datetime.now(UTC), by="zhang", data=word
        )
        await ingest.disputes.ask([(statement, word)])


async def attempts(ingest: Built) -> list[tuple[str | None, int]]:
    async with ingest.engine.connect() as connection:
        rows = (
            await connection.execute(
                select(DisputeRow.told, DisputeRow.attempts).order_by(DisputeRow.dispute_id)
            )
        ).all()
    return [(row.told, row.attempts) for row in rows]


async def test_where_all_items_of_a_turn_fail_none_is_blamed_and_all_are_done_once_it_works(
    ingest: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    await doubts(ingest, 3)
    await ingest.questions.look_up()

    def fails(row: Any) -> Any:  # noqa: ANN401
        raise DefectError(row)

    with monkeypatch.context() as patch:
        patch.setattr(foothold_ingest.disputes.asking, "_line", fails)
        for _ in range(4):
            with pytest.raises(DefectError):
                await ingest.questions.inform_desk()
        blamed = await attempts(ingest)
    await ingest.questions.inform_desk()

    assert (blamed, await attempts(ingest)) == ([(None, 0)] * 3, [("no_sender", 0)] * 3)
    assert sample(ingest, "given_up", "questions") == 0


async def test_an_item_that_failed_rests_before_it_is_tried_and_one_given_up_is_tried_when_asked(
    ingest: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    await doubts(ingest, 1)
    await ingest.questions.look_up()

    def fails(row: Any) -> Any:  # noqa: ANN401
        raise DefectError(row)

    with monkeypatch.context() as patch:
        patch.setattr(foothold_ingest.disputes.asking, "_line", fails)
        with monkeypatch.context() as long:
            long.setattr(foothold_ingest.turns, "REST_SECONDS", 3_600.0)
            for _ in range(4):
                await ingest.questions.inform_desk()
        rested = await attempts(ingest)
        ingest.questions._items._rests_until.clear()
        for _ in range(4):
            await ingest.questions.inform_desk()
        given = await attempts(ingest), await given_up.listed(ingest.engine)
    many = await given_up.retry(ingest.engine, by="op", now=datetime.now(UTC))
    await ingest.questions.inform_desk()

    assert (rested, given) == ([(None, 1)], ([(None, 3)], ["doubt act-0"]))
    assert (many, await attempts(ingest), await given_up.listed(ingest.engine)) == (
        1,
        [("no_sender", 0)],
        [],
    )


async def test_tickets_another_replica_has_in_hand_are_not_counted_as_told(clerk: Clerk) -> None:
    await clerk.done(
        "households", as_csv(HOUSE_HEADERS, [house("H1", NUMBER), house("H2", NUMBER)])
    )
    async with clerk.ingest.engine.begin() as connection:
        await connection.execute(select(DoubleRow.ticket).with_for_update())
        meanwhile = await clerk.ingest.tickets.announce_some()

    assert (meanwhile, await clerk.ingest.tickets.announce_some()) == (0, 1)


async def test_a_ticket_at_which_the_program_fails_waits_for_a_person_and_the_others_are_told(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await clerk.done(
        "households",
        as_csv(
            HOUSE_HEADERS,
            [house("H1", NUMBER), house("H2", NUMBER), house("H3", OTHER), house("H4", OTHER)],
        ),
    )
    lines = foothold_ingest.people.tickets._lines

    def fails(row: Any, there: Any) -> Any:  # noqa: ANN401
        if row["ticket"] == 1:
            raise DefectError(row)
        return lines(row, there)

    monkeypatch.setattr(foothold_ingest.people.tickets, "_lines", fails)
    for _ in range(4):
        await clerk.ingest.tickets.announce_some()
    async with clerk.ingest.engine.connect() as connection:
        rows = (
            await connection.execute(
                select(DoubleRow.ticket, DoubleRow.told, DoubleRow.attempts).order_by(
                    DoubleRow.ticket
                )
            )
        ).all()

    assert [tuple(row) for row in rows] == [(1, None, 3), (2, "open", 0)]
    assert sample(clerk.ingest, "given_up", "tickets") == 1


async def test_a_retry_at_which_the_program_still_fails_leaves_the_record_and_the_next_one_is_tried(
    ingest: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, kept = 1_781_000_000_000, []
    for offset, value in enumerate((b'{"bad-one": 1}', b'{"good-one": 1}')):
        record = SourceRecord(
            value=value, headers=(("content-type", b"application/cloudevents+json"),)
        )
        address = ("agency.clinic.v1", 0, offset)
        kept.append(
            Quarantined.of(
                "ingest",
                address,
                at,
                reason=RefusalReason.UNPROCESSABLE,
                detail="",
                record=record,
                seal=ingest.seal,
            )
        )
    async with ingest.engine.begin() as connection:
        columns = ("source_id", "service", "reason", "detail", "at", "sealed")
        await connection.execute(
            insert(QuarantinedRecord),
            [{name: getattr(item, name) for name in columns} for item in kept],
        )
    read = from_kafka

    def fails(headers: Any, value: bytes) -> Any:  # noqa: ANN401
        if b"bad-one" in value:
            raise DefectError(value)
        return read(headers, value)

    with monkeypatch.context() as patch:
        patch.setattr(foothold_ingest.quarantine.retry, "from_kafka", fails)
        tried = await ingest.retrier.retry(
            [item.source_id for item in kept], actor="op", now=datetime.now(UTC)
        )
    mended = await ingest.retrier.retry([kept[0].source_id], actor="op", now=datetime.now(UTC))

    assert [(item.outcome, item.detail.partition(":")[0]) for item in (*tried, *mended)] == [
        (Outcome.STILL_REFUSED, "unprocessable"),
        (Outcome.STILL_REFUSED, "invalid_envelope"),
        (Outcome.STILL_REFUSED, "invalid_envelope"),
    ]
    assert "bad-one" not in str(tried)


async def test_a_forged_header_or_a_broken_seal_keeps_no_other_record_of_the_same_retry(
    ingest: Built,
) -> None:
    forged = SourceRecord(value=b"{}", headers=(("retry", b"agency.clinic.v1:0:" + b"9" * 5_000),))
    address = ("agency.clinic.v1", 0, 1)
    kept = Quarantined.of(
        "ingest",
        address,
        0,
        reason=RefusalReason.NOT_JSON,
        detail="",
        record=forged,
        seal=ingest.seal,
    )
    same = ("household-facts.v1", 0, 1)
    ours = Quarantined.of(
        "risk", same, 0, reason=RefusalReason.NOT_JSON, detail="", record=forged, seal=ingest.seal
    )
    broken = ours.model_copy(update={"offset": 2, "sealed": "broken"})
    columns = ("source_id", "service", "reason", "detail", "at", "sealed")
    async with ingest.engine.begin() as connection:
        await connection.execute(
            insert(QuarantinedRecord),
            [{name: getattr(record, name) for name in columns} for record in (kept, ours, broken)],
        )
    tried = await ingest.retrier.retry(
        [record.source_id for record in (kept, broken, ours)], actor="op", now=datetime.now(UTC)
    )

    assert {record.source_id: record.outcome for record in tried} == {
        kept.source_id: Outcome.STILL_REFUSED,
        ours.source_id: Outcome.WRITTEN_AGAIN,
        broken.source_id: Outcome.STILL_REFUSED,
    }


async def test_figures_are_counted_once_when_the_database_goes_away_between_two_of_them(
    ingest: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = ArrivalBook(ingest.engine)
    for kind in ("first", "second", "third"):
        book.note("bank", kind, "accepted", datetime.now(UTC), 7)
    write = ArrivalBook._write

    async def fails(self: ArrivalBook, counted: Any) -> None:  # noqa: ANN401
        if len(counted) > 1:
            raise DefectError
        if "second" in {arrival.kind for arrival in counted}:
            raise InterfaceError("", {}, Exception())
        await write(self, counted)

    with monkeypatch.context() as patch:
        patch.setattr(ArrivalBook, "_write", fails)
        with pytest.raises(InterfaceError):
            await book._write_all()
    await book.flush()
    async with ingest.engine.connect() as connection:
        rows = (
            await connection.execute(
                select(ArrivalRow.kind, ArrivalRow.many)
                .where(ArrivalRow.agency == "bank")
                .order_by(ArrivalRow.kind)
            )
        ).all()

    assert [tuple(row) for row in rows] == [("first", 7), ("second", 7), ("third", 7)]


async def test_a_figure_the_database_refuses_is_let_go_of_and_the_others_are_written(
    ingest: Built,
) -> None:
    book = ArrivalBook(ingest.engine)
    for kind in ("good", "bad\x00", "fine"):
        book.note("clinic", kind, "accepted", datetime.now(UTC))
    await book.flush()
    await book.flush()
    async with ingest.engine.connect() as connection:
        kinds = (
            (
                await connection.execute(
                    select(ArrivalRow.kind)
                    .where(ArrivalRow.agency == "clinic")
                    .order_by(ArrivalRow.kind)
                )
            )
            .scalars()
            .all()
        )

    assert kinds == ["fine", "good"]


@pytest.mark.parametrize(
    "error",
    [DefectError("sent"), MemoryError(), RecursionError(), StatementFails("x"), OSError("disk")],
)
async def test_whatever_a_turn_raises_is_counted_and_the_next_one_comes(
    ingest: Built, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    turns: list[int] = []
    done = asyncio.Event()

    async def turn() -> None:
        turns.append(len(turns))
        if len(turns) < 3:
            raise error
        done.set()

    task = asyncio.create_task(take_turns("files", turn, ingest.metrics, pause=0.01))
    await asyncio.wait_for(done.wait(), 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert (sample(ingest, "job_failures", "files"), "sent" in capsys.readouterr().out) == (
        2,
        False,
    )


RUNS: dict[str, Callable[[Built], Any]] = {
    "releaser": lambda ingest: ingest.releaser.run(),
    "questions": lambda ingest: ingest.questions.run(),
    "statement_questions": lambda ingest: ingest.statement_asking.run(),
    "tickets": lambda ingest: ingest.tickets.run(),
    "files": lambda ingest: ingest.files.run(),
    "arrivals": lambda ingest: ingest.arrivals.run(ingest.metrics),
    "days": lambda ingest: ingest.days.follow_wall_clock(),
}


@pytest.mark.parametrize("part", RUNS)
async def test_a_job_lives_through_an_absent_database_and_says_that_it_works_when_it_is_back(
    ingest: Built, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database refuses connections for a while.

    Its pool is pointed at a port at which nobody listens.
    """
    dialect = ingest.engine.sync_engine.dialect
    real: Callable[..., Any] = dialect.connect

    def progress() -> float | None:
        return ingest.metrics.registry.get_sample_value(
            "foothold_ingest_progress_timestamp_seconds", {"part": part}
        )

    refused = asyncio.Event()

    def refuses(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        refused.set()
        return real(*arguments, **named | {"port": 1})

    with monkeypatch.context() as patch:
        patch.setattr(dialect, "connect", refuses)
        await ingest.engine.dispose()
        ingest.arrivals.note("clinic", "IncomeReported", "accepted", datetime.now(UTC))
        ingest.days.last = None
        task = asyncio.create_task(RUNS[part](ingest))
        await asyncio.wait_for(refused.wait(), 20)
        at_start = progress()
    async with asyncio.timeout(20):
        while progress() == at_start:
            await asyncio.sleep(0.05)
    is_alive = not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert is_alive


def test_every_job_there_is_has_its_name_in_the_catalogue() -> None:
    assert set(RUNS) | {"kafka", "desk", "views", "quarantine", "watch"} == set(JOBS)
