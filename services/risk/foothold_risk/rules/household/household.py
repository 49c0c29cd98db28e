"""A household as risk remembers it: register entry, facts, and where it stands.

Immutable; small enough to keep a county in memory, packed.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from hashlib import blake2b

import msgspec

from foothold_risk.rules.household.facts import (
    AssetCheck,
    Authorisation,
    Check,
    Claim,
    Disaster,
    Grading,
    HeldFact,
    Income,
    Measure,
    Register,
    Report,
    Spending,
    Ticket,
    Withdrawal,
)
from foothold_risk.rules.household.packed import Packed
from foothold_risk.rules.household.statements import latest_of_each
from foothold_schemas.facts.decisions import HarmlessReason
from foothold_schemas.findings import FindingKind
from foothold_schemas.messages.transitions import Status
from foothold_schemas.values import Group

MOST_ANSWERED = 400
"""Reports people have looked into; beyond them those that are reported no more are forgotten."""


class Left(Packed, frozen=True):
    """The last time the household left a group by its own figures or people's word.

    It has the day, the group, and the case's episode.
    """

    day: date
    group: Group
    episode: int


class Exemption(Packed, frozen=True):
    """A finding people found harmless, as states of before `Word` hold it; no longer read."""

    kind: FindingKind
    beyond: int | None
    size: int | None
    facts: bytes
    since: date
    until: date
    reason: HarmlessReason
    by: str


class Event(Packed, frozen=True):
    """One thing that happened, by its name.

    `states`: how grave, part by part; `amount`: fen lost or owed.

    `since`, `last`: ordinals of the day from which it is another event than one seen before, and of
    the last day somebody said so.

    `also`: other names under which it was told before it was amended.
    """

    name: str
    states: tuple[int, ...] = ()
    amount: int = 0
    since: int = 0
    last: int = 0
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names it is known by."""
        return self.name, *self.also


class Word(Packed, frozen=True):
    """People's word that a finding calls for nothing: what they saw of it, and until when it holds.

    `reason`, `by` are empty for a dismissal; `episode`: the case that was dismissed.
    """

    kind: FindingKind
    since: date
    until: date
    value: int | None = None
    beyond: int | None = None
    events: tuple[Event, ...] = ()
    total: int = 0
    is_below: bool = False
    reason: HarmlessReason | None = None
    by: str = ""
    episode: int = 0


class Dismissal(Packed, frozen=True):
    """The last dismissal: its case, and the reports answered by dismissals of that case.

    `number`: of the household's last step then, so that two dismissals of one case are two.
    """

    episode: int
    reports: tuple[bytes, ...] = ()
    number: int = 0


class Answer(Packed, frozen=True):
    """A decision of people on a case, which answers what was reported until its day.

    They saw what was recorded before it, so what comes late is answered if it was on record then.
    """

    decided_on: date
    recorded_us: int = 0
    place: tuple[int, ...] = ()

    def covers(self, report: Report) -> bool:
        """Whether people could look into the report before they decided."""
        version = report.version
        return report.day <= self.decided_on and (
            (version.recorded_us, version.place) <= (self.recorded_us, self.place)
        )

    def says_no_more_than(self, other: "Answer") -> bool:
        """Whether the other answers all that this one does."""
        return self.decided_on <= other.decided_on and (
            (self.recorded_us, self.place) <= (other.recorded_us, other.place)
        )


class Ended(Packed, frozen=True):
    """The last group or lead that ended.

    It records when it ended, whether by its own figures or a correction, and what goes on with it
    if it returns.

    `group` None: it was a lead. `is_by_word`: people dismissed it. `lead_on`: when the lead ended
    that was left of the group.
    """

    day: date
    is_by_itself: bool
    group: Group | None = None
    identified_on: date | None = None
    causes: tuple[FindingKind, ...] = ()
    times_wavered: int = 0
    is_by_word: bool = False
    lead_on: date | None = None


class Slip(Packed, frozen=True):
    """A leaving or change of group that rests on a register entry.

    It has the day, the name of what the entry says, and the position of before, packed.
    """

    day: date
    entry: bytes
    is_natural: bool
    before: bytes


class Closed(Packed, frozen=True):
    """A case that ended by itself before the last one, as it goes on if its ground returns."""

    episode: int
    spell: int
    ended: Ended
    had: tuple[Event, ...] = ()
    bills: tuple[bytes, ...] = ()
    woken: tuple[FindingKind, ...] = ()
    wavered_on: date | None = None
    returned_on: date | None = None
    moved_on: date | None = None
    was_grouped: bool = False
    was_urgent: bool = False


class Position(Packed, frozen=True):
    """Where a household stands between two transitions.

    `causes`: the risks of this spell. `identified_on`: the day people identified it. `is_due`,
    `is_not_marked`: said once while it holds.
    `eliminated`: the causes people last declared eliminated. `left`: the leaving that a late fact
    may still put in doubt.
    `answered`: reports people have looked into. `words`: what they found harmless or dismissed.
    `had`: the events of its case.
    `bills`: names of the bills it has had. `woken`: findings that said more than people's word
    covers, and were told. `told_on`: when it was last told. `ended`: the last group or lead that
    ended. `wavered_on`: when it last returned, or moved back, on the same ground; `returned_on`:
    returned only; `moved_on`: when it last moved.
    `eliminated_from`: the group people last declared eliminated. `entry`, `slip`: the name of
    what the register entry last looked at says, and what may be a slip.
    `frozen`: where it stood when it refused its authorisation, packed. `grounds`: what its findings
    were last seen to rest on, as people's word would have it. `was_grouped`, `was_urgent`: whether
    its case has been in a group, and in danger. `dismissal`: people's last one.
    `members`: whose guarantee is unmet by the register, or was until a day, and whether it was met
    before. `earlier`: the cases before the last one that may still return, rising;
    `last_episode`, `last_spell`: the highest numbers given, where such a one has returned.
    `is_corrected`: a correction took what its case rests on, and the case stands until it is free
    to end. `entered_on`: the day its spell in a group began; None in states of before.
    `answers`: the decisions that answer reports which are on their way still.
    `dismissed`, `fell`, `exemptions` are of states of before, and no longer read.
    """

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
    identified_on: date | None = None
    causes: tuple[FindingKind, ...] = ()
    is_due: bool = False
    is_not_marked: bool = False
    eliminated: tuple[FindingKind, ...] = ()
    dismissed: tuple[FindingKind, ...] = ()
    fell: bytes = b""
    left: Left | None = None
    exemptions: tuple[Exemption, ...] = ()
    answered: tuple[bytes, ...] = ()
    words: tuple[Word, ...] = ()
    had: tuple[Event, ...] = ()
    bills: tuple[bytes, ...] = ()
    woken: tuple[FindingKind, ...] = ()
    told_on: date | None = None
    ended: Ended | None = None
    wavered_on: date | None = None
    moved_on: date | None = None
    eliminated_from: Group | None = None
    entry: bytes = b""
    slip: Slip | None = None
    frozen: bytes = b""
    grounds: tuple[Word, ...] = ()
    was_grouped: bool = False
    was_urgent: bool = False
    dismissal: Dismissal | None = None
    members: tuple[Event, ...] = ()
    is_rolled_back: bool = False
    is_corrected: bool = False
    returned_on: date | None = None
    earlier: tuple[Closed, ...] = ()
    last_episode: int = 0
    last_spell: int = 0
    entered_on: date | None = None
    answers: tuple[Answer, ...] = ()

    @property
    def next_episode(self) -> int:
        """The number of the household's next case."""
        return max(self.episode, self.last_episode) + 1

    @property
    def next_spell(self) -> int:
        """The number of its next spell in a group."""
        return max(self.spell, self.last_spell) + 1

    def wavers(self, day: date, days: int) -> bool:
        """Whether it returned, or moved back, on the same ground within so many days."""
        return self.wavered_on is not None and (day - self.wavered_on).days <= days

    def has_returned(self, day: date, days: int) -> bool:
        """Whether it went and returned on the same ground within so many days: it stays open.

        What only moved from group to group never went.
        """
        return self.returned_on is not None and (day - self.returned_on).days <= days

    @property
    def is_in_episode(self) -> bool:
        """Whether a case is open for it."""
        return self.is_lead or self.status in (Status.GROUP, Status.RECOVERING)

    @property
    def is_identified(self) -> bool:
        """Whether people identified it in this spell."""
        return self.identified_on is not None


class Unjudged(Packed, frozen=True):
    """A mark that judging the household raised, so it is not judged any more.

    It records since when, and what raised (exception and place).

    `behind`: the address everything else that comes for it waits behind.
    """

    since: datetime
    raised: str
    behind: str


class Household(Packed, frozen=True):
    """Everything risk knows of one household.

    `view` is the digest of the view written last; `noted` are facts that leave nothing else.

    `since`: the open day on which its first register entry came; None: before any day was open.
    `entries`, `said`: register entries and words on the authorisation that others have replaced,
    the last few, rising: they count again when what replaced them is taken back.
    """

    register: Register | None = None
    incomes: tuple[Income, ...] = ()
    claims: tuple[Claim, ...] = ()
    disasters: tuple[Disaster, ...] = ()
    position: Position = Position()
    as_of: date | None = None
    view: bytes = b""
    spendings: tuple[Spending, ...] = ()
    checks: tuple[Check, ...] = ()
    gradings: tuple[Grading, ...] = ()
    measures: tuple[Measure, ...] = ()
    authorisation: Authorisation | None = None
    noted: tuple[bytes, ...] = ()
    assets: tuple[AssetCheck, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()
    reports: tuple[Report, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    since: date | None = None
    unjudged: Unjudged | None = None
    entries: tuple[Register, ...] = ()
    said: tuple[Authorisation, ...] = ()

    @property
    def disputed(self) -> tuple[int, ...]:
        """The tickets that are open: a member also stands in another household.

        The end of one holds, whichever came first.
        """
        ended = {t.number for t in self.tickets if not t.is_open}
        return tuple(sorted({t.number for t in self.tickets} - ended))

    @property
    def unanswered(self) -> tuple[Report, ...]:
        """What was reported and nobody has looked into yet, the newest first."""
        answered = self.position.answered
        waiting = (r for r in latest_of_each(self.reports) if report_key(r) not in answered)
        return tuple(sorted(waiting, key=lambda r: (r.day, r.fact_id), reverse=True))

    @property
    def bills(self) -> tuple[Claim, ...]:
        """The version that counts of each claim, in any order of arrival.

        It is one of several claims under one number of one agency.
        """
        return latest_of_each(self.claims)

    def held(self) -> Iterator[HeldFact]:
        """Every fact it holds."""
        yield from self.incomes
        yield from self.claims
        yield from self.disasters
        yield from self.spendings
        yield from self.checks
        yield from self.gradings
        yield from self.assets
        yield from self.reports
        yield from self.measures
        yield from self.tickets
        yield from self.entries
        yield from self.said
        yield from (fact for fact in (self.register, self.authorisation) if fact is not None)

    def knows(self, fact_id: bytes) -> bool:
        """Whether this fact is already part of it."""
        return (
            fact_id in self.noted
            or any(w.by == fact_id for w in self.withdrawn)
            or any(f.fact_id == fact_id for f in self.held())
        )

    def has_withdrawn(self, fact_id: bytes) -> bool:
        """Whether this fact counts no longer, or will not count when it comes."""
        return any(w.fact_id == fact_id for w in self.withdrawn)

    @property
    def all_entries(self) -> tuple[Register, ...]:
        """Its register entries as far as they are kept, rising; the last one counts."""
        return self.entries if self.register is None else (*self.entries, self.register)

    @property
    def words_said(self) -> tuple[Authorisation, ...]:
        """Its words on the authorisation as far as they are kept, rising; the last one counts."""
        return self.said if self.authorisation is None else (*self.said, self.authorisation)

    @property
    def is_refused(self) -> bool:
        """Whether the household's last word was that its data may not be compared."""
        return self.authorisation is not None and not self.authorisation.is_given


def report_name(report: Report) -> str:
    """What it was first told as: the same for a report sent again, or amended."""
    return report.known_as or report.own_name


def report_key(report: Report) -> bytes:
    """The name in eight bytes."""
    return name_key(report_name(report))


def name_key(name: str) -> bytes:
    """A report's name in eight bytes."""
    return blake2b(name.encode(), digest_size=8).digest()


def answered(
    household: Household, position: Position, names: Collection[str] | None = None
) -> Position:
    """The position when people have looked into what was reported: under these names, or so far.

    What they name they saw, though it has still to arrive. What was taken back stays answered, so
    that it is no news when it is sent again.
    """
    known = {report_key(r) for r in household.reports}
    return _looked_into(household, position, known if names is None else map(name_key, names))


def answered_by(household: Household, position: Position, answer: Answer) -> Position:
    """The position when people have decided, and so looked into what was on record.

    What arrives later, and was on record then, is answered as well.
    """
    others = tuple(a for a in position.answers if not a.says_no_more_than(answer))
    if any(answer.says_no_more_than(a) for a in others):
        return _with_answers(household, position)
    answers = tuple(sorted((*others, answer), key=lambda a: a.decided_on))
    return _with_answers(household, msgspec.structs.replace(position, answers=answers))


def with_answers(household: Household) -> Household:
    """The household when what people had looked into before it arrived is answered."""
    position = _with_answers(household, household.position)
    return household if position is household.position else fresh(household, position=position)


def _with_answers(household: Household, position: Position) -> Position:
    answers = position.answers
    keys = {report_key(r) for r in household.reports if any(a.covers(r) for a in answers)}
    return _looked_into(household, position, keys)


def _looked_into(household: Household, position: Position, keys: Iterable[bytes]) -> Position:
    every = {*position.answered, *keys}
    if len(every) > MOST_ANSWERED:
        every &= {report_key(r) for r in household.reports}
    reports = tuple(sorted(every))
    return (
        position
        if position.answered == reports
        else msgspec.structs.replace(position, answered=reports)
    )


def fresh(household: Household, **changes: object) -> Household:
    """The household with these fields."""
    return msgspec.structs.replace(household, **changes)
