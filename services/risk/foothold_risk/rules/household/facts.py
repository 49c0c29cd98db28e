"""The facts a household holds, packed. Amounts in fen, months as indexes, days in Asia/Shanghai."""

from datetime import date
from hashlib import blake2b
from typing import ClassVar

from foothold_risk.rules.calendar import first_day, last_day, month_of
from foothold_risk.rules.household.packed import Dated, Packed, Version
from foothold_schemas.facts.checks import Asset, Grade, Guarantee, SpendingCategory
from foothold_schemas.facts.decisions import MeasureKind
from foothold_schemas.facts.facts import CareSetting, Hazard, HomeState, IncomeCategory, WorkerState
from foothold_schemas.facts.reports import Concern, ReportRoute
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Standing


class Member(Packed, frozen=True):
    """A person and an interval in which they belong to the household.

    `is_counted` is false for conscripts, prisoners and the missing.
    """

    person_ref: str
    joined_on: date | None
    left_on: date | None
    is_counted: bool
    is_registered: bool = True
    shares_budget: bool = True
    birth_month: int | None = None
    can_work: bool | None = None
    is_insured: bool | None = None
    at_school: bool | None = None

    def is_here(self, day: date) -> bool:
        """Whether they belong to the household at the end of the day.

        Who joined on no day always did; a child, from the month of its birth.
        """
        return (self._was_born(day) if self.joined_on is None else self.joined_on <= day) and (
            self.left_on is None or day <= self.left_on
        )

    def _was_born(self, day: date) -> bool:
        return self.birth_month is None or self.birth_month <= month_of(day)


class Project(Packed, frozen=True):
    """A share in a dividend project."""

    project: str
    invested: int
    invested_on: date


class Cover(Packed, frozen=True):
    """An insurance cover in force for an interval.

    It is a member's, a project's, or, where neither is named, every member's.
    """

    cover: str
    from_day: date
    until_day: date | None
    person_ref: str | None = None
    project: str | None = None

    def is_held(self, day: date) -> bool:
        """Whether it is in force on the day."""
        return self.from_day <= day and (self.until_day is None or day <= self.until_day)


class Register(Packed, frozen=True):
    """The latest snapshot, by its version.

    `time_ms`, here and below: of states written before versions were kept; 0 since.
    """

    kind: ClassVar[str] = "HouseholdRegistered"

    fact_id: bytes
    time_ms: int
    authority: str
    register_number: str
    area: str
    standing: Standing
    members: tuple[Member, ...]
    projects: tuple[Project, ...] = ()
    day: date = date(1970, 1, 1)
    covers: tuple[Cover, ...] = ()
    one_budget_with: str | None = None
    residence: str | None = None
    version: Version = Version()

    def heads(self, day: date) -> int:
        """Members in the register who are counted at the end of the day."""
        return len({m.person_ref for m in self.counted(sharing=False) if m.is_here(day)})

    def month_ends(self, months: range, *, sharing: bool) -> tuple[int, ...]:
        """The heads counted at the end of each month."""
        people = self.counted(sharing=sharing)
        # most: nobody came, went or was born
        if all(
            m.joined_on is None and m.left_on is None and (m.birth_month or 0) <= months.start
            for m in people
        ):
            return (len(people),) * len(months)
        # who left and came back is one
        return tuple(
            len({m.person_ref for m in people if m.is_here(day)}) for day in map(last_day, months)
        )

    def counted(self, *, sharing: bool) -> list[Member]:
        """Members who count while they are here."""
        return [
            m
            for m in self.members
            if m.is_counted and (m.shares_budget if sharing else m.is_registered)
        ]

    def here(self, day: date) -> tuple[Member, ...]:
        """Everybody who belongs to it at the end of the day, counted or not."""
        return tuple(m for m in self.members if m.is_here(day))


class Income(Packed, frozen=True):
    """Money for `months` months ending with `last_month`, in fen.

    `day` is when it happened; claims income counts by `paid_on`.

    `name`: a digest of the sender's own number of the statement, empty without one. `has_month`:
    the sender gave the month. `claim_number` (a digest) and `stay`: of a payout, the bill it is
    for.
    """

    kind: ClassVar[str] = "IncomeReported"

    fact_id: bytes
    agency: str
    category: IncomeCategory
    item: str
    amount: int
    expense: int
    last_month: int
    months: int
    day: date
    person_ref: str | None = None
    project: str | None = None
    until_month: int | None = None
    version: Version = Version()
    name: bytes = b""
    has_month: bool = True
    claim_number: bytes = b""
    stay: str | None = None

    @property
    def latest_month(self) -> int:
        """The last month for which it counts."""
        return self.last_month

    @property
    def first_month(self) -> int:
        """The first month it covers."""
        return self.last_month - self.months + 1

    @property
    def paid_on(self) -> date:
        """The day a payout belongs to.

        It is the day it happened, or the nearest to it within the months it was earned for.
        """
        return min(max(self.day, first_day(self.first_month)), last_day(self.last_month))

    def counted_months(self, months: range) -> list[int]:
        """The months of a stretch for which it counts, rising."""
        return list(
            range(max(self.first_month, months.start), min(self.last_month + 1, months.stop))
        )

    def within(self, months: range) -> int:
        """What of it falls into a stretch of months, after expense.

        A year's amount is spread so that its months add up to the fen.
        """
        if self.months == 1:  # most incomes; the general way below gives the same, slower
            return (
                self.amount - self.expense if months.start <= self.last_month < months.stop else 0
            )
        return self.gross_within(months) - self.expense_within(months)

    def gross_within(self, months: range) -> int:
        """Before expense."""
        return self._part(self.amount, months)

    def expense_within(self, months: range) -> int:
        """The expense alone."""
        return self._part(self.expense, months) if self.expense else 0

    def _part(self, total: int, months: range) -> int:
        begin = max(0, months.start - self.first_month)
        end = min(self.months, months.stop - self.first_month)
        return 0 if end <= begin else total * end // self.months - total * begin // self.months


class Claim(Packed, frozen=True):
    """A settled bill: what it cost, what was in scope (None: not told), what payers covered.

    In fen. `layers` in their order of paying.

    `known_as`: the name it was first told under, where an amendment changed it; empty without one.
    """

    kind: ClassVar[str] = "MedicalClaimSettled"

    fact_id: bytes
    business_key: bytes
    day: date
    setting: CareSetting
    total: int
    in_scope: int | None
    paid: int
    person_ref: str | None = None
    stay: str | None = None
    layers: tuple[int, ...] = ()
    time_ms: int = 0
    version: Version = Version()
    agency: str = ""
    claim_number: bytes = b""
    known_as: str = ""

    @property
    def own_name(self) -> str:
        """Its number with its sender: the same for a bill sent again under another id."""
        return self.business_key.hex()

    @property
    def own_share(self) -> int:
        """Total minus everything any payer covered (自付)."""
        return self.total - self.paid

    def self_paid(self, *, in_scope_only: bool) -> int:
        """Return the own share, or only the part of it in scope (合规自付).

        It is only the part in scope where policy says so and the agency reported it.
        """
        if in_scope_only and self.in_scope is not None:
            return max(0, self.in_scope - self.paid)
        return self.own_share

    def paid_by(self, layer: int) -> int:
        """What one layer paid."""
        return self.layers[layer] if self.layers else 0


class Spending(Packed, frozen=True):
    """Education, rehabilitation, accident or other spending, in fen.

    `known_as`: as of a bill.
    """

    kind: ClassVar[str] = "SpendingReported"

    fact_id: bytes
    category: SpendingCategory
    day: date
    total: int
    covered: int
    person_ref: str | None = None
    version: Version = Version()
    agency: str = ""
    name: bytes = b""
    known_as: str = ""

    @property
    def own_name(self) -> str:
        """Its number with its sender, or of one without a number what it says."""
        if self.name:
            return self.name.hex()
        content = f"{self.category}|{self.day}|{self.total}|{self.covered}|{self.person_ref}"
        return blake2b(content.encode(), digest_size=8).hexdigest()

    @property
    def own_share(self) -> int:
        """What the household itself paid."""
        return self.total - self.covered


class Disaster(Packed, frozen=True):
    """What struck the household and what it did.

    `known_as`: the hazard and day it was first told under, where an amendment changed them; empty
    without one.
    """

    kind: ClassVar[str] = "DisasterStruck"

    fact_id: bytes
    day: date
    hazard: Hazard
    home: HomeState
    main_worker: WorkerState
    loss: int | None
    is_verified: bool
    version: Version = Version()
    agency: str = ""
    known_as: str = ""

    @property
    def own_name(self) -> str:
        """Its hazard and day."""
        return f"{self.hazard} {self.day}"


class Check(Dated, frozen=True):
    """Whether a guarantee was met on a day."""

    kind: ClassVar[str] = "GuaranteeChecked"

    fact_id: bytes
    guarantee: Guarantee
    is_met: bool
    day: date
    time_ms: int = 0
    version: Version = Version()


class Grading(Dated, frozen=True):
    """A village review; `scores` are production, health, education, security, income.

    `known_as`: as of a disaster.
    """

    kind: ClassVar[str] = "HouseholdGraded"

    fact_id: bytes
    grade: Grade
    scores: tuple[int, ...]
    day: date
    time_ms: int
    is_explained: bool
    version: Version = Version()
    known_as: str = ""

    @property
    def own_name(self) -> str:
        """Its day."""
        return f"review {self.day}"


class AssetCheck(Dated, frozen=True):
    """What the household was found to own; what is held for a disability is left out already."""

    kind: ClassVar[str] = "AssetsChecked"

    fact_id: bytes
    assets: tuple[Asset, ...]
    day: date
    time_ms: int = 0
    version: Version = Version()


class Report(Packed, frozen=True):
    """Somebody told that the household may be in trouble.

    `known_as`: as of a disaster.
    """

    kind: ClassVar[str] = "RiskReported"

    fact_id: bytes
    day: date
    route: ReportRoute
    concern: Concern
    version: Version = Version()
    known_as: str = ""

    @property
    def own_name(self) -> str:
        """Route, concern and day: the same for a report sent again."""
        return f"{self.route} {self.concern} {self.day}"


class Withdrawal(Packed, frozen=True):
    """A fact that counts no longer, whether it has come or not, and the fact that says so.

    `month`: when that was learned.
    """

    fact_id: bytes
    by: bytes
    month: int


class Measure(Packed, frozen=True):
    """Help delivered, and the risks it is meant for."""

    fact_id: bytes
    measure: MeasureKind
    against: tuple[FindingKind, ...]
    day: date


class Authorisation(Dated, frozen=True):
    """The household's last word on whether its data may be compared."""

    fact_id: bytes
    day: date
    time_ms: int
    is_given: bool
    version: Version = Version()


class Ticket(Packed, frozen=True):
    """What was last heard of a doubt about a member who also stands in another household."""

    fact_id: bytes
    number: int
    is_open: bool


HeldFact = (
    Income
    | Claim
    | Spending
    | Disaster
    | Check
    | Grading
    | AssetCheck
    | Report
    | Measure
    | Authorisation
    | Register
    | Ticket
)
