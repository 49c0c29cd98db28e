"""What an agency's system may ask about, and answer.

These are statements of its own that could not be told apart.
"""

from datetime import UTC, datetime
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.responses import JSONResponse

from foothold_ingest.doors.problems import answer, of_rejected, problem
from foothold_ingest.doors.uploads import FileDoor
from foothold_ingest.intake.statement_answers import StatementAsking
from foothold_ingest.rules.answers import CHOICES, Answer
from foothold_ingest.rules.judgement import Caller, Rejected
from foothold_ingest.rules.media_types import problem_of_data
from foothold_ingest.rules.strict_json import JsonValue, NotStrict, loads
from foothold_ingest.statements.question_tables import StatementQuestionRow
from foothold_ingest.statements.questions import Outcome, QuestionState, StatementQuestionBook
from foothold_schemas.messages.explanation import DoubtKind

SHOW: Final = "What the agency is asked about its statements"
TAKE: Final = "Answer a question about a statement"


class QuestionDoor:
    """An agency sees and answers its own questions only."""

    def __init__(
        self, files: FileDoor, book: StatementQuestionBook, asking: StatementAsking
    ) -> None:
        self._files = files
        self._book = book
        self._asking = asking

    def add_to(self, app: FastAPI) -> None:
        """Its routes."""
        app.add_api_route(
            "/v1/questions",
            self._files.known(self.show),
            methods=["GET"],
            summary=SHOW,
            response_model=None,
            name=SHOW,
        )
        app.add_api_route(
            "/v1/questions/{question}",
            self._files.known(self.take),
            methods=["POST"],
            summary=TAKE,
            response_model=None,
            name=TAKE,
        )

    async def show(self, _: Request, caller: Caller) -> Response:
        """What waits, then what was answered within 30 days."""
        rows = await self._book.of(caller.agency, datetime.now(UTC))
        return JSONResponse({"questions": [_shown(row) for row in rows]})

    async def take(self, request: Request, caller: Caller) -> Response:
        """The same answer again is answered alike; another one is not taken."""
        question = request.path_params["question"]
        if (wrong := problem_of_data(request.headers.get("content-type", ""))) is not None:
            return answer(request, problem(415, "media_type", f"{wrong}."))
        try:
            word = _answer_in(loads(await request.body()))
        except NotStrict as error:
            return answer(
                request,
                of_rejected(Rejected(error.reason, f"{str(error)[:1].upper()}{str(error)[1:]}.")),
            )
        except ValueError:
            return answer(
                request,
                problem(
                    422,
                    "invalid_field",
                    f'The body is {{"answer": "..."}}, with one of: {_WORDS}. `answers` of a'
                    " question says which.",
                ),
            )
        outcome = await self._asking.answer(caller.agency, question, word, by=caller.agency)
        if outcome in _NOT_TAKEN:
            return answer(request, problem(*_NOT_TAKEN[outcome]))
        return JSONResponse({"id": question, "answer": word.value})


_WORDS: Final = ", ".join(choice.value for choice in Answer)
_NOT_TAKEN: Final = {
    Outcome.UNKNOWN: (
        404,
        "no_question",
        "没有这个问题。 This agency is asked nothing of that name.",
    ),
    Outcome.NOT_OFFERED: (
        422,
        "invalid_field",
        "这个问题没有这种答复。 This is no answer to that question; see its `answers`.",
    ),
    Outcome.NOT_WAITING: (409, "not_waiting", "这个问题已不在等待。 That question waits no more."),
}


def _answer_in(body: JsonValue) -> Answer:
    """Raise ValueError for anything but one field with one of the words."""
    word = body.get("answer") if isinstance(body, dict) and len(body) == 1 else None
    return Answer(word if isinstance(word, str) else "")


def _shown(row: StatementQuestionRow) -> dict[str, object]:
    answered_at = None if row.answered_at is None else row.answered_at.isoformat()
    moments = {"asked_at": row.asked_at.isoformat(), "answered_at": answered_at}
    is_open = row.state == QuestionState.OPEN
    words = [choice.value for choice in CHOICES[DoubtKind(row.kind)]] if is_open else []
    return {
        "id": row.question_id,
        "kind": row.kind,
        **moments,
        "event": row.own,
        "beside": row.beside,
        "since": row.since,
        "answers": words,
        "answer": row.answer,
    }
