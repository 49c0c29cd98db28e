"""What the console says is read by clerks.

Codes in words, a refused form by its own fields, a row of a file as a row.
"""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import get_args

import pytest

from foothold_ingest.console.pages import file_row, retried
from foothold_ingest.console.report import Written, as_typed, explained
from foothold_ingest.console.words import FIELDS, VALUES, value_words
from foothold_ingest.rules.judgement import Rejected
from foothold_schemas.facts.checks import Grade, SpendingCategory
from foothold_schemas.facts.envelope import FactRecord
from foothold_schemas.facts.facts import CareSetting, Hazard, IncomeCategory
from foothold_schemas.facts.sent import AGENCY_KINDS
from foothold_schemas.titles import FACT_TITLES
from foothold_schemas.values import Message
from foothold_schemas.wire.quarantine import RefusalReason


def test_every_kind_an_agency_sends_is_called_by_its_name() -> None:
    assert set(FACT_TITLES) >= set(AGENCY_KINDS)


@pytest.mark.parametrize(
    ("field", "codes"),
    [
        ("category", [*IncomeCategory, *SpendingCategory]),
        ("setting", list(CareSetting)),
        ("hazard", list(Hazard)),
        ("is_yearly", ["true", "True"]),
    ],
)
def test_a_code_stands_in_chinese_with_its_english(field: str, codes: list[str]) -> None:
    for code in codes:
        words = value_words(field, str(code))
        assert words != str(code)
        assert not words.isascii()
    assert set(VALUES) <= set(FIELDS)


def test_what_is_no_code_stays_as_it_is() -> None:
    assert value_words("item", "wage") == "wage"
    assert value_words("amount", "700.00") == "700.00"
    assert value_words("category", "new-code") == "new-code"


def written(household: str = "", person: str = "") -> Written:
    return Written("report-1", household, person, "cadre", "illness", "2026-06-10")


@pytest.mark.parametrize(
    ("reason", "household", "says"),
    [
        (RefusalReason.BAD_SUBJECT, "", "请填写户编号或当事人证件号码"),
        (RefusalReason.BAD_SUBJECT, "V00027", "例如 370302/H00001"),
        (RefusalReason.INVALID_ENVELOPE, "370399/试1", "例如 370302/H00001"),
        (RefusalReason.BAD_SUBJECT, "370399/V99999", "登记册里没有这个户编号"),
        (RefusalReason.BAD_NUMBER, "", "核对后重新填写"),
        (RefusalReason.FUTURE_TIME, "370399/V1", "核对反映日期"),
    ],
)
def test_a_refused_report_is_explained_by_the_forms_own_fields(
    reason: RefusalReason, household: str, says: str
) -> None:
    why = explained(written(household), Rejected(reason, "in English", ()))
    assert why is not None
    assert says in why.zh
    assert why.en.isascii()


def test_another_reason_keeps_the_judgements_words() -> None:
    assert (
        explained(written("370399/V1"), Rejected(RefusalReason.AREA_NOT_ALLOWED, "d", ())) is None
    )


def test_full_width_characters_are_read_as_the_same() -> None:
    assert as_typed("　３７０３９９／Ｖ００２８ ") == "370399/V0028"
    assert as_typed(None) == ""


def test_a_row_of_a_file_is_named_as_one() -> None:
    assert file_row("file.statistics.964f32207ea38bf9:0:5") == ("964f32207ea38bf9", "5")
    assert file_row("file.a.b.964f:0:12") == ("964f", "12")
    assert file_row("agency.statistics.v1:0:5") is None


def test_what_a_retry_came_to_begins_with_words() -> None:
    word, rest = retried("invalid_field: The data is not right.")
    assert word is not None
    assert (word.zh, rest) == ("字段内容有误", "The data is not right.")
    assert retried("accepted") == (None, "accepted")


def _types(annotation: object) -> Iterator[type]:
    """The types a field may be, and those inside its unions."""
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for part in get_args(annotation):
        yield from _types(part)


@pytest.mark.parametrize(
    "kind", sorted(set(AGENCY_KINDS) - {"FactsRetracted", "FeedHeard", "AreaStruck"})
)
def test_every_field_a_caseworker_can_doubt_has_its_word_and_so_has_every_code_in_it(
    kind: str,
) -> None:
    data = FactRecord.model_fields["data"].annotation
    (model,) = {
        m for m in _types(data) if issubclass(m, Message) and m.model_fields["kind"].default == kind
    }
    for name, field in model.model_fields.items():
        types = set(_types(field.annotation)) - {type(None)}
        shown = {t for t in types if issubclass(t, str | int | date) and t is not bool}
        if not shown or name in {"kind", "person_ref"}:
            continue
        assert name in FIELDS, name
        codes = [code for t in shown if issubclass(t, StrEnum) and t is not Grade for code in t]
        assert all(value_words(name, code) != code for code in codes), name
