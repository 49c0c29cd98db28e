"""Works out what each source of income reports for each month.

That is monthly statements, else its share of the yearly one, else the share of the year before,
carried.

A month of a source brings:

* with monthly statements: their sum; equal ones without a number count once.
* without one, covered by a yearly statement: its share; of several yearly ones the one with the
  latest version.
* after a yearly statement's last month, carried: what the same month brought a year before, until
  the next yearly or a monthly statement, the last month it is paid (`until_month`), the earner's
  leaving, or `feeds.yearly_grace` months after the next was due.
* later: unknown while the source is yearly, never zero.

A yearly statement with a number is one more beside the others that end with the same month. Payouts
(category claims) belong to the day they were paid: they are neither spread nor carried.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from foothold_risk.rules.calendar import WINDOW_MONTHS, last_day
from foothold_risk.rules.household.facts import Income, Register
from foothold_risk.rules.household.packed import version_key
from foothold_risk.rules.household.statements import Name, latest_of_each, source_of
from foothold_schemas.facts.facts import IncomeCategory


class Share(Income, frozen=True):
    """The part of a yearly statement that counts: without the months in `without`.

    `is_carried`: for the year after it, or the one after that.

    `gross`, `spent`: what each of its twelve months brings and costs, in fen.
    """

    without: frozenset[int] = frozenset()
    is_carried: bool = False
    gross: tuple[int, ...] = ()
    spent: tuple[int, ...] = ()

    @property
    def latest_month(self) -> int:
        """The last month for which it counts."""
        return max(m for m in _year(self.last_month) if m not in self.without)

    def within(self, months: range) -> int:
        """What of it falls into a stretch of months, after expense."""
        begin, end = self._reach(months)
        return sum(self.gross[begin:end]) - sum(self.spent[begin:end])

    def gross_within(self, months: range) -> int:
        """Before expense."""
        begin, end = self._reach(months)
        return sum(self.gross[begin:end])

    def expense_within(self, months: range) -> int:
        """The expense alone."""
        begin, end = self._reach(months)
        return sum(self.spent[begin:end])

    def counted_months(self, months: range) -> list[int]:
        """The months of a stretch for which it counts."""
        return [m for m in super().counted_months(months) if m not in self.without]

    def _reach(self, months: range) -> tuple[int, int]:
        return max(0, months.start - self.first_month), max(0, months.stop - self.first_month)


@dataclass(frozen=True, slots=True)
class Lapse:
    """A yearly source that has been silent so long that its months are unknown.

    They are unknown from `first` on. `fact`: its last statement.
    """

    agency: str
    first: int
    fact: bytes = b""


@dataclass(frozen=True, slots=True)
class Sources:
    """The incomes that count, and what has lapsed."""

    incomes: tuple[Income, ...]
    lapses: tuple[Lapse, ...] = ()


def sources(
    incomes: Sequence[Income], register: Register | None, grace: int, running: int
) -> Sources:
    """What counts of a household's incomes.

    Nothing is carried into the running month, which is not over, or beyond.
    """
    versions = latest_of_each(incomes)
    # no yearly statement: what was said for a month is what counts
    if all(i.months == 1 for i in versions):
        return Sources(versions)
    by_source: dict[Name, list[Income]] = {}
    for income in versions:
        by_source.setdefault(source_of(income), []).append(income)
    counted: list[Income] = []
    lapses: list[Lapse] = []
    for of_source in by_source.values():
        monthly, yearly = (
            [i for i in of_source if i.months == 1],
            [i for i in of_source if i.months > 1],
        )
        counted += monthly
        if yearly and yearly[0].category is IncomeCategory.CLAIMS:
            counted += yearly
        elif yearly:
            source = _Yearly(
                yearly, frozenset(i.last_month for i in monthly), register, grace, running
            )
            counted += source.shares()
            lapses += source.lapse()
    return Sources(tuple(counted), tuple(lapses))


class _Yearly:
    """One source's yearly statements, by the month they end with.

    Beside them are the months that monthly statements cover.
    """

    def __init__(
        self,
        statements: Sequence[Income],
        monthly: frozenset[int],
        register: Register | None,
        grace: int,
        running: int,
    ) -> None:
        self._ending: dict[int, list[Income]] = {}
        for income in statements:
            self._ending.setdefault(income.last_month, []).append(income)
        self._covered = {month: last for last in _by_version(self._ending) for month in _year(last)}
        self._monthly = monthly
        self._register = register
        self._person = statements[0].person_ref
        self._grace = grace
        self._running = running

    def shares(self) -> Iterator[Income]:
        """Yield what counts of each statement.

        That is months of its own, and, as many years later, those that are carried from it.
        """
        counted: dict[tuple[bytes, int], tuple[Income, list[int]]] = {}
        for month, taken in self._by_month().items():
            for income, own in () if month in self._monthly else taken:
                counted.setdefault((income.fact_id, month - own), (income, []))[1].append(month)
        for (_, later), (income, months) in counted.items():
            is_whole = not later and len(months) == WINDOW_MONTHS
            yield (
                income
                if is_whole
                else _share(income, _year(income.last_month + later), frozenset(months))
            )

    def _by_month(self) -> dict[int, list[tuple[Income, int]]]:
        """The statements each month's income is of, and which month of theirs each takes."""
        first = last = min(self._covered)
        taken: dict[int, list[tuple[Income, int]]] = {}
        is_over = False
        for month in range(first, max(self._running, max(self._covered) + 1)):
            if (ending := self._covered.get(month)) is not None:
                last, is_over = month, False
                taken[month] = [(income, month) for income in self._ending[ending]]
                continue
            is_over = (
                is_over
                or month >= self._running
                or month > last + WINDOW_MONTHS + self._grace
                or self._ends_in(month)
            )
            before = () if is_over else taken.get(month - WINDOW_MONTHS, ())
            taken[month] = [
                (income, own)
                for income, own in before
                if income.until_month is None or month <= income.until_month
            ]
        return taken

    def _ends_in(self, month: int) -> bool:
        """Return whether what is carried ends before this month.

        It ends if a monthly statement covers the month, or the earner has left by its end.
        """
        return month in self._monthly or not self._is_here(range(month, month + 1))

    def lapse(self) -> Iterator[Lapse]:
        """From when on the months of the source are unknown.

        Nothing while it is not yearly, or its end is known.
        """
        last = max(self._ending)
        if any(m > last for m in self._monthly):
            return
        due = last + WINDOW_MONTHS + self._grace
        going_on = [i for i in self._ending[last] if i.until_month is None or i.until_month > due]
        if going_on and self._is_here(range(last + 1, due + 1)):
            yield Lapse(going_on[0].agency, due + 1, max(going_on, key=version_key).fact_id)

    def _is_here(self, months: range) -> bool:
        """Whether nobody knows that the earner left by one of these months' ends."""
        return (
            self._person is None
            or self._register is None
            or all(may_earn(self._register, self._person, m) for m in months)
        )


def may_earn(register: Register, person: str | None, month: int) -> bool:
    """Whether they still belong to the household at the month's end.

    Somebody the register does not name is not known to leave.
    """
    spans = () if person is None else [m for m in register.members if m.person_ref == person]
    return not spans or any(m.is_here(last_day(month)) for m in spans)


def puts_right(incomes: Sequence[Income], fact: Income) -> bool:
    """Whether a yearly statement says otherwise of months for which another one counted.

    The other is of the same source and ends with another month; items go by one name. A number or
    an equal last month makes the statement a version, or one more beside the other: that is told by
    its name.
    """
    if fact.months == 1 or fact.category is IncomeCategory.CLAIMS:
        return False
    of_source = [i for i in latest_of_each(incomes) if source_of(i) == source_of(fact)]
    monthly = {i.last_month for i in of_source if i.months == 1}
    yearly = [i for i in of_source if i.months > 1]
    before, after = _counted_by_month(yearly), _counted_by_month(latest_of_each([*yearly, fact]))
    return any(
        month not in monthly and before[month][0] != last and before[month][1] != amount
        for month, (last, amount) in after.items()
        if month in before
    )


def _counted_by_month(yearly: Sequence[Income]) -> dict[int, tuple[int, int]]:
    """Month → the last month of the statements that count for it, and what they bring.

    Nothing is carried.
    """
    ending: dict[int, list[Income]] = {}
    for income in yearly:
        ending.setdefault(income.last_month, []).append(income)
    counted: dict[int, tuple[int, int]] = {}
    for last in _by_version(ending):
        counted |= {
            month: (last, sum(i.within(range(month, month + 1)) for i in ending[last]))
            for month in _year(last)
        }
    return counted


def _by_version(ending: Mapping[int, Sequence[Income]]) -> list[int]:
    """The last months of yearly statements.

    A month that several cover goes by the last of these.
    """
    return sorted(ending, key=lambda last: max(version_key(i) for i in ending[last]))


def _year(last: int) -> range:
    return range(last - WINDOW_MONTHS + 1, last + 1)


def _share(income: Income, year: range, months: frozenset[int]) -> Share:
    """These months of the statement's own twelve, or of those as many years later as `year` lies.

    Each as the statement spreads it, exact to the fen.
    """
    fields = {field: getattr(income, field) for field in Income.__struct_fields__} | {
        "last_month": year[-1]
    }
    own = [range(m, m + 1) for m in _year(income.last_month)]
    counts = [m in months for m in year]
    gross = tuple(
        income.gross_within(m) if is_in else 0 for m, is_in in zip(own, counts, strict=True)
    )
    spent = tuple(
        income.expense_within(m) if is_in else 0 for m, is_in in zip(own, counts, strict=True)
    )
    without = frozenset(year) - months
    return Share(
        **fields,
        without=without,
        is_carried=year[-1] != income.last_month,
        gross=gross,
        spent=spent,
    )
