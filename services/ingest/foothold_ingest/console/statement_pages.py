"""The page on which an agency says of two statements whether they are one.

What caseworkers doubt stands on another page.
"""

import re
from datetime import UTC, datetime
from typing import Final

from fastapi import Request, Response

from foothold_ingest.console.pages import Pages, require_csrf
from foothold_ingest.console.sessions import Person
from foothold_ingest.intake.statement_answers import StatementAsking
from foothold_ingest.rules.answers import CHOICES, Answer
from foothold_ingest.statements.questions import Outcome, StatementQuestionBook
from foothold_schemas.messages.explanation import DoubtKind

_QUESTION: Final = re.compile(r"[0-9a-f]{32}")
_STATUS: Final = {
    Outcome.TAKEN: 200,
    Outcome.REPEATED: 200,
    Outcome.NOT_WAITING: 409,
    Outcome.NOT_OFFERED: 422,
    Outcome.UNKNOWN: 404,
}


class StatementPages:
    """The questions of the agency that is signed in."""

    def __init__(self, book: StatementQuestionBook, asking: StatementAsking, pages: Pages) -> None:
        self._book = book
        self._asking = asking
        self._pages = pages

    async def show(self, _: Request, person: Person) -> Response:
        """What waits, and what was answered of late."""
        return await self._page(person)

    async def answer(self, request: Request, person: Person) -> Response:
        """One answer to one question; of anything but our own words and ids nothing is read."""
        form = await require_csrf(request, person)
        question, word = str(form.get("question") or ""), str(form.get("answer") or "")
        if _QUESTION.fullmatch(question) is None or word not in set(Answer):
            return await self._page(person, Outcome.NOT_OFFERED)
        return await self._page(
            person,
            await self._asking.answer(person.agency, question, Answer(word), by=person.actor),
        )

    async def _page(self, person: Person, outcome: Outcome | None = None) -> Response:
        rows = await self._book.of(person.agency, datetime.now(UTC))
        return self._pages.render(
            "questions.html",
            200 if outcome is None else _STATUS[outcome],
            person=person,
            rows=[(row, CHOICES[DoubtKind(row.kind)]) for row in rows],
            outcome=outcome,
        )
