"""How values that are small tables are read: weights, bands, covers, months ahead.

A reader raises ValueError with what to do.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, get_args

from foothold_risk.policy.read import listed, share, whole
from foothold_risk.rules.items import Counts, IncomeItem, item_key
from foothold_risk.rules.policy import SHARE_SCALE, Band, Cover, Rhythm, Yield
from foothold_schemas.facts.checks import Grade, Scores
from foothold_schemas.facts.feeds import FeedKind
from foothold_schemas.findings import FindingKind
from foothold_schemas.values import Sentence

BEST_SCORE: Final = 100
FURTHEST: Final = 12
LONGEST_RHYTHM: Final = 400


def yields(value: object) -> tuple[Yield, ...]:
    """One share for every investment, or shares by the day it was made, rising."""
    if not isinstance(value, list):
        return (Yield(date.min, share(value)),)
    read = [_yield(item) for item in value]
    if not read or [y.invested_from for y in read] != sorted({y.invested_from for y in read}):
        raise ValueError("yields by day rise and no day stands twice")
    return tuple(read)


def _yield(item: object) -> Yield:
    if (
        not isinstance(item, dict)
        or set(item) != {"invested_from", "yield"}
        or type(item["invested_from"]) is not date
    ):
        raise ValueError(
            'a yield is a share such as "0.07", or a list of {invested_from: 2016-01-01, yield:'
            ' "0.07"}'
        )
    return Yield(item["invested_from"], share(item["yield"]))


def rhythms(value: object) -> tuple[Rhythm, ...]:
    """How many days a feed may be silent, by agency and kind; none twice."""
    read = [_rhythm(item) for item in value] if isinstance(value, list) else []
    if not read or len({(r.agency, r.feed) for r in read}) != len(read):
        raise ValueError(
            "list each feed once, such as {agency: health-insurance, kind: MedicalClaimSettled,"
            " days: 35}"
        )
    return tuple(read)


def _rhythm(item: object) -> Rhythm:
    if (
        not isinstance(item, dict)
        or set(item) != {"agency", "kind", "days"}
        or not isinstance(item["agency"], str)
    ):
        raise ValueError(
            "a feed's rhythm is {agency: health-insurance, kind: MedicalClaimSettled, days: 35}"
        )
    if item["kind"] not in get_args(FeedKind):
        raise ValueError(f"a feed's kind is one of {', '.join(get_args(FeedKind))}")
    if type(item["days"]) is not int or not 1 <= item["days"] <= LONGEST_RHYTHM:
        raise ValueError(f"a feed's rhythm is 1 to {LONGEST_RHYTHM} days")
    return Rhythm(item["agency"], item["kind"], item["days"])


def weights(value: object) -> tuple[int, ...]:
    """The weight of each of the five scores, in ten-thousandths; together exactly 1."""
    scores = list(Scores.model_fields)
    if not isinstance(value, dict) or set(value) != set(scores):
        raise ValueError(f"give each score its weight: {', '.join(scores)}")
    weighed = tuple(share(value[score]) for score in scores)
    if sum(weighed) != SHARE_SCALE:
        raise ValueError(f"the weights add up to {sum(weighed) / SHARE_SCALE}, not to 1")
    return weighed


def bands(value: object) -> tuple[Band, ...]:
    """One stretch of the score for each grade, the best grade the highest.

    Together they cover 0 to 100, and no score twice.
    """
    read = (
        sorted((_band(item) for item in value), key=lambda b: b.low)
        if isinstance(value, list)
        else []
    )
    if [b.grade for b in read] != list(reversed(Grade)):
        raise ValueError(
            "give each grade one band, such as {grade: B, from: 60, to: 80}; the better the grade,"
            " the higher its band"
        )
    whole(
        [(band.low, band.high) for band in read],
        BEST_SCORE,
        "every score needs a grade; a score has one grade",
    )
    return tuple(read)


def _band(item: object) -> Band:
    if (
        not isinstance(item, dict)
        or set(item) != {"grade", "from", "to"}
        or not all(type(item[edge]) is int for edge in ("from", "to"))
    ):
        raise ValueError(
            "a band is {grade: B, from: 60, to: 80}: `from` belongs to it, `to` to the next"
        )
    if item["from"] >= item["to"]:
        raise ValueError(
            f"the band {item['grade']} is empty: it goes from {item['from']} to {item['to']}"
        )
    return Band(Grade(str(item["grade"])), item["from"], item["to"])


def covers(value: object) -> tuple[Cover, ...]:
    """Insurance covers by name, each with the findings it is meant to answer."""
    read = tuple(_cover(item) for item in value) if isinstance(value, list) else ()
    if not read:
        raise ValueError(
            "a list of covers, such as {cover: income_cover, zh: 收入保, en: income cover, against:"
            " [income_dropped]}"
        )
    if len({c.name for c in read}) != len(read):
        raise ValueError("a cover stands twice")
    return read


def _cover(item: Any) -> Cover:  # noqa: ANN401 - whatever YAML holds
    if (
        not isinstance(item, Mapping)
        or set(item) != {"cover", "zh", "en", "against"}
        or not isinstance(item["against"], list)
        or not item["against"]
    ):
        raise ValueError(
            "a cover is {cover: income_cover, zh: 收入保, en: income cover, against:"
            " [income_dropped]}"
        )
    return Cover(
        str(item["cover"]),
        Sentence(zh=item["zh"], en=item["en"]),
        frozenset(FindingKind(name) for name in item["against"]),
    )


def items(value: object) -> tuple[IncomeItem, ...]:
    """Income items by name, what policy makes of each, and what else senders call them.

    No name twice, however it is written.
    """
    read = (
        tuple(_item(str(name), entry) for name, entry in value.items())
        if isinstance(value, Mapping)
        else ()
    )
    called = [item_key(name) for item in read for name in (item.name, *item.also)]
    if not read or len(set(called)) != len(called):
        raise ValueError(
            "items are {salary: counted, emergency_relief: {counts: one_off, also: [临时救助]},"
            " loan: no_income}; a name stands for one item"
        )
    return read


def _item(name: str, entry: Any) -> IncomeItem:  # noqa: ANN401 - whatever YAML holds
    if isinstance(entry, str):
        return IncomeItem(name, Counts(entry))
    if not isinstance(entry, Mapping) or not {"counts"} <= set(entry) <= {"counts", "also"}:
        raise ValueError(
            "an item is counted, one_off or no_income, or {counts: one_off, also: [临时救助]}"
        )
    return IncomeItem(
        name,
        Counts(str(entry["counts"])),
        frozenset(listed(entry["also"])) if "also" in entry else frozenset(),
    )


def months_ahead(value: object) -> tuple[int, ...]:
    """How far to look ahead: whole months, rising."""
    if (
        not isinstance(value, list)
        or not value
        or not all(type(item) is int and 1 <= item <= FURTHEST for item in value)
        or sorted(set(value)) != value
    ):
        raise ValueError(
            "months to look ahead are rising whole numbers from 1 to 12, such as [1, 3, 6]"
        )
    return tuple(value)
