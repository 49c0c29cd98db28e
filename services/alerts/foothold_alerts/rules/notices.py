"""Whom a notice is for, when it may go, and what it says.

It says a number, a place, a link, and whether it is a signal, a lead or a decision. No person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from foothold_alerts.rules.case import Role
from foothold_alerts.rules.days import SHANGHAI, WorkDays

TOWNSHIP_DIGITS: Final = 9
COUNTY_DIGITS: Final = 6
OPENS, CLOSES = time(9), time(18)
"""Office hours in which reminders go out: Foothold's own choice. What is new or urgent goes at any
hour."""
SHOWN: Final = 20


class TargetKind(StrEnum):
    """How somebody is reached."""

    APPRISE = "apprise"
    WEBHOOK = "webhook"


class Event(StrEnum):
    """What people are told of."""

    OPENED = "opened"
    URGENT = "urgent"
    URGENT_IDENTIFIED = "urgent_identified"
    REOPENED = "reopened"
    TAKEN_BACK = "taken_back"
    ROLLED_BACK = "rolled_back"
    RESTORED = "restored"
    NOT_CARRIED_OUT = "not_carried_out"
    NEWS = "news"
    NEAR = "near"
    OVERDUE = "overdue"
    PAUSE_OVER = "pause_over"
    REGION = "region"
    REGION_OVER = "region_over"
    INCIDENT = "incident"

    @property
    def path(self) -> str:
        """Where at the desk the numbers are."""
        return {Event.REGION: "areas", Event.REGION_OVER: "areas", Event.INCIDENT: "incidents"}.get(
            self, "cases"
        )


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to tell: the number of the case, or of the region warning.

    `place`: the township, or the county once it has gone that far up.
    """

    number: int
    place: str
    event: Event


@dataclass(frozen=True, slots=True)
class Text:
    """A digest in words: title and lines, Chinese first."""

    title: str
    lines: tuple[str, ...]


def place_of(area: str, level: Role) -> str:
    """The code of the township or of the county a village lies in."""
    return area[: COUNTY_DIGITS if level is Role.COUNTY else TOWNSHIP_DIGITS]


def receivers(place: str, areas: Iterable[str]) -> frozenset[str]:
    """Of the areas somebody listens for: those inside the township and the township's own.

    Its county's where nobody listens there.
    """
    known = set(areas)
    if len(place) > COUNTY_DIGITS:
        near = frozenset(
            a
            for a in known
            if len(a) > COUNTY_DIGITS and (place.startswith(a) or a.startswith(place))
        )
        if near:
            return near
    return frozenset(a for a in known if len(a) <= COUNTY_DIGITS and place.startswith(a))


def send_at(event: Event, now: datetime, calendar: WorkDays) -> datetime:
    """At once; a reminder in office hours of a working day."""
    if event not in (Event.NEAR, Event.OVERDUE, Event.PAUSE_OVER):
        return now
    here = now.astimezone(SHANGHAI)
    if calendar.is_working(here.date()) and OPENS <= here.time() < CLOSES:
        return now
    day: date = here.date() if here.time() < OPENS else here.date() + timedelta(days=1)
    while not calendar.is_working(day):
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, SHANGHAI)


def remind_at(due_at: datetime, hours_before: int, calendar: WorkDays) -> datetime | None:
    """When to say that something is due soon: the first office hour from then on.

    None where that is too late to be of use.
    """
    at = send_at(Event.NEAR, due_at - timedelta(hours=hours_before), calendar)
    return at if at < due_at else None


_TITLES: Final = {
    Event.OPENED: (
        "新风险线索{count}件（信号，未经认定）",
        "{count} new leads (signals, nobody has identified anything)",
    ),
    Event.URGENT: (
        "危急线索{count}件（信号，未经认定），请立即查看",
        "{count} households in danger (signals, not identified): please look at once",
    ),
    Event.URGENT_IDENTIFIED: (
        "监测对象危急{count}户，请立即查看",
        "{count} identified households in danger: please look at once",
    ),
    Event.REOPENED: (
        "已结束的案件因同一情况反复而继续{count}件",
        "{count} cases that had ended go on: what they rested on is back",
    ),
    Event.TAKEN_BACK: (
        "撤回排除、恢复办理{count}件（人工决定）",
        "{count} cases whose dismissal people took back",
    ),
    Event.ROLLED_BACK: (
        "消除回退、恢复监测{count}户（人工决定）",
        "{count} households whose elimination people rolled back: monitored again",
    ),
    Event.RESTORED: (
        "登记更正后恢复办理{count}件",
        "{count} cases restored after a register entry was mended",
    ),
    Event.NOT_CARRIED_OUT: (
        "决定未生效、退回重办{count}件",
        "{count} decisions not carried out: to be decided again",
    ),
    Event.NEWS: (
        "在办案件有新情况{count}件，请核对",
        "{count} open cases with something new: please look",
    ),
    Event.REGION: (
        "区域预警{count}条（仅为信号，不等于启动应急响应）",
        "{count} region warnings (signals, not an activation)",
    ),
    Event.REGION_OVER: (
        "区域预警解除{count}条：各项指标已回落",
        "{count} areas whose region warnings are over: every count has fallen below its band",
    ),
    Event.INCIDENT: (
        "区域灾害{count}起，请核查可能受影响的农户",
        "{count} incidents: please check the households they may have hit",
    ),
    Event.NEAR: ("即将到期提醒{count}件", "{count} cases with something due soon"),
    Event.PAUSE_OVER: (
        "中止计时结束{count}件，办结期限恢复",
        "{count} cases whose time to settle runs again, the pause being over",
    ),
    Event.OVERDUE: ("办理逾期提醒{count}件", "{count} cases with something overdue"),
}


def words(place: tuple[str, str], event: Event, numbers: Sequence[int], desk: str) -> Text:
    """One message for all of them, with links to the first. `place`: in Chinese and English."""
    zh, en = _TITLES[event]
    count = len(numbers)
    lines = [f"{desk}/{event.path}/{number}" for number in numbers[:SHOWN]]
    if count > SHOWN:
        lines.append(
            f"另有{count - SHOWN}件 and {count - SHOWN} more:"
            f" {desk}/{'' if event.path == 'cases' else event.path}"
        )
    return Text(
        f"立足 {place[0]} {zh.format(count=count)}"
        f" / Foothold, {place[1]}: {en.format(count=count)}",
        tuple(lines),
    )
