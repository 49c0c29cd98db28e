"""Trouble reported by hand: a clerk writes down what a household, a cadre or a caller told.

It goes through the same judgement as any event.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import uuid4

from sqlalchemy.exc import InterfaceError, OperationalError

from foothold_ingest.agencies.callers import Agencies
from foothold_ingest.intake.days import Days
from foothold_ingest.intake.intake import Intake, traced
from foothold_ingest.log.writer import Busy, Unknown
from foothold_ingest.people.register import PeopleRegister
from foothold_ingest.rules.judgement import FieldProblem, Held, Rejected
from foothold_ingest.rules.strict_json import JsonValue
from foothold_schemas.facts.envelope import event_type
from foothold_schemas.facts.reports import RiskReported
from foothold_schemas.values import Sentence
from foothold_schemas.wire.quarantine import RefusalReason

DOOR = "console"
_HOUSEHOLD: Final = re.compile(r"[0-9]{6}/[!-~]+")
KIND = RiskReported.model_fields["kind"].default


@dataclass(frozen=True, slots=True)
class Written:
    """The form as it was filled in.

    `name` is the event's id, made with the page, so that sending the form twice is one report.
    """

    name: str
    household: str
    person: str
    route: str
    concern: str
    day: str

    def event(self, agency: str, now: datetime) -> dict[str, JsonValue]:
        """As an agency's own system would send it.

        The person goes by number and tells the household where none is named.
        """
        data: dict[str, JsonValue] = {
            "route": self.route,
            "concern": self.concern,
            "reported_on": self.day,
        }
        event: dict[str, JsonValue] = {
            "specversion": "1.0",
            "id": self.name,
            "source": f"/agencies/{agency}/console",
            "type": event_type(KIND),
            "time": now.isoformat(),
        }
        subject: dict[str, JsonValue] = {"subject": self.household} if self.household else {}
        person: dict[str, JsonValue] = {"resident_number": self.person} if self.person else {}
        return {**event, **subject, "data": {**data, **person}}


def as_typed(value: object) -> str:
    """A field of the form; full-width characters are read as their ordinary ones."""
    return unicodedata.normalize("NFKC", str(value or "")).strip()


def explained(written: Written, refused: Rejected) -> Sentence | None:
    """Why the form was not taken, by its own fields.

    None where the judgement's own words say it.
    """
    match refused.reason:
        case RefusalReason.BAD_SUBJECT if not written.household:
            return Sentence(
                zh="请填写户编号或当事人证件号码。",
                en="Fill in the household or the person's number.",
            )
        case RefusalReason.BAD_SUBJECT | RefusalReason.INVALID_ENVELOPE if not _HOUSEHOLD.fullmatch(
            written.household
        ):
            zh = "户编号写成“县区代码/户编号”，例如 370302/H00001，只用数字、字母和常用符号。"
            return Sentence(
                zh=zh,
                en=(
                    "A household is written county/register number, such as 370302/H00001, in"
                    " letters, figures and signs."
                ),
            )
        case RefusalReason.BAD_SUBJECT:
            return Sentence(
                zh="登记册里没有这个户编号，请核对县区代码和户编号。",
                en="No such household is in the register: check the county's code and the number.",
            )
        case RefusalReason.BAD_NUMBER | RefusalReason.DAMAGED_NUMBER:
            return Sentence(
                zh="请核对后重新填写当事人证件号码；不知道的留空，改填户编号。",
                en=(
                    "Check the person's number and type it again; leave it out where it is not"
                    " known, and name the household."
                ),
            )
        case RefusalReason.FUTURE_TIME | RefusalReason.TOO_OLD:
            return Sentence(zh="请核对反映日期。", en="Check the day it was told on.")
        case _:
            return None


def empty(day: object) -> Written:
    """A form nobody has filled in but for the day."""
    return Written(f"report-{uuid4()}", "", "", "", "", str(day))


class NotTaken(Exception):  # noqa: N818 - an answer
    """Kafka or the database is away; the form may be sent again as it is."""


class Reports:
    """Takes reports, each at once and whole."""

    def __init__(
        self, *, agencies: Agencies, intake: Intake, people: PeopleRegister, days: Days
    ) -> None:
        self._agencies = agencies
        self._intake = intake
        self._people = people
        self._days = days

    def today(self, now: datetime) -> date:
        """Return the last day on which something may have been reported.

        Where days are opened by hand, it is the open one.
        """
        return self._days.clock(now).today

    async def take(self, agency: str, written: Written, now: datetime) -> Rejected | Held | None:
        """None: in the log.

        Held: nobody knows the person yet. Rejected: what is wrong, and nothing was kept; raise
        NotTaken.
        """
        event = traced(written.event(agency, now))
        try:
            caller = await self._agencies.writer(agency)
            (judged,) = await self._intake.judge(
                [event], caller, self._days.clock(now), is_barrier=True
            )
            if not isinstance(judged, Rejected | Held) and await self._is_strange(
                judged.record.household_id
            ):
                judged = _strange()
            if not isinstance(judged, Rejected):
                await self._intake.keep([judged], is_patient=False)
        except (Busy, Unknown, OperationalError, InterfaceError):
            raise NotTaken from None
        self._intake.report(DOOR, agency, event, judged)
        return judged if isinstance(judged, Rejected | Held) else None

    async def _is_strange(self, household_id: str | None) -> bool:
        """Whether no register entry names the household.

        From a system such a household may be early, from a person's hand it is a slip.
        """
        return household_id is not None and not await self._people.standing([household_id])


def _strange() -> Rejected:
    detail = "No household is registered under this number."
    return Rejected(
        RefusalReason.BAD_SUBJECT, detail, (FieldProblem("/subject", "not in the register"),)
    )
