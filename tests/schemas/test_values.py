import json
from typing import get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

import foothold_schemas.facts.envelope
import foothold_schemas.facts.facts
import foothold_schemas.messages.transitions
import foothold_schemas.wire.quarantine
from foothold_schemas.facts.facts import IncomeReported
from foothold_schemas.values import Day, Fen, Message, Moment


@given(st.integers(min_value=-(10**14) + 1, max_value=10**14 - 1))
def test_an_amount_written_and_read_again_is_the_same_to_the_fen(fen: int) -> None:
    assert fen == Fen.parse(str(Fen(fen)))


@pytest.mark.parametrize(
    ("text", "fen"),
    [("0", 0), ("12", 1200), ("12.5", 1250), ("12.05", 1205), ("-0.5", -50), ("-12.34", -1234)],
)
def test_amounts_are_read_exactly(text: str, fen: int) -> None:
    assert fen == Fen.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".5",
        "5.",
        "1,000",
        "1_000",
        "+5",
        "1e3",
        "1.234",
        "１２",
        "٣",
        " 1",
        "1 ",
        "1\n",
        "--1",
        "NaN",
        "1234567890123",
    ],
)
def test_what_is_not_an_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="decimal string"):
        Fen.parse(text)


@pytest.mark.parametrize("value", [12, 12.5, True, None, ["1"]])
def test_a_json_number_is_never_an_amount(value: object) -> None:
    with pytest.raises(ValidationError):
        IncomeReported.model_validate({"category": "wage", "item": "salary", "amount": value})


@pytest.mark.parametrize(
    "value",
    [
        "2026-04-30T00:00:00",
        "2026-4-1",
        "20260430",
        20260430,
        1777507200,
        "2026-02-30",
        "２０２６-04-30",
        "2026-04-30 ",
    ],
)
def test_only_a_plain_date_is_a_day(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_python(value)


@pytest.mark.parametrize("value", [1777507200, 1777507200.5, "2026-04-30T00:00:00", "2026-04-30"])
def test_a_moment_says_its_offset(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_python(value)


def _models() -> list[type[BaseModel]]:
    modules = (
        foothold_schemas.facts.facts,
        foothold_schemas.facts.envelope,
        foothold_schemas.messages.transitions,
        foothold_schemas.wire.quarantine,
    )
    models = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Message)
    }
    return sorted(models, key=lambda model: model.__name__)


@pytest.mark.parametrize("model", _models(), ids=lambda model: model.__name__)
def test_a_field_that_may_be_empty_may_be_left_out_because_empty_fields_are_not_written(
    model: type[BaseModel],
) -> None:
    must_stand = [
        n
        for n, f in model.model_fields.items()
        if f.is_required() and type(None) in get_args(f.annotation)
    ]

    assert must_stand == []


@pytest.mark.parametrize("model", _models(), ids=lambda model: model.__name__)
def test_no_message_holds_a_float(model: type[BaseModel]) -> None:
    def has_float(annotation: object) -> bool:
        return annotation is float or any(
            has_float(inner) for inner in get_args(annotation) if get_origin(annotation) is not None
        )

    assert [n for n, f in model.model_fields.items() if has_float(f.annotation)] == []
    assert '"type": "number"' not in json.dumps(model.model_json_schema())
