"""How values of whole areas are read.

They are whom incidents may hit, bands of levels, clusters of villages, and key places. A reader
raises ValueError with what to do.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from foothold_risk.policy.read import listed, whole
from foothold_risk.rules.areas.levels import GRAVITY
from foothold_risk.rules.policy import SHARE_SCALE, Cluster, Exposure, LevelBand, Reach, Scales
from foothold_schemas.facts.facts import Hazard, Severity
from foothold_schemas.messages.areas import WINDOWS, WarningLevel
from foothold_schemas.values import Sentence

_NONE: Final = "none"
_EDGE: Final = re.compile(r"(0(\.[0-9]{1,4})?|1)")
_AREA: Final = re.compile(r"[0-9]{9}([0-9]{3})?")
_VILLAGE: Final = re.compile(r"[0-9]{12}")
_CLUSTER: Final = re.compile(r"[0-9]{6}-[a-z0-9][a-z0-9-]{0,31}")
_BAND: Final = '{level: IV, from: "0.02", to: "0.05"}'


def level_bands(value: object) -> Scales:
    """For each window its bands.

    Together they cover every share from 0 to 1, and no share twice.
    """
    if not isinstance(value, Mapping) or set(value) != set(map(str, WINDOWS)):
        raise ValueError(f"give each window its bands: {', '.join(map(str, WINDOWS))} (in quotes)")
    return {days: _bands(days, value[str(days)]) for days in WINDOWS}


def _bands(days: int, value: object) -> tuple[LevelBand, ...]:
    read = (
        sorted((_band(item) for item in value), key=lambda b: b.low)
        if isinstance(value, list)
        else []
    )
    if [b.level for b in read] != list(GRAVITY):
        raise ValueError(
            f"window {days}: give none, IV, III, II and I one band each, such as {_BAND}; the"
            " graver the level, the higher its band"
        )
    try:
        whole(
            [(band.low, band.high) for band in read],
            SHARE_SCALE,
            "every share needs its answer; a share has one level",
            _text,
        )
    except ValueError as error:
        raise ValueError(f"window {days}: {error}") from None
    return tuple(read)


def _band(item: object) -> LevelBand:
    if not isinstance(item, Mapping) or set(item) != {"level", "from", "to"}:
        raise ValueError(f"a band is {_BAND}: `from` belongs to it, `to` to the next")
    low, high = _edge(item["from"]), _edge(item["to"])
    if low >= high:
        raise ValueError(
            f"the band {item['level']} is empty: it goes from {_text(low)} to {_text(high)}"
        )
    return LevelBand(None if item["level"] == _NONE else WarningLevel(item["level"]), low, high)


def _edge(value: object) -> int:
    if not isinstance(value, str) or not _EDGE.fullmatch(value):
        raise ValueError(
            'an edge is a share from 0 to 1 as text, such as "0.05", with at most four places'
        )
    whole, _, places = value.partition(".")
    return int(whole) * SHARE_SCALE + int(places.ljust(4, "0"))


def _text(scaled: int) -> str:
    whole, rest = divmod(scaled, SHARE_SCALE)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def reaches(value: object) -> tuple[Reach, ...]:
    """Rows of hazards, severities and whom they may hit.

    No hazard at a severity stands in two rows.
    """
    read = tuple(_reach(item) for item in value) if isinstance(value, list) else ()
    pairs = [
        (hazard, severity) for row in read for hazard in row.hazards for severity in row.severities
    ]
    if not read or len(set(pairs)) != len(pairs):
        raise ValueError(
            "a list of rows, such as {hazards: [flood], severities: [I, II], hits: [everybody]},"
            " each hazard at a severity once"
        )
    return read


def _reach(item: object) -> Reach:
    if not isinstance(item, Mapping) or set(item) != {"hazards", "severities", "hits"}:
        raise ValueError("a row is {hazards: [flood], severities: [I, II], hits: [everybody]}")
    hazards, severities, hits = (listed(item[name]) for name in ("hazards", "severities", "hits"))
    return Reach(
        frozenset(map(Hazard, hazards)),
        frozenset(map(Severity, severities)),
        tuple(map(Exposure, hits)),
    )


def count(value: object) -> int:
    """A number of households, at least one."""
    if type(value) is not int or value < 1:
        raise ValueError("a number of households is a whole number from 1")
    return value


def clusters(value: object) -> tuple[Cluster, ...]:
    """Clusters of villages by code.

    All villages of one lie in its county, and no village lies in two.
    """
    read = tuple(_cluster(item) for item in value) if isinstance(value, list) else ()
    villages = [village for cluster in read for village in cluster.villages]
    if not read or len({c.code for c in read}) != len(read):
        raise ValueError("a list of clusters, each code once")
    if len(set(villages)) != len(villages):
        raise ValueError("a village stands in two clusters")
    return read


def _cluster(item: Any) -> Cluster:  # noqa: ANN401 - whatever YAML holds
    if (
        not isinstance(item, Mapping)
        or set(item) != {"cluster", "zh", "en", "villages"}
        or not _CLUSTER.fullmatch(str(item["cluster"]))
    ):
        raise ValueError(
            "a cluster is {cluster: 370302-north, zh: 北片联村, en: northern cluster, villages:"
            ' ["370302101201", …]}'
        )
    code, villages = str(item["cluster"]), listed(item["villages"])
    if wrong := next(
        (v for v in villages if not _VILLAGE.fullmatch(v) or not v.startswith(code[:6])), None
    ):
        raise ValueError(f"{wrong} is no village of twelve digits in the county of {code}")
    return Cluster(code, Sentence(zh=item["zh"], en=item["en"]), frozenset(villages))


def areas(value: object) -> frozenset[str]:
    """Key towns and villages by code."""
    read = listed(value)
    if wrong := next((code for code in read if not _AREA.fullmatch(code)), None):
        raise ValueError(f"{wrong} is neither a township of nine digits nor a village of twelve")
    return frozenset(read)
