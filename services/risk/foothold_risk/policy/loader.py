"""Reads policy bundles: a folder with `bundle.yaml` and one file per region.

Refuses what is not clear, naming file, line and what to do.

A region inherits from the one it lies in: county 370302 from prefecture 370300, that from province
370000, that from the nation 000000.
"""

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from foothold_risk.policy.currency import other_currency
from foothold_risk.policy.known import BASES, KNOWN
from foothold_risk.policy.read import multiple, share
from foothold_risk.policy.text import PolicyError, Text
from foothold_risk.rules.policy import SHARE_SCALE, Place, Policy, PolicyOfDay, Value
from foothold_schemas.values import Fen, Sentence

SHIPPED: Final = Path(__file__).parent / "bundles"
BUNDLE_FILE: Final = "bundle.yaml"

__all__ = ["SHIPPED", "PolicyError", "load", "load_folder"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _plain_day(value: object) -> object:
    if value is not None and type(value) is not date:
        raise ValueError("write a day as 2026-01-31, without quotes or time")
    return value


class Dated(_Strict):
    """A value from a date on, with where it comes from and how sure it is.

    An empty value marked NEED says that somebody must supply it.
    """

    since: Annotated[date, BeforeValidator(_plain_day)]
    until: Annotated[date | None, BeforeValidator(_plain_day)] = None
    value: str | bool | int | list[Any] | dict[str, Any] | None
    reference: str = Field(min_length=8)
    confidence: Literal["H", "M", "L", "I", "NEED"]
    illustrative: bool


class DatedValues(_Strict):
    """All dates of one value."""

    description: str = Field(min_length=8)
    unit: str = Field(min_length=1)
    dates: list[Dated] = Field(min_length=1)


class RegionFile(_Strict):
    """One region: its code of six digits, its name, its values."""

    region: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    title: Sentence
    values: dict[str, DatedValues]


class BundleFile(_Strict):
    """What the bundle is called, its money, and the regions it serves."""

    title: Sentence
    currency: Sentence
    in_service: list[str] = Field(min_length=1)


Entry = tuple[Dated, object, Text, tuple[str | int, ...]]
"""A dated value, what it was read as, and where it stands."""

Regions = Mapping[str, tuple[RegionFile, Mapping[str, tuple[Entry, ...]]]]
"""Region code → its file and its values' entries."""


def load_folder(folder: Path) -> dict[str, Policy]:
    """All bundles below a folder by hash; raise PolicyError."""
    files = sorted(folder.glob(f"*/{BUNDLE_FILE}"))
    if not files:
        raise PolicyError(
            f"{folder}: no policy bundle here; a bundle is a folder with {BUNDLE_FILE} and one file"
            " per region"
        )
    policies = [load(file.parent) for file in files]
    return {policy.bundle: policy for policy in policies}


def load(folder: Path) -> Policy:
    """One bundle; raise PolicyError."""
    head = Text(folder / BUNDLE_FILE)
    bundle = head.read(BundleFile, (BundleFile, Sentence))
    files = [Text(file) for file in sorted(folder.glob("*.yaml")) if file.name != BUNDLE_FILE]
    regions: dict[str, tuple[RegionFile, dict[str, tuple[Entry, ...]]]] = {}
    for text in files:
        region = text.read(RegionFile, (RegionFile, DatedValues, Dated, Sentence))
        if region.region in regions:
            raise PolicyError(
                f"{text.at('region')}: the region {region.region} stands in two files of this"
                " bundle"
            )
        regions[region.region] = (
            region,
            {
                name: tuple(_entries(text, name, named, bundle.currency))
                for name, named in region.values.items()
            },
        )
    places = {code: _place(head, code, regions) for code in bundle.in_service}
    content = {
        "bundle": bundle.model_dump(mode="json"),
        "regions": [regions[code][0].model_dump(mode="json") for code in sorted(regions)],
    }
    return Policy(
        bundle=hashlib.sha256(
            json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        ).hexdigest(),
        title=bundle.title,
        currency=bundle.currency,
        illustrative=any(
            value.illustrative
            for place in places.values()
            for day in place.days.values()
            for value in values_of(day)
        ),
        places=places,
    )


def values_of(day: PolicyOfDay) -> Iterator[Value[object]]:
    """Everything in force, in the catalogue's order."""
    yield from (value for name in KNOWN if (value := getattr(day, _field(name))) is not None)


def _field(name: str) -> str:
    return name.replace(".", "_")


def _entries(text: Text, name: str, named: DatedValues, currency: Sentence) -> Iterator[Entry]:
    """Yield the dated values of one name, checked.

    They are known, readable, in the bundle's currency, without gap or overlap, and none missing
    without saying NEED.
    """
    if name not in KNOWN:
        near = difflib.get_close_matches(name, KNOWN, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(KNOWN)}"
        raise PolicyError(f"{text.at('values', name)}: {name} is not a value Foothold knows{hint}")
    if (other := other_currency(named.unit, currency)) is not None:
        raise PolicyError(
            f"{text.at('values', name, 'unit')}: {name} is in {other} and the bundle in"
            f" {currency.en}: amounts of one bundle are compared, so give it in {currency.en}, or"
            f" correct the currency in {BUNDLE_FILE}"
        )
    before: Dated | None = None
    for index, dated in enumerate(named.dates):
        where = text.at("values", name, "dates", index)
        if problem := _date_problem(name, before, dated):
            raise PolicyError(f"{where}: {problem}")
        if dated.value is None and dated.confidence != "NEED":
            raise PolicyError(f"{where}: {name} has no value; supply it, or mark it NEED")
        if dated.value is not None and dated.confidence == "NEED" and not dated.illustrative:
            raise PolicyError(
                f"{where}: {name} is marked NEED: supply the published number, or mark it"
                " illustrative"
            )
        try:
            read = None if dated.value is None else _read(name, dated.value)
        except ValueError as error:
            raise PolicyError(f"{where}: {name}: {error}") from None
        yield dated, read, text, ("values", name, "dates", index)
        before = dated


def _date_problem(name: str, before: Dated | None, dated: Dated) -> str | None:
    if dated.until is not None and dated.until < dated.since:
        return f"{name} ends on {dated.until}, before it begins on {dated.since}"
    if before is None:
        return None
    if dated.since <= before.since:
        return (
            f"{name} since {dated.since} does not come after {before.since}; dates rise and none"
            " stands twice"
        )
    if before.until is not None and dated.since <= before.until:
        return (
            f"{name} since {dated.since} overlaps the value before it, which holds until"
            f" {before.until}"
        )
    if before.until is not None and dated.since > before.until + timedelta(days=1):
        return (
            f"{name} has a gap from {before.until + timedelta(days=1)} to"
            f" {dated.since - timedelta(days=1)}; no day may be without a value"
        )
    return None


def _read(name: str, value: object) -> object:
    known = KNOWN[name]
    if not (known.is_line and isinstance(value, dict)):
        return known.read(value)
    kind = value.get("kind")
    if kind not in BASES or set(value) != {"kind", "times"}:
        raise ValueError(
            f'a line is an amount, or {{kind: …, times: "2"}} with the kind {", ".join(BASES)}'
        )
    return str(kind), (share if kind == "share_of_disposable_income" else multiple)(value["times"])


def _place(head: Text, code: str, regions: Regions) -> Place:
    """A region in service: for every date at which anything changes, what is in force."""
    if code not in regions:
        raise PolicyError(f"{head.at('in_service')}: {code} is in service but has no file")
    codes = (c for c in (code, f"{code[:4]}00", f"{code[:2]}0000", "000000") if c in regions)
    chain = _Chain(code, tuple(dict.fromkeys(codes)), regions)
    dates = sorted(
        {
            edge
            for c in chain.codes
            for entries in regions[c][1].values()
            for entry in entries
            for edge in _edges(entry[0])
        }
    )
    for name, known in KNOWN.items():
        if known.is_required:
            dates = _from_when(head, name, chain, dates)
    days = {day: _of_day(chain, day) for day in dates}
    return Place(code, regions[code][0].title, tuple(dates), days)


def _edges(dated: Dated) -> Iterator[date]:
    yield dated.since
    if dated.until is not None:
        yield dated.until + timedelta(days=1)


def _from_when(head: Text, name: str, chain: "_Chain", dates: Sequence[date]) -> list[date]:
    """The dates from which a required value is in force; afterwards it must never be missing."""
    code, regions = chain.code, chain.regions
    has = {
        day: (entry := chain.entry(name, day)) is not None and entry[1] is not None for day in dates
    }
    first = next((day for day in dates if has[day]), None)
    if first is None:
        need = next((entry for c in chain.codes for entry in regions[c][1].get(name, ())), None)
        where = head.at("in_service") if need is None else need[2].at(*need[3])
        raise PolicyError(
            f"{where}: {name} is required for {code}, which is in service, and nobody has"
            " supplied it"
        )
    if missing := next((day for day in dates if day > first and not has[day]), None):
        raise PolicyError(
            f"{head.at('in_service')}: {name} is required for {code} and nothing gives it from"
            f" {missing} on"
        )
    return [day for day in dates if day >= first]


@dataclass(frozen=True, slots=True)
class _Chain:
    """A region in service with those above it, the nearest first."""

    code: str
    codes: tuple[str, ...]
    regions: Regions

    def entry(
        self, name: str, day: date
    ) -> tuple[Dated, object, Text, tuple[str | int, ...], str] | None:
        """The nearest region that gives the value on the day.

        An empty one marked NEED counts only where nobody gives it.
        """
        entry = None
        for code in self.codes:
            for dated, read, text, path in self.regions[code][1].get(name, ()):
                if dated.since <= day and (dated.until is None or day <= dated.until):
                    entry = (dated, read, text, path, code)
            if entry is not None and entry[1] is not None:
                return entry
        return entry


def _of_day(chain: _Chain, day: date) -> PolicyOfDay:
    values: dict[str, Value[Any]] = {}
    for name in sorted(KNOWN, key=lambda n: KNOWN[n].is_line):
        entry = chain.entry(name, day)
        if entry is None:
            continue
        dated, read, text, path, region = entry
        if read is None:
            raise PolicyError(
                f"{text.at(*path)}: {name} is marked NEED and {chain.code} is in service: supply"
                " the county's number, or an illustrative one"
            )
        value = Value(
            name,
            read,
            _shown(dated.value),
            dated.since,
            dated.reference,
            dated.confidence,
            dated.illustrative,
            region,
        )
        values[_field(name)] = (
            _line(value, values, text.at(*path))
            if isinstance(read, tuple) and KNOWN[name].is_line
            else value
        )
    return PolicyOfDay(**values)


def _line(value: Value[Any], known: Mapping[str, Value[Any]], where: str) -> Value[int]:
    """A line that follows from another value, to the fen, rounded once, half up.

    Illustrative if either number is.
    """
    kind, times = value.value
    name, yearly = BASES[kind]
    base = known.get(name)
    if base is None:
        raise PolicyError(
            f"{where}: {value.name} is a {kind}, but no region gives {name} on {value.since}"
        )
    amount = (base.value * times * yearly * 2 + SHARE_SCALE) // (2 * SHARE_SCALE)
    factors = [_times(times), str(Fen(base.value)), *([str(yearly)] if yearly > 1 else [])]
    return Value(
        value.name,
        amount,
        str(Fen(amount)),
        max(value.since, base.since),
        f"{value.reference} {name}: {base.reference}",
        value.confidence,
        value.illustrative or base.illustrative,
        value.region,
        f"{' x '.join(factors)} = {Fen(amount)}",
    )


def _times(scaled: int) -> str:
    whole, rest = divmod(scaled, SHARE_SCALE)
    return str(whole) if rest == 0 else f"{whole}.{rest:04d}".rstrip("0")


def _shown(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list() if all(isinstance(item, str) for item in value):
            return ", ".join(value)
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)
