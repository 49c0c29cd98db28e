"""What each source of income says of each month: monthly statements, else its share of the yearly one, else the share of the year before, carried.

| a month of a source | brings |
|---|---|
| with monthly statements | their sum; equal ones without a number count once |
| without one, covered by a yearly statement | its share; of several yearly ones the one with the latest version |
| after a yearly statement's last month | carried: what the same month brought a year before, until the next yearly or a monthly statement, the last
  month it is paid (`until_month`), the earner's leaving, or `feeds.yearly_grace` months after the next was due |
| later | unknown while the source is yearly, never zero |

A yearly statement with a number is one more beside the others that end with the same month. Payouts (category claims) belong to the day they were
paid: they are neither spread nor carried.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from foothold_risk.rules.calendar import WINDOW_MONTHS, last_day
from foothold_risk.rules.held import Income, Register
from foothold_risk.rules.packed import VersionKey, version_key
from foothold_risk.rules.statements import Name, latest_of_each, source_of
from foothold_schemas.facts import IncomeCategory


class Share(Income, frozen=True):
    """The part of a yearly statement that counts: without the months in `without`. `is_carried`: for the year after it, or the one after that.

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
    """A yearly source that has said nothing for so long that its months, from `first` on, are unknown."""

    agency: str
    first: int


@dataclass(frozen=True, slots=True)
class Sources:
    """The incomes that count, and what has lapsed."""

    incomes: tuple[Income, ...]
    lapses: tuple[Lapse, ...] = ()


def sources(incomes: Sequence[Income], register: Register | None, grace: int, running: int) -> Sources:
    """What counts of a household's incomes. Nothing is carried into the running month, which is not over, or beyond."""
    versions = latest_of_each(incomes)
    if all(i.months == 1 for i in versions):  # no yearly statement: what was said for a month is what counts
        return Sources(versions)
    by_source: dict[Name, list[Income]] = {}
    for income in versions:
        by_source.setdefault(source_of(income), []).append(income)
    counted: list[Income] = []
    lapses: list[Lapse] = []
    for said in by_source.values():
        monthly, yearly = [i for i in said if i.months == 1], [i for i in said if i.months > 1]
        counted += monthly
        if yearly and yearly[0].category is IncomeCategory.CLAIMS:
            counted += yearly
        elif yearly:
            source = _Yearly(yearly, frozenset(i.last_month for i in monthly), register, grace, running)
            counted += source.shares()
            lapses += source.lapse()
    return Sources(tuple(counted), tuple(lapses))


class _Yearly:
    """One source's yearly statements, by the month they end with, beside the months that monthly ones speak for."""

    def __init__(self, statements: Iterable[Income], monthly: frozenset[int], register: Register | None, grace: int, running: int) -> None:
        self._ending: dict[int, list[Income]] = {}
        for income in statements:
            self._ending.setdefault(income.last_month, []).append(income)
        self._monthly = monthly
        self._register = register
        self._grace = grace
        self._running = running

    def shares(self) -> Iterator[Income]:
        """What counts of each statement, its own months and those carried from it."""
        for last, ending in self._ending.items():
            without = frozenset(m for m in _year(last) if m in self._monthly or self._speaks_for(m) != last)
            if len(without) < WINDOW_MONTHS:
                yield from (_share(income, _year(last), without) for income in ending) if without else ending
            yield from (part for income in ending for part in self._carried(income))

    def lapse(self) -> Iterator[Lapse]:
        """From when on the months of the source are unknown; nothing while it is not yearly, or its end is known."""
        last = max(self._ending)
        if any(m > last for m in self._monthly):
            return
        due = last + WINDOW_MONTHS + self._grace
        if any(self._end(income) >= due for income in self._ending[last]):
            yield Lapse(self._ending[last][0].agency, due + 1)

    def _speaks_for(self, month: int) -> int:
        """The last month of the statement that counts for a month it covers: the one with the latest version."""
        covering = (last for last in self._ending if month in _year(last))
        return max(covering, key=self._version)

    def _version(self, last: int) -> VersionKey:
        return max(version_key(i) for i in self._ending[last])

    def _carried(self, income: Income) -> Iterator[Income]:
        last, end = income.last_month, min(self._end(income), self._running - 1)
        while end > last:
            following = _year(last + WINDOW_MONTHS)
            yield _share(income, following, frozenset(m for m in following if m > end), is_carried=True)
            last += WINDOW_MONTHS

    def _end(self, income: Income) -> int:
        """The last month carried from a statement; its own last month where nothing is."""
        last = income.last_month
        until = last + WINDOW_MONTHS + self._grace
        following = [ending - WINDOW_MONTHS for ending in self._ending if ending > last]  # the month before another statement begins
        ends = [until, *following, *(m - 1 for m in self._monthly if m > last)]
        if income.until_month is not None:
            ends.append(income.until_month)
        end = min(ends)
        return next((m - 1 for m in range(last + 1, end + 1) if not self._is_here(income.person_ref, m)), max(end, last))

    def _is_here(self, person: str | None, month: int) -> bool:
        return self._register is None or may_earn(self._register, person, month)


def may_earn(register: Register, person: str | None, month: int) -> bool:
    """Whether they still belong to the household at the month's end. Somebody the register does not name is not known to leave."""
    spans = () if person is None else [m for m in register.members if m.person_ref == person]
    return not spans or any(m.is_here(last_day(month)) for m in spans)


def _year(last: int) -> range:
    return range(last - WINDOW_MONTHS + 1, last + 1)


def _share(income: Income, year: range, without: frozenset[int], *, is_carried: bool = False) -> Share:
    """The statement's own twelve months, or as many years later as `year` lies; each month's share as the statement spreads it, exact to the fen."""
    told = {field: getattr(income, field) for field in Income.__struct_fields__} | {"last_month": year[-1]}
    own = [range(m, m + 1) for m in _year(income.last_month)]
    counts = [m not in without for m in year]
    gross = tuple(income.gross_within(m) if is_in else 0 for m, is_in in zip(own, counts, strict=True))
    spent = tuple(income.expense_within(m) if is_in else 0 for m, is_in in zip(own, counts, strict=True))
    return Share(**told, without=without, is_carried=is_carried, gross=gross, spent=spent)
