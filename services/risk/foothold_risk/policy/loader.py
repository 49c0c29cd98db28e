"""Reads policy bundles. Refuses an unknown name (with the nearest known one and its line), a number without a reference, dates out of order."""

import difflib
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from foothold_risk.rules.policy import SHARE_SCALE, Policy, PolicyOfDay, Value
from foothold_schemas.facts import HomeState, WorkerState
from foothold_schemas.values import Fen, Sentence

SHIPPED: Final = Path(__file__).parent
_SHARE_PLACES: Final = -4


class PolicyError(Exception):
    """A bundle that cannot be used: file, line, what is wrong and what to do."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _plain_day(value: object) -> object:
    if type(value) is not date:
        raise ValueError("write a day as 2026-01-31, without quotes or time")
    return value


class Dated(_Strict):
    """A value from a date on, with where it comes from and how sure it is."""

    since: Annotated[date, BeforeValidator(_plain_day)]
    value: str | bool | int | list[str]
    reference: str = Field(min_length=8)
    confidence: Literal["H", "M", "L", "I", "NEED"]
    illustrative: bool


class Named(_Strict):
    """All dates of one value."""

    description: str = Field(min_length=8)
    unit: str = Field(min_length=1)
    dates: list[Dated] = Field(min_length=1)


class Bundle(_Strict):
    """One file."""

    name: str
    title: Sentence
    currency: Sentence
    income_feeds: list[str]
    one_off_items: list[str]
    values: dict[str, Named]


def _money(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError('an amount is a text such as "1790.00"')  # noqa: TRY004 - one kind of error for the loader
    amount = int(Fen.parse(value))
    if amount <= 0:
        raise ValueError("an amount is above zero")
    return amount


def _share(value: object) -> int:
    if not isinstance(value, str) or not value.replace(".", "", 1).isdigit() or not value.isascii():
        raise ValueError('a share is a text such as "0.10"')
    share = Decimal(value)
    exponent = share.as_tuple().exponent
    if not 0 < share <= 1 or (isinstance(exponent, int) and exponent < _SHARE_PLACES):
        raise ValueError("a share lies above 0 and at most at 1, with at most four places")
    return int(share * SHARE_SCALE)


def _months(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 24:  # noqa: PLR2004 - two years
        raise ValueError("a number of months is a whole number from 0 to 24")
    return value


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("a switch is true or false")  # noqa: TRY004 - one kind of error for the loader
    return value


def _homes(value: object) -> frozenset[HomeState]:
    return frozenset(HomeState(item) for item in _list(value))


def _workers(value: object) -> frozenset[WorkerState]:
    return frozenset(WorkerState(item) for item in _list(value))


def _list(value: object) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise ValueError("a list of states, such as [badly_damaged, destroyed]")
    return value


KNOWN: Final[Mapping[str, Callable[[object], object]]] = {
    "monitoring_line": _money,
    "self_paid_high.ex_poor": _money,
    "self_paid_high.ordinary": _money,
    "self_paid_high.in_scope_only": _switch,
    "rigid_spending_ratio.share": _share,
    "disaster_loss.home": _homes,
    "disaster_loss.worker": _workers,
    "exit.signal_months": _months,
}
"""Every value a bundle may hold, and how it is read."""

REQUIRED: Final = ("monitoring_line", "exit.signal_months")


def load_folder(folder: Path) -> dict[str, Policy]:
    """All bundles of a folder by hash; raise PolicyError."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise PolicyError(f"{folder}: no policy bundle (*.yaml) here")
    policies = [load(file) for file in files]
    return {policy.bundle: policy for policy in policies}


def load(file: Path) -> Policy:
    """One bundle; raise PolicyError."""
    text = file.read_text(encoding="utf-8")
    try:
        raw = yaml.safe_load(text)
        bundle = Bundle.model_validate(raw)
    except yaml.YAMLError as error:
        raise PolicyError(f"{file}: not YAML: {error}") from None
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
        raise PolicyError(f"{_place(file, text, first['loc'])}: {_complaint(first['type'], first['msg'], first['loc'])}") from None
    timelines = {name: _timeline(file, text, name, named) for name, named in bundle.values.items()}
    for name in REQUIRED:
        if name not in timelines:
            raise PolicyError(f"{file}: the value {name} is missing")
    return _policy(bundle, timelines)


def _timeline(file: Path, text: str, name: str, named: Named) -> tuple[Value[object], ...]:
    if name not in KNOWN:
        near = difflib.get_close_matches(name, KNOWN, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(KNOWN)}"
        raise PolicyError(f"{_place(file, text, ('values', name))}: {name} is not a value Foothold knows{hint}")
    result: list[Value[object]] = []
    for index, dated in enumerate(named.dates):
        place = _place(file, text, ("values", name, "dates", index))
        if result and dated.since <= result[-1].since:
            raise PolicyError(f"{place}: {name} since {dated.since} does not come after {result[-1].since}; dates rise and none stands twice")
        if dated.confidence == "NEED" and not dated.illustrative:
            raise PolicyError(f"{place}: {name} is marked NEED: supply the published number, or mark it illustrative")
        try:
            value = KNOWN[name](dated.value)
        except ValueError as error:
            raise PolicyError(f"{place}: {name}: {error}") from None
        shown = ", ".join(dated.value) if isinstance(dated.value, list) else str(dated.value)
        result.append(Value(name, value, shown, dated.since, dated.reference, dated.confidence, dated.illustrative))
    return tuple(result)


def _policy(bundle: Bundle, timelines: Mapping[str, tuple[Value[object], ...]]) -> Policy:
    dates = tuple(sorted({value.since for values in timelines.values() for value in values}))
    content = json.dumps(bundle.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Policy(
        bundle=hashlib.sha256(content.encode()).hexdigest(),
        title=bundle.title,
        currency=bundle.currency,
        illustrative=any(value.illustrative for values in timelines.values() for value in values),
        income_feeds=tuple(bundle.income_feeds),
        one_off_items=frozenset(bundle.one_off_items),
        dates=dates,
        days={day: _of_day(timelines, day) for day in dates},
    )


def _of_day(timelines: Mapping[str, tuple[Value[object], ...]], day: date) -> PolicyOfDay:
    def on(name: str) -> Any:  # noqa: ANN401 - KNOWN has read each name with its own type
        return max((v for v in timelines.get(name, ()) if v.since <= day), key=lambda v: v.since, default=None)

    months, scope = on("exit.signal_months"), on("self_paid_high.in_scope_only")
    return PolicyOfDay(
        monitoring_line=on("monitoring_line"),
        self_paid_ex_poor=on("self_paid_high.ex_poor"),
        self_paid_ordinary=on("self_paid_high.ordinary"),
        self_paid_in_scope_only=scope is not None and scope.value,
        rigid_spending_share=on("rigid_spending_ratio.share"),
        disaster_home=on("disaster_loss.home"),
        disaster_worker=on("disaster_loss.worker"),
        exit_signal_months=1 if months is None else months.value,
    )


def _place(file: Path, text: str, path: tuple[str | int, ...]) -> str:
    """`file:line` of the deepest node on the path that exists."""
    node = yaml.compose(text, yaml.SafeLoader)
    line = 1
    for step in path:
        match node:
            case yaml.MappingNode():
                pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line + 1, pair[1]
            case yaml.SequenceNode() if isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line + 1
            case _:
                break
    return f"{file}:{line}"


def _complaint(kind: str, message: str, path: tuple[str | int, ...]) -> str:
    name = ".".join(str(part) for part in path)
    if kind != "extra_forbidden":
        return f"{name}: {message.removeprefix('Value error, ')}"
    known = [field for model in (Bundle, Named, Dated, Sentence) for field in model.model_fields]
    near = difflib.get_close_matches(str(path[-1]), known, 1)
    return f"{name} is not a field Foothold knows" + (f"; did you mean {near[0]}?" if near else "")
