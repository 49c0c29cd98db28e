"""The second opinion on coming and going.

From where a household stood and what is found today to what is said.

Read beside policy, "coming and going" and what was settled after the first trial. A correction, a
slip, a return: each has its paragraph here.
"""

from dataclasses import replace
from typing import Any

from tests.support.reference.events import WAVERING_DAYS, joined, was_seen
from tests.support.reference.leaving import (
    has_returned,
    is_dismissed_since,
    mended,
    quiet_until,
    rests_on_entry,
    unmet,
)
from tests.support.reference.opinion import RISKS, SHOCKS
from tests.support.reference.stand import (
    OPEN,
    SLIP_DAYS,
    Course,
    Ended,
    Outbox,
    Recheck,
    Slip,
    Stand,
    with_other_cases,
)
from tests.support.reference.words import last_day_passed


def say(stand: Stand, look: Recheck) -> tuple[Stand, list[Outbox]]:
    """All movements of one look, in order, and where the household stands after it."""
    course = Course(stand, look(stand))
    if not course.today.is_served and stand.at == "clear":
        return stand, []
    if (back := mended(course)) is not None:
        if stand.slip is not None and stand.slip.is_natural:
            # the entry may mend the change of group before the leaving as well
            earlier = stand.slip.before.slip
            if earlier is not None and not earlier.is_natural:
                moved = replace(back, slip=earlier)
                back = mended(Course(moved, look(moved))) or back
        back = replace(back, slip=None)
        course.stand = replace(back, findings=back.findings)
        course.steps.append(("restored", "corrected", None))
        is_dismissed = stand.dismissal == back.episode and is_dismissed_since(stand)
        ends = course.today.ends or ("dismissed" if is_dismissed else None)
        course.today = replace(look(back), ends=ends)
        course.reconsider()
    before, said_before = course.stand, len(course.steps)
    advance(course)
    _say_what_went(before, course, said_before)
    return remember(before, course), course.steps


STORMS = "disaster_loss"


def _say_what_went(before: Stand, course: Course, said_before: int) -> None:
    """A correction that took some of the ground of a case that goes on is said with its reason."""
    today, steps = course.today, course.steps[said_before:]
    if today.ends != "corrected" and not is_late(before, course):
        return
    if before.at not in OPEN or course.stand.at not in OPEN or any(why for _, why, _ in steps):
        return
    storms = today.grounds[STORMS].events if STORMS in today.grounds else {}
    is_eased = any(movement == "eased" for movement, _, _ in steps)
    if not is_eased and before.findings <= course.kinds and before.storms <= set(storms or ()):
        return
    if not steps:
        course.go("eased", "corrected")
    # a group or lead that begins is told as what it is
    elif steps[-1][0] not in ("entered", "reflagged", "watched", "exit_due", "not_marked"):
        movement, _, is_told = course.steps.pop()
        course.steps.append((movement, "corrected", is_told))


def remember(before: Stand, course: Course) -> Stand:
    """What the case has had by now, whose words are over, and what may turn out to be a slip."""
    stand, today = course.stand, course.today
    day = today.day
    stand = replace(
        stand,
        findings=course.kinds,
        words=tuple(w for w in stand.words if not last_day_passed(w, day)),
    )
    if stand.at in ("group", "recovering"):
        stand = replace(stand, causes=stand.causes | (course.kinds & RISKS))
    if stand.is_due and unmet(stand, course):
        stand = replace(stand, is_due=False)
    storms = today.grounds[STORMS].events if STORMS in today.grounds else {}
    stand = replace(stand, storms=frozenset(storms or ()) if stand.at in OPEN else frozenset())
    if stand.at in OPEN:
        bills = {name for g in course.speaking.values() for amounts in g.sums for name in amounts}
        bills |= {other for name in bills for other in today.told_twice.get(name, ())}
        stand = replace(
            stand,
            had=joined(stand.had, course.events),
            paid=stand.paid | bills,
            woken=stand.woken | course.woken,
        )
    entry = today.opinion.seen.entry
    is_gone = course.target == "natural" and before.at in OPEN and stand.at not in OPEN
    was_in_spell = before.at in ("group", "recovering") and stand.at in ("group", "recovering")
    is_other = was_in_spell and (
        stand.at != before.at or (stand.at == "group" and stand.group != before.group)
    )
    if is_gone or (is_other and rests_on_entry(before, course)):
        stand = replace(stand, slip=Slip(day, entry, is_gone, before))
    elif stand.slip is not None and (day - stand.slip.day).days > SLIP_DAYS:
        stand = replace(stand, slip=None)
    stand = replace(stand, is_danger=stand.at == "group" and is_in_danger(before, course))
    # what a correction took is remembered while the case stands all the same, or may come back
    is_unsure = today.is_in_doubt or today.opinion.net_per_head is None
    if stand.at in OPEN:
        may_end_yet = is_unsure
    else:
        may_end_yet = stand.slip is not None and stand.slip.is_natural
    stand = replace(stand, is_corrected=before.is_corrected and may_end_yet)
    return replace(stand, entry=entry if stand.at in OPEN else None)


def is_in_danger(before: Stand, course: Course) -> bool:
    """Danger of today; while nothing decides on the group it stays with what made it."""
    today = course.today
    makes_danger = SHOCKS if before.group == "sudden_hardship" else {STORMS}
    is_undecided = today.is_in_doubt or today.opinion.net_per_head is None
    stays = is_undecided and before.is_danger and bool(course.kinds & makes_danger)
    return course.is_danger or stays


def is_late(stand: Stand, course: Course) -> bool:
    """Whether what a correction took a while ago ends the case now that nothing else keeps it."""
    is_open = stand.at in ("group", "lead", "recovering")
    ends_now = is_open and course.target != "recovering" and not keeps(stand.at, course.target)
    return stand.is_corrected and course.today.ends is None and ends_now


def keeps(at: str, target: str) -> bool:
    """Whether a group or a lead goes on where the household should stand there."""
    return target.startswith("group:") or (at == "lead" and target == "lead")


def advance(course: Course) -> None:
    """The table of coming and going, row by row."""
    stand, today = course.stand, course.today
    if course.target == "natural":
        _leave_naturally(course)
    elif stand.at == "group":
        _from_group(course, "corrected" if is_late(stand, course) else today.ends)
    elif stand.at == "recovering":
        _from_recovering(course)
    elif course.is_to_group:
        _as_case_left(course)
        _into_group(course)
    elif course.target == "lead":
        _lead(course)
    elif stand.at == "lead":
        _lead_ends(course, "corrected" if is_late(stand, course) else today.ends)
    elif stand.at != course.target:
        course.go("watched" if course.target == "watch" else "unwatched", at=course.target)


def _lead(course: Course) -> None:
    if course.stand.at != "lead":
        _as_case_left(course)
        _to_lead(course)
    elif course.stand.clear_since is not None:
        _to_lead(course)
    else:
        more_or_less(course)


GONE: dict[str, Any] = {
    "group": "",
    "clear_since": None,
    "identified": None,
    "causes": frozenset(),
    "is_due": False,
    "is_not_marked": False,
    "is_by_people": False,
    "group_ended": None,
    "lead_ended": None,
}
"""What ends with a group or lead, and what is not remembered of one that ended otherwise than by
itself."""


def _leave_naturally(course: Course) -> None:
    at = course.stand.at
    if at in ("group", "recovering"):
        course.go("exited", "natural", **{**GONE, "at": "clear"})
    elif at == "lead":
        course.go("unwatched", "natural", **{**GONE, "at": "clear"})
    elif at == "watch":
        course.go("unwatched", at="clear")


def _from_group(course: Course, ends: str | None) -> None:
    stand, day = course.stand, course.today.day
    is_wavering = has_returned(stand, day)
    if course.target == f"group:{stand.group}":
        more_or_less(course)
    elif course.is_to_group:
        # it never went, so it has not returned: that it moved to and fro is shown, and no more
        movement = "rolled_back" if _is_again(course) else "moved"
        course.go(movement, group=course.target[6:])
    elif (
        ends == "corrected" and stand.is_corrected and not is_wavering and not stand.is_by_people
    ) or (ends in BY_WORD and not stand.identified):
        out(course, ends)
    else:
        course.go("recovering", at="recovering", clear_since=day)
        more_or_less(course, only_news=True, before=stand.findings)


BY_WORD = ("exempted", "dismissed")
"""What ends so ended by people's word."""


def out(course: Course, reason: str) -> None:
    """Out of the group or of recovering.

    What remains of a lead stays a lead of the same episode.
    """
    stand, day = course.stand, course.today.day
    changes = {**GONE, "at": course.target}
    if reason in ("cleared", "corrected"):
        changes["group_ended"] = Ended(day, stand.identified, stand.causes)
    if reason in ("cleared", "eliminated"):
        changes["left"] = day
    if reason == "dismissed":
        changes["dismissed"] = Ended(day, causes=stand.causes)
    if reason == "eliminated":
        changes |= {"eliminated": stand.causes, "eliminated_from": stand.group}
    course.go("exited", reason, **changes)


def _from_recovering(course: Course) -> None:
    stand = course.stand
    if course.target == "recovering":  # in doubt who belongs to it, or nobody of it is counted
        more_or_less(course, only_news=not course.today.is_in_doubt)
    elif course.is_to_group:
        back: dict[str, Any] = {
            "at": "group",
            "group": course.target[6:],
            "clear_since": None,
            "is_due": False,
            "is_not_marked": False,
        }
        is_back = not course.is_news
        course.go(
            "rolled_back" if _is_again(course) else "relapsed",
            **back,
            returned=course.today.day if is_back else stand.returned,
        )
        return
    elif _was_never_right(course):
        out(course, "corrected")
        return
    elif course.today.ends == "dismissed" and not stand.identified:
        out(course, "dismissed")
        return
    else:
        more_or_less(course, only_news=True)
    conditions = unmet(course.stand, course)
    if not conditions and not stand.identified:
        out(course, "cleared")
    elif not conditions and not stand.is_due:
        course.go("exit_due", is_due=True, is_not_marked=False)
    elif stand.identified and conditions == {"nobody can work"} and not stand.is_not_marked:
        course.go("not_marked", is_not_marked=True)


def _was_never_right(course: Course) -> bool:
    """Whether a correction shows of a household that recovers that it never should have entered.

    What goes and returns waits all the same, and whom people rolled back leaves by elimination.
    """
    stand, today = course.stand, course.today
    is_correction = today.ends == "corrected" or is_late(stand, course)
    waits = stand.is_by_people or has_returned(stand, today.day)
    return is_correction and stand.is_corrected and not waits


def _returns(course: Course, ended: Ended | None) -> bool:
    return (
        ended is not None
        and (ended.is_taken_back or not course.is_news)
        and (course.today.day - ended.day).days <= WAVERING_DAYS
    )


def _new_case(course: Course) -> dict[str, Any]:
    if course.stand.at in OPEN:
        return {}
    nothing: dict[str, Any] = {
        "had": {},
        "paid": frozenset(),
        "woken": frozenset(),
        "returned": None,
        "dismissed": None,
    }
    number = next_number(course.stand)
    nothing["cases_before"] = may_return(course.stand)
    return {
        **nothing,
        "episode": number,
        "last_episode": number,
        "group_ended": None,
        "lead_ended": None,
    }


def next_number(stand: Stand) -> int:
    """Of the household's next case."""
    return max(stand.episode, stand.last_episode) + 1


def may_return(stand: Stand) -> tuple[Stand, ...]:
    """The household as it left its last cases that ended by themselves; three are remembered."""
    has_ended = stand.group_ended is not None or stand.lead_ended is not None
    others = (s for s in stand.cases_before if s.episode != stand.episode)
    last = (replace(stand, cases_before=()),) if has_ended else ()
    return (*others, *last)[-3:]


def _as_case_left(course: Course) -> None:
    """Where what begins is a case before the last one, the household is as that left it."""
    stand = course.stand
    is_last = _returns(course, stand.group_ended) or _returns(course, stand.lead_ended)
    if stand.at in OPEN or stand.taken_back is not None or is_last:
        return
    cases = [_as_left(stand, old) for old in reversed(stand.cases_before)]
    # a case that had all of it, else one that had a part where the others had the rest
    as_one = [
        with_other_cases(case, course.today.day)
        for case in (stand, *cases)
        if any(was_seen(n, e, case.had) for n, e in course.events.items())
    ]
    for case in (*cases, *as_one):
        other = Course(case, course.today)
        if _returns(other, case.group_ended) or _returns(other, case.lead_ended):
            course.stand = case
            course.reconsider()
            return


def _as_left(stand: Stand, old: Stand) -> Stand:
    names = ("episode", "spell", "had", "paid", "woken", "returned", "dismissed", "has_had")
    its = {name: getattr(old, name) for name in (*names, "group_ended", "lead_ended")}
    return replace(
        stand,
        **its,
        last_episode=next_number(stand) - 1,
        last_spell=max(stand.spell, stand.last_spell),
        cases_before=tuple(s for s in may_return(stand) if s.episode != old.episode),
    )


def _is_again(course: Course) -> bool:
    """Something people declared eliminated is found that was not found before."""
    return bool((course.kinds - course.stand.findings) & course.stand.eliminated)


def _into_group(course: Course) -> None:
    """The spell of before goes on where nothing is new since it ended; else another begins."""
    stand, day = course.stand, course.today.day
    into: dict[str, Any] = {
        "at": "group",
        "group": course.target[6:],
        "clear_since": None,
        "group_ended": None,
        "lead_ended": None,
        "entered": day,
    }
    group, lead, was = stand.group_ended, stand.lead_ended, stand.taken_back
    if was is not None and was.is_group:
        course.go(
            "rolled_back" if _is_again(course) else "relapsed",
            **{**into, "identified": was.identified, "causes": was.causes},
        )
        return
    if group is not None and _returns(course, group):
        movement = "rolled_back" if _is_again(course) else "relapsed"
        course.go(
            movement,
            **{**into, "identified": group.identified, "causes": group.causes},
            returned=stand.returned if group.is_taken_back else day,
        )
        return
    movement = (
        "entered"
        if not stand.eliminated_from
        else "rolled_back"
        if stand.eliminated & course.kinds
        else "reflagged"
    )
    spell = max(stand.spell, stand.last_spell) + 1
    new: dict[str, Any] = {"spell": spell, "causes": frozenset()}
    if was is not None:
        course.go(movement, **{**into, **new})
    elif stand.at not in OPEN and _returns(course, lead):
        course.go(movement, **{**into, **new, "returned": day})
    else:
        course.go(movement, **{**into, **_new_case(course), **new})


def _to_lead(course: Course) -> None:
    stand, day = course.stand, course.today.day
    into = {"at": "lead", "clear_since": None}
    movement = (
        "rolled_back"
        if course.kinds & stand.eliminated
        else "grade_fell"
        if course.has_fallen
        else "watched"
    )
    if stand.at == "lead":
        course.go(movement, **into, returned=stand.returned if course.is_news else day)
    elif stand.taken_back is not None:
        course.go(movement, **into)
    elif _returns(course, stand.group_ended) or _returns(course, stand.lead_ended):
        course.go(movement, **into, returned=day, lead_ended=None)
    else:
        course.go(movement, **into, **_new_case(course))


def _lead_ends(course: Course, ends: str | None) -> None:
    stand, day = course.stand, course.today.day
    since = stand.clear_since or day
    # people's word waits for no quiet
    if ends not in BY_WORD and day < quiet_until(stand, since):
        if stand.clear_since is None:
            course.go("eased", clear_since=since)
        return
    movement = "watched" if course.target == "watch" else "unwatched"
    ended = None if ends in BY_WORD else Ended(day)
    kept = None if ends in BY_WORD else stand.group_ended
    dismissed = Ended(day, is_group=False) if ends == "dismissed" else stand.dismissed
    # what comes after the case that was opened again is news to it as to any other
    kept = None if kept is None else replace(kept, is_taken_back=False)
    course.go(
        movement,
        ends,
        at=course.target,
        clear_since=None,
        lead_ended=ended,
        group_ended=kept,
        dismissed=dismissed,
    )


def more_or_less(
    course: Course, *, only_news: bool = False, before: frozenset[str] | None = None
) -> None:
    """Each fall, each further finding, event or bill that weighs, or that one only went.

    A mere change of figures is nothing.

    `only_news`: a household that recovers; a sum that only crossed its threshold keeps it there,
    and is told by nothing.
    """
    stand = course.stand if before is None else replace(course.stand, findings=before)
    more, gone = course.kinds - stand.findings, stand.findings - course.kinds
    if only_news and not course.is_news and not more & stand.eliminated:
        return
    is_danger = is_in_danger(stand, course)
    danger_came = stand.at == "group" and is_danger and not stand.is_danger
    danger_went = stand.at == "group" and stand.is_danger and not is_danger
    if more & stand.eliminated:
        course.go("rolled_back")
    elif course.has_fallen:
        course.go("grade_fell")
    elif more or course.new_events or any(course.heavy.values()) or danger_came:
        course.go("worsened")
    elif (gone or danger_went) and not only_news:
        course.go("eased")
