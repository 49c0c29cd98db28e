"""A household as risk remembers it: register entry, facts, and where it stands. Immutable; small enough to keep a county in memory, packed."""

from datetime import date

import msgspec

from foothold_schemas.facts import CareSetting, Hazard, HomeState, IncomeCategory, WorkerState
from foothold_schemas.transitions import FindingKind, Status
from foothold_schemas.values import Group, Standing


class Packed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base: packed as an array, so a fact costs tens of bytes. New fields go at the end and carry a default."""


class Member(Packed, frozen=True):
    """A person and the interval in which they are counted. `is_counted` is false for conscripts, prisoners and the missing."""

    person_ref: str
    joined_on: date | None
    left_on: date | None
    is_counted: bool

    def is_here(self, day: date) -> bool:
        """Whether they belong to the household at the end of the day."""
        return (self.joined_on is None or self.joined_on <= day) and (self.left_on is None or day <= self.left_on)


class Register(Packed, frozen=True):
    """The latest snapshot. `time_ms` decides which is latest; `fact_id` breaks a tie the same way in any order."""

    fact_id: bytes
    time_ms: int
    authority: str
    register_number: str
    area: str
    standing: Standing
    members: tuple[Member, ...]

    def heads(self, day: date) -> int:
        """Counted members at the end of the day."""
        return sum(m.is_counted and m.is_here(day) for m in self.members)


class Income(Packed, frozen=True):
    """Money for `months` months ending with `last_month`, in fen. `day` is when it happened: claims income counts by it."""

    fact_id: bytes
    agency: str
    category: IncomeCategory
    item: str
    amount: int
    expense: int
    last_month: int
    months: int
    day: date

    @property
    def first_month(self) -> int:
        """The first month it covers."""
        return self.last_month - self.months + 1

    def within(self, months: range) -> int:
        """What of it falls into a stretch of months, after expense. A year's amount is spread so that its months add up to the fen."""
        if self.months == 1:  # most incomes; the general way below gives the same, slower
            return self.amount - self.expense if months.start <= self.last_month < months.stop else 0
        begin = max(0, months.start - self.first_month)
        end = min(self.months, months.stop - self.first_month)
        if end <= begin:
            return 0
        total = self.amount - self.expense
        return total * end // self.months - total * begin // self.months


class Claim(Packed, frozen=True):
    """A settled bill: what it cost, what was in scope (None: not told), what payers covered; in fen."""

    fact_id: bytes
    business_key: bytes
    day: date
    setting: CareSetting
    total: int
    in_scope: int | None
    paid: int

    @property
    def own_share(self) -> int:
        """Total minus everything any payer covered (自付)."""
        return self.total - self.paid

    def self_paid(self, *, in_scope_only: bool) -> int:
        """Own share, or only the part of it in scope where policy says so and the agency told (合规自付)."""
        if in_scope_only and self.in_scope is not None:
            return max(0, self.in_scope - self.paid)
        return self.own_share


class Disaster(Packed, frozen=True):
    """What struck the household and what it did."""

    fact_id: bytes
    day: date
    hazard: Hazard
    home: HomeState
    main_worker: WorkerState
    loss: int | None
    is_verified: bool


class Position(Packed, frozen=True):
    """Where a household stands between two transitions."""

    number: int = 0
    episode: int = 0
    spell: int = 0
    status: Status = Status.CLEAR
    group: Group | None = None
    is_lead: bool = False
    is_urgent: bool = False
    findings: tuple[FindingKind, ...] = ()
    clear_since: date | None = None
    times_wavered: int = 0

    @property
    def is_in_episode(self) -> bool:
        """Whether a case is open for it."""
        return self.is_lead or self.status in (Status.GROUP, Status.RECOVERING)


class Household(Packed, frozen=True):
    """Everything risk knows of one household. `view` is the digest of the view written last."""

    register: Register | None = None
    incomes: tuple[Income, ...] = ()
    claims: tuple[Claim, ...] = ()
    disasters: tuple[Disaster, ...] = ()
    position: Position = Position()
    as_of: date | None = None
    view: bytes = b""

    def knows(self, fact_id: bytes) -> bool:
        """Whether this fact is already part of it."""
        held: tuple[Income | Claim | Disaster, ...] = (*self.incomes, *self.claims, *self.disasters)
        return any(f.fact_id == fact_id for f in held) or (self.register is not None and self.register.fact_id == fact_id)
