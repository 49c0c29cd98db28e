"""Where a household stands for the second opinion.

What one look sees, what of it is news, and who is told of a step.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from foothold_schemas.facts.decisions import MeasureDelivered
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.register import HouseholdRegistered
from tests.support.reference.events import WAVERING_DAYS, Event, Ground, heavy, joined, was_seen
from tests.support.reference.opinion import LEADS, RISKS, SHOCKS, Opinion
from tests.support.reference.words import Word, is_covered, last_day_passed

OPEN = ("lead", "recovering", "group")
SLIP_DAYS = 14
TELLING = (
    "entered",
    "rolled_back",
    "reflagged",
    "relapsed",
    "watched",
    "moved",
    "worsened",
    "grade_fell",
)
BY_EVENT = (
    *("disaster_loss", "guarantee_missing", "risk_reported", "grade_fell", "work_lost"),
    "project_underpaid",
)
"""Findings of which another event is news; a stay is a bill."""


@dataclass(frozen=True)
class Ended:
    """A group or lead that ended by itself or by a correction, and what goes on if it returns.

    `is_taken_back`: people dismissed it and took that back, and what they look into is open still,
    so that it goes on whatever came between.
    """

    day: date
    identified: date | None = None
    causes: frozenset[str] = frozenset()
    is_group: bool = True
    is_taken_back: bool = False


@dataclass(frozen=True)
class Slip:
    """A leaving or change of group that rests on a register entry.

    And where the household stood before.
    """

    day: date
    entry: HouseholdRegistered
    is_natural: bool
    before: "Stand"


@dataclass(frozen=True)
class Stand:
    """`at`: clear, watch, lead, recovering or group.

    `had`, `paid`, `woken`: events, bills and woken findings its case has had.

    `returned`: when it last came back on the same ground; `told_on`: when people were last told.
    `dismissed`: the group or lead people ended; `dismissal`: the case of their last word;
    `dismissals`: how many they gave;
    `taken_back`: what goes on because they take it back.
    `cases_before`: the household as each case left it that may still return; `last_episode`,
    `last_spell`: the highest numbers that were given.
    `storms`: the disasters it was last seen to rest on.
    `entered`: when its spell in a group began. `decisions`: those carried out, of which each
    answers what was reported before it.
    `has_had`: whether its case was in a group, and in danger. `left`: the day of the leaving that a
    late fact may still put in doubt.
    """

    at: str = "clear"
    group: str = ""
    findings: frozenset[str] = frozenset()
    clear_since: date | None = None
    episode: int = 0
    spell: int = 0
    identified: date | None = None
    causes: frozenset[str] = frozenset()
    is_due: bool = False
    is_not_marked: bool = False
    is_by_people: bool = False
    is_corrected: bool = False
    eliminated: frozenset[str] = frozenset()
    eliminated_from: str = ""
    words: tuple[Word, ...] = ()
    answered: frozenset[str] = frozenset()
    decisions: tuple[FactRecord, ...] = ()
    had: Mapping[str, Event] = field(default_factory=dict)
    paid: frozenset[str] = frozenset()
    woken: frozenset[str] = frozenset()
    told_on: date | None = None
    group_ended: Ended | None = None
    lead_ended: Ended | None = None
    dismissed: Ended | None = None
    taken_back: Ended | None = None
    dismissal: int = 0
    dismissals: int = 0
    returned: date | None = None
    cases_before: tuple["Stand", ...] = ()
    last_episode: int = 0
    last_spell: int = 0
    storms: frozenset[str] = frozenset()
    has_had: frozenset[str] = frozenset()
    left: date | None = None
    slip: Slip | None = None
    entry: HouseholdRegistered | None = None
    is_danger: bool = False
    entered: date | None = None


@dataclass(frozen=True)
class Today:
    """What one look sees.

    `ends`: how what the cause takes the ground from ends; `is_entry`: another register entry made
    risk look.
    """

    opinion: Opinion
    grounds: Mapping[str, Ground]
    day: date
    is_in_doubt: bool = False
    is_served: bool = True
    is_below: bool = False
    ends: str | None = None
    is_entry: bool = False
    measures: tuple[MeasureDelivered, ...] = ()
    told_twice: Mapping[str, set[str]] = field(default_factory=dict)
    """Bill → the bills by which another sender tells of the same."""
    by_earlier_entry: "Callable[[Stand], Today] | None" = None
    """The same by the last register entry that said something else, if there was one."""

    def speaking(self, words: tuple[Word, ...]) -> dict[str, Ground]:
        """What people have not looked into, or not as it is."""
        return {
            k: g
            for k, g in self.grounds.items()
            if not is_covered(k, g, words, self.day, is_below=self.is_below)
        }


Recheck = Callable[[Stand], Today]
Outbox = tuple[str, str | None, bool | None]
"""Movement, how it ended, whether people are told (None: that is not asked of it)."""


def told_by_event(kind: str, ground: Ground) -> dict[str, Event]:
    """What is news by itself: of a project not its next year, nor that it owes more by a month."""
    events = dict(ground.events or {}) if kind in BY_EVENT else {}
    return {n: Event() for n in events} if kind == "project_underpaid" else events


def other_cases(stand: Stand, day: date) -> list[Stand]:
    """The household's cases that ended by themselves in the last days, but for its own."""
    cases = []
    for case in stand.cases_before:
        ends = [e.day for e in (case.group_ended, case.lead_ended) if e is not None]
        if case.episode != stand.episode and ends and (day - max(ends)).days <= WAVERING_DAYS:
            cases.append(case)
    return cases


def with_other_cases(stand: Stand, day: date) -> Stand:
    """As if its case had had what those had: people were told of it."""
    for case in other_cases(stand, day):
        stand = replace(
            stand,
            had=joined(stand.had, case.had),
            paid=stand.paid | case.paid,
            woken=stand.woken | case.woken,
        )
    return stand


class Course:
    """Where a household goes in one look, and what is said of it."""

    def __init__(self, stand: Stand, today: Today) -> None:
        self.stand, self.today, self.steps = stand, today, list[Outbox]()
        self.reconsider()

    def reconsider(self) -> None:
        """What speaks, where it should stand, and what is news."""
        stand, today = self.stand, self.today
        self.speaking = today.speaking(stand.words)
        self.kinds = frozenset(self.speaking)
        self.target = self._target()
        happened = {n: e for k, g in self.speaking.items() for n, e in told_by_event(k, g).items()}
        self.events = happened
        known = with_other_cases(stand, today.day) if stand.at in OPEN else stand
        self.new_events = {n for n, e in happened.items() if not was_seen(n, e, known.had)}
        self.has_fallen = "grade_fell" in self.kinds and bool(
            self.new_events & set(self.speaking["grade_fell"].events or {})
        )
        self.woken = {
            k
            for k in self.kinds
            if any(w.kind == k and not last_day_passed(w, today.day) for w in stand.words)
        } | (self.kinds & stand.eliminated)
        self.heavy = heavy(
            self.speaking.values(),
            known.paid | {bill for bill, others in today.told_twice.items() if others & known.paid},
        )
        self.is_news = bool(self.new_events or self.heavy or self.woken - known.woken)

    def _target(self) -> str:
        stand, opinion = self.stand, self.today.opinion
        self.is_danger = False
        if not self.today.is_served or not opinion.seen.is_anybody:
            return "natural"
        here = opinion.seen.standing(self.kinds, opinion.net_per_head)
        # an identified household's group never ends by a word
        if stand.at == "group" and stand.identified and not here.startswith("group:"):
            here = opinion.seen.standing(opinion.findings, opinion.net_per_head)
        # nobody of those who are here is counted: what is found is a lead, with nothing found there
        # is none, all else stays
        if here == "unknown":
            risks = (frozenset(opinion.findings) if stand.identified else self.kinds) & RISKS
            stays = f"group:{stand.group}" if stand.at == "group" and risks else None
            stays = "recovering" if stand.at == "recovering" else stays
            here = stays or (
                "lead"
                if self.kinds & LEADS
                else "clear"
                if stand.at in ("lead", "group")
                else stand.at
            )
        self.is_danger = here == "group:sudden_hardship" or (
            here.startswith("group:") and "disaster_loss" in self.kinds
        )
        if self.today.is_in_doubt:  # no group begins or ends, but danger to one is danger
            if stand.at in ("group", "recovering"):
                return f"group:{stand.group}" if stand.at == "group" else "recovering"
            return "lead" if here.startswith("group:") else here
        return here

    @property
    def is_to_group(self) -> bool:
        return self.target.startswith("group:")

    def go(self, movement: str, reason: str | None = None, **changes: Any) -> None:  # noqa: ANN401 - fields of Stand
        """One step, and who is told of it."""
        before = self.stand
        after = replace(before, **{"findings": self.kinds, **changes})
        firsts = {"group"} if after.at == "group" else set()
        firsts |= {"danger"} if after.at == "group" and self.is_danger else set()
        had = before.has_had if after.episode == before.episode else frozenset()
        after = replace(after, has_had=had | firsts)
        new = firsts - had
        for other in other_cases(before, self.today.day):
            has_told = {"group": RISKS, "danger": SHOCKS}
            new -= {w for w in new & other.has_had if self._has_had(other, has_told[w])}
        is_told = self._is_told(movement, before, after, is_first=bool(new))
        self.stand = replace(after, told_on=self.today.day) if is_told else after
        self.steps.append((movement, reason, is_told))

    def _has_had(self, other: Stand, kinds: frozenset[str] | set[str]) -> bool:
        """Whether another case has had everything of these kinds that speaks."""
        for kind in self.kinds & kinds:
            ground = self.speaking[kind]
            if any(not amounts.keys() <= other.paid for amounts in ground.sums):
                return False
            events = told_by_event(kind, ground)
            if not all(was_seen(n, e, other.had) for n, e in events.items()):
                return False
        return True

    def _is_told(
        self, movement: str, before: Stand, after: Stand, *, is_first: bool
    ) -> bool | None:
        """Of news, of a new case, of its first group or danger.

        And of anything but a shift of groups once the days since the last word are over.
        """
        if movement not in TELLING or after.at not in OPEN:
            return None
        if self.is_news or after.episode != before.episode or is_first:
            return True
        return movement != "moved" and (
            before.told_on is None or (self.today.day - before.told_on).days > WAVERING_DAYS
        )
