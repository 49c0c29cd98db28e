"""The questions put to senders about statements that could not be told apart.

It has which wait, for whom, and what was answered.

Caseworkers' doubts are another table (`disputes`): there a person thinks that a fact is wrong, here
a rule asks whether two facts are one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foothold_ingest.database import MOST_ATTEMPTS, AuditRow
from foothold_ingest.rules.answers import (
    CHOICES,
    WRITES_NOTHING,
    Answer,
    Asked,
    asked,
    shown_beside,
    shown_of_own,
)
from foothold_ingest.statements.question_tables import StatementQuestionRow as Row
from foothold_runtime.databases import rows_of, whole
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.messages.explanation import DoubtKind, StatementDoubt
from foothold_schemas.seal import Seal
from foothold_schemas.wire.codec import decode_fact, encode

SHOWN: Final = 200
SHOWN_DAYS: Final = 30


class QuestionState(StrEnum):
    """`new`: the sender is not looked up yet.

    `gone`: the view names the pair no more; it may come back. `settled`: never asked again.
    """

    NEW = "new"
    OPEN = "open"
    ANSWERED = "answered"
    GONE = "gone"
    SETTLED = "settled"
    NO_SENDER = "no_sender"


class Outcome(StrEnum):
    """What came of an answer."""

    TAKEN = "taken"
    REPEATED = "repeated"
    """The same answer again: nothing changes."""
    NOT_WAITING = "not_waiting"
    NOT_OFFERED = "not_offered"
    UNKNOWN = "unknown"


WAITS: Final = Row.state.in_((QuestionState.NEW, QuestionState.OPEN))


class StatementQuestionBook:
    """Their table.

    `open_households`: those with a question that waits, as far as this replica knows: more than
    there are does no harm.
    """

    def __init__(self, engine: AsyncEngine, seal: Seal) -> None:
        self._engine = engine
        self._seal = seal
        self.open_households: set[str] = set()

    async def load(self) -> None:
        """Learn which households have a question that waits.

        Another replica may have asked for them.
        """
        async with self._engine.connect() as connection:
            self.open_households = set(
                (
                    await connection.execute(select(Row.household_id).where(WAITS).distinct())
                ).scalars()
            )

    async def follow(self, views: Mapping[str, Collection[StatementDoubt]], now: datetime) -> None:
        """Ask about new pairs, and end the wait of questions whose pairs are gone.

        `views`: household → the whole set of its pairs as of now.
        """
        asked_pairs = {
            (household, question)
            for household, doubts in views.items()
            for question in asked(doubts)
        }
        async with self._engine.begin() as connection:
            waiting = await _locked(connection, Row.household_id.in_(views), WAITS)
            if gone := {row.question_id for row in waiting} - {
                question.question_id for _, question in asked_pairs
            }:
                await connection.execute(
                    update(Row).where(Row.question_id.in_(gone)).values(state=QuestionState.GONE)
                )
            if asked_pairs:
                again = {"state": QuestionState.NEW, "asked_at": now, "attempts": 0}
                insert_query = insert_or_update(Row).on_conflict_do_update(
                    index_elements=["question_id"],
                    set_=again,
                    where=Row.state == QuestionState.GONE,
                )
                await connection.execute(
                    insert_query,
                    [
                        _new(household, question, now)
                        for household, question in sorted(
                            asked_pairs, key=lambda w: w[1].question_id
                        )
                    ],
                )
        self.open_households -= views.keys()
        self.open_households |= {household for household, _ in asked_pairs}

    async def withdrawn(self, records: Iterable[FactRecord]) -> None:
        """These records are in the log.

        Nobody is asked any longer about what they correct or take back.
        """
        facts = {fact for record in records for fact in record.withdraws}
        if not facts:
            return
        async with self._engine.begin() as connection:
            named = or_(Row.fact_id.in_(facts), Row.beside_id.in_(facts))
            if rows := await _locked(
                connection,
                named,
                Row.state.in_((QuestionState.NEW, QuestionState.OPEN, QuestionState.GONE)),
            ):
                ids = [row.question_id for row in rows]
                await connection.execute(
                    update(Row).where(Row.question_id.in_(ids)).values(state=QuestionState.SETTLED)
                )

    async def unasked(self, limit: int) -> Sequence[Row]:
        """Questions whose sender is not looked up yet, the oldest first."""
        query = (
            whole(Row)
            .where(Row.state == QuestionState.NEW, Row.attempts < MOST_ATTEMPTS)
            .order_by(Row.asked_at, Row.question_id)
        )
        async with self._engine.connect() as connection:
            return await rows_of(connection, query.limit(limit))

    async def put(self, row: Row, own: FactRecord | None, beside: FactRecord | None) -> None:
        """Put the question to the sender of its fact; None: the log does not have it.

        What was settled meanwhile stays so.
        """
        values: dict[str, object] = {"state": QuestionState.NO_SENDER}
        if own is not None:
            is_one = beside is None or row.fact_id == row.beside_id
            shown = None if is_one or beside is None else shown_beside(beside, own.agency)
            values = {
                "state": QuestionState.OPEN,
                "agency": own.agency,
                "own": shown_of_own(own),
                "beside": shown,
                "sealed": self._seal.close(encode(own)),
            }
        async with self._engine.begin() as connection:
            update_query = update(Row).where(
                Row.question_id == row.question_id, Row.state == QuestionState.NEW
            )
            await connection.execute(update_query.values(values))

    async def failed(self, row: Row) -> bool:
        """One more attempt at it failed; whether that was the last."""
        async with self._engine.begin() as connection:
            update_query = (
                update(Row)
                .where(Row.question_id == row.question_id)
                .values(attempts=Row.attempts + 1)
            )
            return (
                int((await connection.execute(update_query.returning(Row.attempts))).scalar_one())
                >= MOST_ATTEMPTS
            )

    async def answer(
        self, agency: str, question_id: str, answer: Answer, *, by: str, now: datetime
    ) -> Outcome:
        """Note the agency's answer, once; its fact is written afterwards, see `unwritten`.

        An answer that takes a bill out of the pair settles the other sender's question: were both
        to take theirs back, nothing of the stay would count.
        """
        async with self._engine.begin() as connection:
            query = select(Row.pair_id).where(Row.question_id == question_id, Row.agency == agency)
            pair = (await connection.execute(query)).scalar_one_or_none()
            if pair is None:
                return Outcome.UNKNOWN
            rows = await _locked(connection, Row.pair_id == pair)
            (row,) = (question for question in rows if question.question_id == question_id)
            if row.state == QuestionState.ANSWERED and row.answer == answer:
                return Outcome.REPEATED
            if row.state != QuestionState.OPEN:
                return Outcome.NOT_WAITING
            if answer not in CHOICES[DoubtKind(row.kind)]:
                return Outcome.NOT_OFFERED
            columns = {
                "state": QuestionState.ANSWERED,
                "answer": answer,
                "answered_by": by,
                "answered_at": now,
                "attempts": 0,
            }
            if answer in WRITES_NOTHING:
                columns["written_at"] = now
            else:
                others = [
                    question.question_id
                    for question in rows
                    if question.question_id != question_id
                    and question.state != QuestionState.ANSWERED
                ]
                await connection.execute(
                    update(Row)
                    .where(Row.question_id.in_(others))
                    .values(state=QuestionState.SETTLED)
                )
            await connection.execute(
                update(Row).where(Row.question_id == question_id).values(columns)
            )
            detail = {
                "question": question_id,
                "kind": row.kind,
                "answer": answer.value,
                "fact": row.fact_id,
            }
            await connection.execute(
                insert(AuditRow),
                [{"at": now, "actor": by, "action": "question_answered", "detail": detail}],
            )
        return Outcome.TAKEN

    async def unwritten(self, limit: int, question_id: str | None = None) -> Sequence[Row]:
        """Answers whose fact may not stand in the log yet; of all questions or of one."""
        query = whole(Row).where(
            Row.state == QuestionState.ANSWERED,
            Row.written_at.is_(None),
            Row.attempts < MOST_ATTEMPTS,
        )
        if question_id is not None:
            query = query.where(Row.question_id == question_id)
        async with self._engine.connect() as connection:
            return await rows_of(connection, query.order_by(Row.answered_at).limit(limit))

    async def written(self, question_ids: Sequence[str], now: datetime) -> None:
        """The facts of these answers stand in the log."""
        async with self._engine.begin() as connection:
            await connection.execute(
                update(Row).where(Row.question_id.in_(question_ids)).values(written_at=now)
            )

    def own(self, row: Row) -> FactRecord:
        """The record the question is about; raise LookupError for one nobody was asked."""
        if row.sealed is None:
            raise LookupError(row.question_id)
        return decode_fact(self._seal.open(row.sealed))

    async def of(self, agency: str, now: datetime) -> Sequence[Row]:
        """What waits for the agency, the oldest first, then what it answered within 30 days."""
        is_open = Row.state == QuestionState.OPEN
        late = (Row.state == QuestionState.ANSWERED) & (
            Row.answered_at > now - timedelta(days=SHOWN_DAYS)
        )
        query = whole(Row).where(Row.agency == agency, or_(is_open, late))
        async with self._engine.connect() as connection:
            ordered = query.order_by(is_open.desc(), Row.asked_at, Row.question_id)
            return await rows_of(connection, ordered.limit(SHOWN))

    async def many(self, *where: ColumnElement[bool]) -> int:
        """How many wait for an answer."""
        query = select(func.count()).select_from(Row).where(Row.state == QuestionState.OPEN, *where)
        async with self._engine.connect() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def waiting_for(self, agency: str) -> int:
        """How many wait for this agency."""
        return await self.many(Row.agency == agency)

    async def erase(self, household_id: str) -> bool:
        """Forget what was asked about a household; tell whether there was any."""
        async with self._engine.begin() as connection:
            return (
                await connection.execute(
                    delete(Row).where(Row.household_id == household_id).returning(Row.question_id)
                )
            ).first() is not None


async def _locked(connection: AsyncConnection, *where: ColumnElement[bool]) -> Sequence[Row]:
    """Always in the same order, so that nobody waits for one who waits for him."""
    query = whole(Row).where(*where).order_by(Row.question_id)
    return await rows_of(connection, query.with_for_update())


def _new(household_id: str, question: Asked, now: datetime) -> dict[str, object]:
    names = {
        "question_id": question.question_id,
        "pair_id": question.pair_id,
        "household_id": household_id,
        "kind": question.kind,
        "fact_id": question.fact,
    }
    return {
        **names,
        "beside_id": question.beside,
        "since": question.since,
        "asked_at": now,
        "state": QuestionState.NEW,
        "attempts": 0,
    }
