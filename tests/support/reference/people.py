"""The second opinion on what people decide: whether it is carried out, and what comes of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Protocol, cast

from foothold_schemas.facts.decisions import CaseDecided, Decision, FindingExempted
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.reports import RiskReported
from tests.support.reference.events import Ground
from tests.support.reference.leaving import unmet
from tests.support.reference.moves import GONE, may_return, next_number, out, say
from tests.support.reference.opinion import LEADS
from tests.support.reference.stand import OPEN, Course, Ended, Outbox, Recheck, Stand
from tests.support.reference.taken_back import change_risks
from tests.support.reference.words import Word, dismissed_until, word_in, word_of

REPORT = "risk_reported"


class Log(Protocol):
    """What was reported of a household."""

    @property
    def reports(self) -> Sequence[FactRecord]:
        """The reports that count."""

    def name_of(self, report: FactRecord) -> str:
        """What it was first told as."""


def decide(stand: Stand, look: Recheck, fact: FactRecord, log: Log) -> tuple[Stand, list[Outbox]]:  # noqa: C901 - one plain list, to be read beside policy
    """The household is brought to today; then people's decision, or that it is not carried out."""
    decided = fact.data
    assert isinstance(decided, CaseDecided)
    now, steps = say(stand, look)
    course = Course(now, look(now))
    refusal: list[Outbox] = [("refused", None, None)] if now.episode else []
    if not course.today.is_served:  # another county decides on it
        return now, [*steps, *refusal]
    after: tuple[Stand, list[Outbox]] | None = None
    is_identified = now.identified is not None
    if _is_of_another_case(now, decided):
        pass
    elif decided.decision is Decision.REOPENED:
        after = _reopened(now, look, decided, log)
    elif course.today.is_in_doubt:
        pass
    elif decided.decision is Decision.DISMISSED and not is_identified:
        after = _dismissed(now, look, decided)
    elif decided.decision is Decision.IDENTIFIED and now.at in ("group", "recovering"):
        after = _identified(_looked_into(now, fact, log), look, decided), []
    elif decided.decision is Decision.ELIMINATED and now.at == "recovering" and is_identified:
        course = Course(looked := _looked_into(now, fact, log), look(looked))
        if not unmet(looked, course):
            out(course, "eliminated")
            after = course.stand, course.steps
    elif decided.decision is Decision.NOT_MARKED and now.at == "recovering" and is_identified:
        course = Course(looked := _looked_into(now, fact, log), look(looked))
        if not looked.is_not_marked:
            course.go("not_marked", is_not_marked=True)
        after = course.stand, course.steps
    elif course.target == "natural":  # nobody of it is left to be helped again
        pass
    elif decided.decision is Decision.ROLLED_BACK and now.eliminated_from and not is_identified:
        after = _rolled_back(_looked_into(now, fact, log), look, decided)
    return (now, [*steps, *refusal]) if after is None else (after[0], [*steps, *after[1]])


def _is_of_another_case(now: Stand, decided: CaseDecided) -> bool:
    """One that is over; or that has still to begin, unless people say what they saw of it."""
    if decided.decision is Decision.ROLLED_BACK or decided.episode in (None, now.episode):
        return False
    is_ahead = decided.decision is Decision.DISMISSED and decided.saw and now.at not in OPEN
    return not (is_ahead and decided.episode == next_number(now))


def _looked_into(stand: Stand, fact: FactRecord, log: Log) -> Stand:
    """People look into what was reported before they decide."""
    return answer(replace(stand, decisions=(*stand.decisions, fact)), log)


def answer(stand: Stand, log: Log) -> Stand:
    """What somebody could look into before a decision that was carried out is answered.

    It tells of no later day, and was on record before the decision was.
    """
    names = {
        log.name_of(report)
        for report in log.reports
        if isinstance(report.data, RiskReported)
        and any(_is_before(report, report.data.reported_on, fact) for fact in stand.decisions)
    }
    return replace(stand, answered=stand.answered | names)


def _is_before(report: FactRecord, told_on: date, fact: FactRecord) -> bool:
    assert isinstance(fact.data, CaseDecided)
    was_on_record = (report.recorded_time, report.place or ()) <= (
        fact.recorded_time,
        fact.place or (),
    )
    return was_on_record and told_on <= fact.data.decided_on


def _identified(stand: Stand, look: Recheck, decided: CaseDecided) -> Stand:
    """Their later word on the same facts takes the place of a dismissal."""
    speaking = Course(stand, look(stand)).kinds
    words = tuple(w for w in stand.words if w.episode is None or w.kind not in speaking)
    return replace(
        stand,
        identified=stand.identified or decided.decided_on,
        eliminated=frozenset(),
        eliminated_from="",
        words=words,
    )


def _dismissed(
    now: Stand, look: Recheck, decided: CaseDecided
) -> tuple[Stand, list[Outbox]] | None:
    """Out, unless something came while they decided.

    That stays with them, and what they saw is covered.
    """
    today = look(now)
    until = dismissed_until(decided.decided_on)
    episode = decided.episode or now.episode or next_number(now)
    if decided.saw is None:
        speaking = Course(now, today).speaking
        words = [
            word_of(k, g, until, is_below=today.is_below, episode=episode)
            for k, g in speaking.items()
        ]
    else:
        words = [word_in(s, until, episode) for s in decided.saw]
    words = [replace(w, since=decided.decided_on) for w in words if w.kind in LEADS]
    answered = {name for w in words if w.kind == REPORT for name in w.events or ()}
    kept = [w for w in words if w.kind != REPORT]
    about = {w.kind for w in kept}
    # what was answered before, as harmless, is not answered by this word
    reports = [
        replace(w, events=unanswered)
        for w in words
        if w.kind == REPORT
        and (unanswered := {n: e for n, e in (w.events or {}).items() if n not in now.answered})
    ]
    stand = replace(
        now,
        words=(*now.words, *kept, *reports),
        answered=now.answered | answered,
        woken=now.woken - about,
        dismissal=episode,
        dismissals=now.dismissals + 1,
    )
    course = Course(stand, look(stand))
    if now.at not in OPEN:
        return (stand, []) if decided.saw else None
    if course.kinds & LEADS:
        before = course.stand
        stand, steps = _say_by_word(before, look)
        return stand, [*steps, ("refused", None, None)]
    is_group = now.at in ("group", "recovering")
    gone = {
        **GONE,
        "at": "watch" if course.target == "watch" else "clear",
        "dismissed": Ended(today.day, causes=now.causes, is_group=is_group),
    }
    course.go("exited" if is_group else "unwatched", "dismissed", **gone)
    left = replace(
        course.stand, findings=frozenset(k for k in course.kinds if k not in LEADS), entry=None
    )
    return left, course.steps


def _reopened(
    now: Stand, look: Recheck, decided: CaseDecided, log: Log
) -> tuple[Stand, list[Outbox]] | None:
    """The dismissal of a case is taken back, the last one where none is named.

    What it covered speaks again, in that case, whatever came between.
    """
    episode = decided.episode or now.dismissal or now.episode
    back = [w for w in now.words if w.episode == episode]
    # a household has one case, so an older one stays as it is
    if not back or episode != now.episode:
        return None
    asked = {name for w in back if w.kind == REPORT for name in w.events or ()}
    stand = replace(
        now,
        words=tuple(w for w in now.words if w not in back),
        answered=now.answered - asked,
        dismissal=0,
    )
    stand = answer(stand, log)  # what another decision looked into as well
    if all(w.kind == REPORT for w in back) and stand.answered == now.answered:
        return None  # there is nothing it could give back
    if now.at in OPEN or now.dismissed is None:
        stand, steps = _say_by_word(stand, look)
    else:
        was = replace(now.dismissed, day=look(stand).day)
        stand, steps = say(replace(stand, taken_back=was), look)
        stand = replace(
            stand, taken_back=None, dismissed=None if stand.at in OPEN else now.dismissed
        )
        if stand.at == "lead" and was.is_group:  # its group goes on with the case
            stand = replace(stand, group_ended=replace(was, is_taken_back=True))
    if stand.at not in OPEN:  # nothing of it is left, so the case ended by itself
        course, was_open = Course(stand, look(stand)), now.dismissed
        course.go("unwatched", **_ended_by_itself(was_open, course.today.day))
        return course.stand, [*steps, *course.steps]
    if not steps:  # it was open all along, so nobody is told
        return stand, []
    return replace(stand, told_on=look(stand).day), [(m, r, True) for m, r, _ in steps]


def _ended_by_itself(was_open: Ended | None, day: date) -> dict[str, Any]:
    """The case that was opened again, as one that ended by itself today."""
    if was_open is None:
        return {}
    ended = replace(was_open, day=day, is_taken_back=False)
    name = "group_ended" if was_open.is_group else "lead_ended"
    return {name: ended, "dismissed": None}


def _rolled_back(stand: Stand, look: Recheck, decided: CaseDecided) -> tuple[Stand, list[Outbox]]:
    """Identified again in the group it was eliminated from, in a linked spell.

    While no group rule holds it recovers.
    """
    course = Course(stand, look(stand))
    begins = (
        {}
        if stand.at in OPEN
        else {
            "episode": next_number(stand),
            "last_episode": next_number(stand),
            "cases_before": may_return(stand),
            "had": {},
            "paid": frozenset(),
            "woken": frozenset(),
            "returned": None,
        }
    )
    into: dict[str, Any] = {"at": "group", "group": course.target[6:], "clear_since": None}
    if not course.is_to_group:
        into = {"at": "recovering", "group": stand.eliminated_from, "clear_since": course.today.day}
    changes: dict[str, Any] = {
        **begins,
        **into,
        "spell": (
            stand.spell
            if stand.at in ("group", "recovering")
            else max(stand.spell, stand.last_spell) + 1
        ),
        "identified": decided.decided_on,
        "entered": (stand.entered if stand.at in ("group", "recovering") else course.today.day),
        "causes": stand.eliminated,
        "is_by_people": True,
        "eliminated": frozenset(),
        "eliminated_from": "",
        "group_ended": None,
        "lead_ended": None,
        "dismissed": None,
        "words": tuple(w for w in stand.words if w.episode is None or w.kind not in course.kinds),
    }
    course.go("rolled_back", **changes)
    return course.stand, course.steps


def exempt(stand: Stand, look: Recheck, word: FindingExempted) -> tuple[Stand, list[Outbox]]:
    """A finding is harmless as people saw it; where they do not say what, it must hold today.

    Where it says more, that is news and stays.
    """
    today = look(stand)
    kind = word.finding.value
    ground: Ground | None = today.grounds.get(kind)
    if (
        today.is_in_doubt
        or not today.is_served
        or kind not in LEADS
        or (word.saw is not None and word.saw.finding is not word.finding)
    ):
        return say(stand, look)
    if word.saw is None and ground is None:
        return say(stand, look)
    given: Word = (
        word_in(word.saw, word.until, None)
        if word.saw is not None
        else word_of(kind, cast(Ground, ground), word.until, is_below=today.is_below, episode=None)
    )
    given = replace(given, since=word.exempted_on)
    if kind == REPORT:
        covered = replace(stand, answered=stand.answered | frozenset(given.events or ()))
    else:
        covered = replace(stand, words=(*stand.words, given), woken=stand.woken - {kind})
        # harmless asks for no measure
        covered = change_risks(covered, lambda risks: risks - {kind})
    is_news = kind in Course(covered, look(covered)).kinds
    return _say_by_word(covered, look if is_news else (lambda s: replace(look(s), ends="exempted")))


def _say_by_word(stand: Stand, look: Recheck) -> tuple[Stand, list[Outbox]]:
    """What people's word leads to: whatever the register says, no change of group by it is a slip.

    A household of which nobody is left has left all the same.
    """
    after, steps = say(stand, look)
    is_by_word = after.slip is not None and not after.slip.is_natural
    return (replace(after, slip=stand.slip) if is_by_word else after), steps


def late(day: date, left: date | None) -> bool:
    """Whether a fact of today may put a leaving of the past in doubt.

    Not what comes on the day itself, nor more than thirteen months after.
    """
    return (
        left is not None
        and day != left
        and (day.year - left.year) * 12 + day.month - left.month <= 13
    )
