"""Replaces numbers by keyed hashes, so that no number goes further than this.

Pure: the secret is an argument.
"""

import hmac
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

from foothold_ingest.rules.judgement import AnyFact, FieldProblem, Person, Rejected
from foothold_ingest.rules.people.resident_number import NotANumber, ResidentNumber, parse
from foothold_schemas.facts.checks import SpendingReported
from foothold_schemas.facts.facts import (
    DayOpened,
    IncomeReported,
    MedicalClaimSettled,
    PeopleFact,
    PolicyAdopted,
)
from foothold_schemas.facts.register import CoverHeld, HouseholdRegistered, Member
from foothold_schemas.facts.reports import RiskReported
from foothold_schemas.facts.sent import (
    AgencySent,
    ClaimAsSent,
    CoverAsSent,
    HouseholdRegistration,
    IncomeAsSent,
    MemberAsSent,
    PersonAsSent,
    ReportAsSent,
    SpendingAsSent,
)
from foothold_schemas.values import Message
from foothold_schemas.wire.quarantine import RefusalReason

Sent = AgencySent | DayOpened | PolicyAdopted | PeopleFact
PersonFact = IncomeReported | MedicalClaimSettled | SpendingReported | RiskReported
M = TypeVar("M", bound=Message)


_AS_KEPT: Final[dict[type[PersonAsSent], type[PersonFact]]] = {
    IncomeAsSent: IncomeReported,
    ClaimAsSent: MedicalClaimSettled,
    SpendingAsSent: SpendingReported,
    ReportAsSent: RiskReported,
}
"""What is sent of one person, and the fact it becomes."""


def person_ref(secret: bytes, number: str) -> str:
    """32 hex digits for a resident number of 18 characters.

    Nobody can reproduce them without the deployment's secret.
    """
    return hmac.digest(secret, f"person/{number}".encode(), "sha256").hex()[:32]


@dataclass(slots=True)
class Pseudonyms:
    """Reads the numbers of one event and gathers who they are, and what is wrong with them."""

    secret: bytes
    today: date
    people: dict[str, Person] = field(default_factory=dict)
    problems: list[tuple[NotANumber, str]] = field(default_factory=list)

    def of(self, data: Sent) -> AnyFact:
        """The fact as it stands in the log; meaningless when there are problems."""
        match data:
            case IncomeAsSent() | ClaimAsSent() | SpendingAsSent() | ReportAsSent() if (
                data.resident_number is not None
            ):
                self._read(data.resident_number, "/data/resident_number")
                return _without_number(
                    data, _AS_KEPT[type(data)], person_ref=next(iter(self.people), None)
                )
            case HouseholdRegistration():
                return self._registered(data)
            case _:
                return (
                    data  # what is sent is the fact itself; an empty resident_number is not written
                )

    def refusal(self) -> Rejected | None:
        """What the sender is told of numbers that are none."""
        if not self.problems:
            return None
        reasons = {error.reason for error, _ in self.problems}
        reason = (
            RefusalReason.DAMAGED_NUMBER
            if RefusalReason.DAMAGED_NUMBER in reasons
            else RefusalReason.BAD_NUMBER
        )
        detail = "A person's number cannot be right, and nothing is guessed. See `fields`."
        return Rejected(
            reason,
            detail,
            tuple(FieldProblem(where, str(error)) for error, where in self.problems[:20]),
        )

    def _registered(self, data: HouseholdRegistration) -> HouseholdRegistered:
        members = tuple(
            self._member(member, f"/data/members/{place}")
            for place, member in enumerate(data.members)
        )
        covers = tuple(
            self._cover(cover, f"/data/covers/{place}") for place, cover in enumerate(data.covers)
        )
        kept = data.model_dump(exclude={"contact", "members", "covers"}, exclude_unset=True)
        return HouseholdRegistered(**kept, members=members, covers=covers)

    def _member(self, member: MemberAsSent, where: str) -> Member:
        if member.resident_number is None:
            return _without_number(member, Member)
        number = self._read(member.resident_number, f"{where}/resident_number")
        if number is None:
            return _without_number(member, Member, person_ref=where.replace("/", "-").strip("-"))
        return _without_number(
            member,
            Member,
            person_ref=person_ref(self.secret, number.value),
            birth_month=member.birth_month or number.birth_month,
        )

    def _cover(self, cover: CoverAsSent, where: str) -> CoverHeld:
        if cover.resident_number is None:
            return _without_number(cover, CoverHeld)
        number = self._read(cover.resident_number, f"{where}/resident_number")
        return _without_number(
            cover,
            CoverHeld,
            person_ref=None if number is None else person_ref(self.secret, number.value),
        )

    def _read(self, text: str, where: str) -> ResidentNumber | None:
        try:
            number = parse(text, self.today)
        except NotANumber as error:
            self.problems.append((error, where))
            return None
        ref = person_ref(self.secret, number.value)
        known = self.people.get(ref)
        self.people[ref] = Person(
            ref, number.value, is_derived=number.is_derived and (known is None or known.is_derived)
        )
        return number


def _without_number(sent: Message, kind: type[M], **known: object) -> M:
    """The same values in the log's words.

    Checking them once more takes a quarter of what pydantic needs to leave it out.
    """
    values = {**sent.__dict__, **known}
    values.pop("resident_number")
    return kind(**values)
