"""A policy as the rules see it: every number with its region, date, reference and confidence.

Loaded elsewhere; here it only answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, Generic, TypeVar

from foothold_risk.rules.items import NEVER_INCOME, Counts, IncomeItem, item_key
from foothold_schemas.facts.checks import Asset, Grade, Guarantee
from foothold_schemas.facts.facts import Hazard, HomeState, MedicalPayments, Severity, WorkerState
from foothold_schemas.facts.reports import ReportRoute
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.areas import WarningLevel
from foothold_schemas.values import Sentence

T_co = TypeVar("T_co", covariant=True)

YEARLY_GRACE: Final = 6
"""Months (I), where the county gives none."""

SHARE_SCALE: Final = 10_000
"""A share of 0.10 is 1,000 of these, so that comparisons stay on integers."""


class Heads(StrEnum):
    """Who is counted: those in the register (户籍), or those who share the budget (共同生活)."""

    REGISTERED = "registered"
    SHARING = "sharing"


@dataclass(frozen=True, slots=True)
class Cover:
    """An insurance cover a household may hold, and the findings it is meant to answer.

    What it pays stands with the insurer.
    """

    name: str
    title: Sentence
    against: frozenset[FindingKind]


@dataclass(frozen=True, slots=True)
class Band:
    """A grade's band of the score, from (included) to (excluded).

    The highest band includes its end.
    """

    grade: Grade
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class LevelBand:
    """A level's band of the share in ten-thousandths, from (included) to (excluded).

    The gravest band includes its end.
    """

    level: WarningLevel | None
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """Villages that work together (联村), as an area of their own."""

    code: str
    title: Sentence
    villages: frozenset[str]


class Exposure(StrEnum):
    """The exposure to an incident: whom it may hit.

    That is everybody there, the ex-poor, or those who earn by operating or by wages.
    """

    EVERYBODY = "everybody"
    EX_POOR = "ex_poor"
    OPERATING = "operating"
    WAGE = "wage"


@dataclass(frozen=True, slots=True)
class Reach:
    """Hazards at severities, and whom they may hit."""

    hazards: frozenset[Hazard]
    severities: frozenset[Severity]
    exposures: tuple[Exposure, ...]


@dataclass(frozen=True, slots=True)
class Yield:
    """The yearly yield, in ten-thousandths, guaranteed on what was invested.

    It is for what was invested from a day on until the next one.
    """

    invested_from: date
    share: int


@dataclass(frozen=True, slots=True)
class Value(Generic[T_co]):
    """A policy value in force from `since` until the next one of its name.

    `formula`: how it follows from other values.
    """

    name: str
    value: T_co
    text: str
    since: date
    reference: str
    confidence: str
    illustrative: bool
    region: str = ""
    formula: str | None = None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The rhythm of a feed: how many days an agency may be silent with facts of a kind.

    After that, what rests on them is stale.
    """

    agency: str
    feed: str
    days: int


Scales = Mapping[int, tuple[LevelBand, ...]]
"""Window in days → the bands of its levels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOfDay:
    """What is in force on one day in one place.

    None means that nobody has set it: a rule that needs it is not in force.

    Amounts are fen, shares ten-thousandths, months whole months. Each field is the value of its
    name, with a dot for the first underscore where the policy files have one: `exit_stable_months`
    is `exit.stable_months`.
    """

    monitoring_line: Value[int] | None = None
    dibao: Value[int] | None = None
    poverty_standard: Value[int] | None = None
    disposable_income: Value[int] | None = None
    heads_basis: Value[Heads] | None = None
    feeds_required: Value[tuple[str, ...]] | None = None
    feeds_rhythm: Value[tuple[Rhythm, ...]] | None = None
    income_one_off_items: Value[frozenset[str]] | None = None
    income_dropped_percent: Value[int] | None = None
    income_dropped_amount: Value[int] | None = None
    work_lost_months: Value[int] | None = None
    project_underpaid_yield: Value[tuple[Yield, ...]] | None = None
    disaster_loss_home: Value[frozenset[HomeState]] | None = None
    disaster_loss_worker: Value[frozenset[WorkerState]] | None = None
    disaster_loss_share: Value[int] | None = None
    self_paid_high_ex_poor: Value[int] | None = None
    self_paid_high_ordinary: Value[int] | None = None
    self_paid_high_in_scope_only: Value[bool] | None = None
    single_stay_high_identified: Value[int] | None = None
    single_stay_high_others: Value[int] | None = None
    self_paid_ratio_share: Value[int] | None = None
    rigid_spending_ratio_share: Value[int] | None = None
    rigid_spending_ratio_medical_share: Value[int] | None = None
    education_cost_high_amount: Value[int] | None = None
    guarantee_missing_guarantees: Value[frozenset[Guarantee]] | None = None
    child_age_from: Value[int] | None = None
    child_age_below: Value[int] | None = None
    grade_fell_in_force: Value[bool] | None = None
    risk_reported_routes: Value[frozenset[ReportRoute]] | None = None
    ladder_weights: Value[tuple[int, ...]] | None = None
    ladder_bands: Value[tuple[Band, ...]] | None = None
    city_supplement_share: Value[int] | None = None
    city_supplement_above: Value[int] | None = None
    city_supplement_cap_inpatient: Value[int] | None = None
    city_supplement_cap_special_drugs: Value[int] | None = None
    covers_known: Value[tuple[Cover, ...]] | None = None
    own_share_target: Value[int] | None = None
    exemption_material_share: Value[int] | None = None
    dismissal_days: Value[int] | None = None
    wavering_days: Value[int] | None = None
    register_slip_days: Value[int] | None = None
    negative_list_assets: Value[frozenset[Asset]] | None = None
    forecast_months: Value[tuple[int, ...]] | None = None
    incidents_impact: Value[tuple[Reach, ...]] | None = None
    incidents_self_evident: Value[tuple[Reach, ...]] | None = None
    regions_bands: Value[Scales] | None = None
    regions_keep_share: Value[int] | None = None
    regions_least_households: Value[int] | None = None
    regions_clusters: Value[tuple[Cluster, ...]] | None = None
    regions_priority: Value[frozenset[str]] | None = None
    income_items: Value[tuple[IncomeItem, ...]] | None = None
    claims_precedence: Value[tuple[str, ...]] | None = None
    feeds_yearly_grace: Value[int] | None = None
    exit_signal_months: Value[int]
    exit_stable_months: Value[int]
    exit_min_months_since_identified: Value[int]

    @property
    def feeds(self) -> tuple[str, ...]:
        """The agencies that must have spoken before a month's income counts as heard."""
        return () if self.feeds_required is None else self.feeds_required.value

    @property
    def one_off_items(self) -> frozenset[str]:
        """The income items that never enter net income, by policy's names.

        They are what is one-off, and what is no income.
        """
        one_off = (
            frozenset() if self.income_one_off_items is None else self.income_one_off_items.value
        )
        return one_off | {i.name for i in self.items if i.counts is not Counts.COUNTED}

    @property
    def items(self) -> tuple[IncomeItem, ...]:
        """The income items policy names."""
        return NEVER_INCOME if self.income_items is None else self.income_items.value

    @property
    def yearly_grace(self) -> int:
        """Months for which a yearly income is carried after the next statement was due."""
        return YEARLY_GRACE if self.feeds_yearly_grace is None else self.feeds_yearly_grace.value

    @property
    def bills_precedence(self) -> tuple[str, ...]:
        """Whose bills of a stay count where several senders bill it, the first before others."""
        return () if self.claims_precedence is None else self.claims_precedence.value

    def is_known_item(self, item: str) -> bool:
        """Whether policy names the item. Without a list of items nothing is unknown."""
        return self.income_items is None or item_key(item) in self.item_names()

    def item_names(self) -> Mapping[str, str]:
        """What items are called, folded, → policy's name."""
        one_off = () if self.income_one_off_items is None else self.income_one_off_items.value
        names = {item_key(name): name for name in (*MedicalPayments.model_fields, *one_off)}
        return names | {
            item_key(called): i.name for i in self.items for called in (i.name, *i.also)
        }

    @property
    def material_share(self) -> int:
        """By how much of what people saw something must grow to be told again.

        A county that says nothing gets Foothold's own choice, as below.
        """
        return (
            2_000 if self.exemption_material_share is None else self.exemption_material_share.value
        )

    @property
    def days_of_dismissal(self) -> int:
        """For how many days a dismissal holds at most."""
        return 366 if self.dismissal_days is None else self.dismissal_days.value

    @property
    def days_of_wavering(self) -> int:
        """Within how many days what returns on the same ground is no news."""
        return 30 if self.wavering_days is None else self.wavering_days.value

    @property
    def days_of_slip(self) -> int:
        """Within how many days a mended register entry undoes what rested on it alone."""
        return 14 if self.register_slip_days is None else self.register_slip_days.value

    @property
    def is_sharing(self) -> bool:
        """Whether those are counted who share the budget."""
        return self.heads_basis is not None and self.heads_basis.value is Heads.SHARING

    @property
    def in_scope_only(self) -> bool:
        """Whether only compliant spending counts as self-paid."""
        return (
            self.self_paid_high_in_scope_only is not None
            and self.self_paid_high_in_scope_only.value
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A region's values over time."""

    code: str
    title: Sentence
    dates: tuple[date, ...]
    days: Mapping[date, PolicyOfDay]

    def on(self, day: date) -> PolicyOfDay:
        """What is in force on the day: the latest change not after it."""
        return self.days[max((d for d in self.dates if d <= day), default=self.dates[0])]


@dataclass(frozen=True, slots=True)
class Policy:
    """An immutable bundle, known by the hash of its content.

    `places` are the regions in service, by code.
    """

    bundle: str
    title: Sentence
    currency: Sentence
    illustrative: bool
    places: Mapping[str, Place]

    def place(self, area: str) -> Place | None:
        """Return the region in service that an area lies in, the nearest first.

        The order is county, prefecture, province, nation. None: not served.
        """
        return next(
            (
                self.places[code]
                for code in (area[:6], f"{area[:4]}00", f"{area[:2]}0000", "000000")
                if code in self.places
            ),
            None,
        )

    def changes(self, after: date, until: date) -> bool:
        """Whether any value changes anywhere after the first day and not after the second."""
        return any(after < d <= until for place in self.places.values() for d in place.dates)
