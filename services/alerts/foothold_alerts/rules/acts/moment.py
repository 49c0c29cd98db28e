"""Takes one moment for everything a page shows of a household.

It also says what has changed since the transition that brought people to it. Pure.

Risk says a transition once, and shows the household as it stands now whenever that changes. A page
that took its sentence from the one and its figures from the other would not add up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from foothold_alerts.rules.case import OPEN, Stage
from foothold_schemas.values import Fen

FIGURES: Final = ("net", "own_shares", "claims_income", "reference")
_NET_FIRST: Final = "纯收入"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that makes a change.

    It has a kind of money, the day it is of where it has one, and by how much, in fen.
    """

    what: str
    day: str
    amount: int


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that is different from what it was, in fen.

    It has what makes the difference where that is known: the parts add up to it.
    """

    figure: str
    before: int
    after: int
    parts: tuple[Part, ...] = ()

    @property
    def difference(self) -> int:
        """After less before."""
        return self.after - self.before


def moment(
    latest: Mapping[str, Any], view: Mapping[str, Any] | None, stage: Stage, episode: int
) -> Mapping[str, Any]:
    """Return the household as it stands now, or as its last transition says.

    Whichever is the newer and of this episode counts.

    A case that is over keeps the moment at which it ended. A view of a writer from before has no
    number, and is not taken. Where nothing speaks any more the view has no sentence of its own: the
    last transition's still holds.
    """
    is_current = (
        view is not None and stage in OPEN and view["episode"] == episode and "number" in view
    )
    if view is None or not is_current or view["number"] < latest["number"]:
        return {**latest, "as_of": latest["open_day"]}
    return {"reason": latest["reason"], **view}


def since(latest: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Change, ...]:
    """What is different now from what the transition said, figure by figure.

    What is not known on either side is left out.
    """
    changes = []
    for figure in FIGURES:
        before, after = (_fen(source["figures"].get(figure)) for source in (latest, now))
        if before is not None and after is not None and before != after:
            parts = (
                _of_spending(latest, now)
                if figure == "own_shares"
                else _of_income(latest, now)
                if figure == "net"
                else ()
            )
            is_whole = sum(part.amount for part in parts) == after - before
            changes.append(Change(figure, before, after, parts if is_whole else ()))
    return tuple(changes)


def _of_spending(latest: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Part, ...]:
    """By day and kind. What has left the window since counts with a minus."""
    before, after = (_borne(source) for source in (latest, now))
    return tuple(
        Part(kind, day, after.get((day, kind), 0) - before.get((day, kind), 0))
        for day, kind in sorted(before.keys() | after.keys())
        if after.get((day, kind), 0) != before.get((day, kind), 0)
    )


def _borne(source: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    window = source["figures"]["spending_window"]
    return {
        (outlay["day"], outlay["kind"]): int(Fen.parse(outlay["amount"]))
        for outlay in source.get("outlays", ())
        if outlay["kind"] != "disaster" and window["first"] <= outlay["day"] <= window["last"]
    }


def _of_income(latest: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Part, ...]:
    before, after = (_earned(source) for source in (latest, now))
    return tuple(
        Part(name, "", after.get(name, 0) - before.get(name, 0))
        for name in dict.fromkeys((*before, *after))
        if after.get(name, 0) != before.get(name, 0)
    )


def _earned(source: Mapping[str, Any]) -> dict[str, int]:
    lines = (line for line in source.get("trace", ()) if line["title"]["zh"] == _NET_FIRST)
    return {
        part["name"]: _fen(part["value"]) or 0 for line in lines for part in line.get("parts", ())
    }


def _fen(text: str | None) -> int | None:
    return None if text is None else int(Fen.parse(text))
