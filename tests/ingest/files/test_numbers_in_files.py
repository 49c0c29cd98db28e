"""Every number that names a person enters by a file as it stands, when it is text.

One a spreadsheet has damaged never does.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foothold_ingest.files.mappings import parse, shipped
from foothold_ingest.rules.accept import accept
from foothold_ingest.rules.judgement import Caller, Clock, Rejected, Unplaced
from foothold_ingest.rules.people.resident_number import check_character
from foothold_ingest.rules.rows.items import Gatherer
from foothold_ingest.rules.rows.rows import Headers
from foothold_schemas.wire.quarantine import RefusalReason
from tests.support.made.files import BILL_HEADERS, as_csv, as_xlsx, bill, rows_of
from tests.support.made.regions import deployment

NOW: Final = datetime(2026, 1, 20, 1, tzinfo=UTC)
BILLS: Final = parse(shipped()["settled-bills"])
Write = Callable[[Sequence[str], Sequence[Sequence[str]]], bytes]
FORMATS: Final[dict[str, Write]] = {"csv": as_csv, "xlsx": as_xlsx}


def number(county: int, born: date, order: int) -> str:
    seventeen = f"{county}{born:%Y%m%d}{order:03d}"
    return seventeen + check_character(seventeen)


def ends_in_000(county: int, born: date) -> str:
    """The one among ten orders; there is none where its check character would be another."""
    return next(
        (n for order in range(0, 1000, 100) if (n := number(county, born, order)).endswith("000")),
        "",
    )


DAYS: Final = st.dates(date(1920, 1, 1), date(2025, 12, 31))
COUNTIES: Final = st.integers(110000, 659999)
NUMBERS: Final = st.builds(number, COUNTIES, DAYS, st.integers(0, 999)) | st.builds(
    ends_in_000, COUNTIES, DAYS
).filter(bool)


def judged(content: bytes) -> list[Unplaced | Rejected]:
    headers, *rows = rows_of(content)
    gatherer = Gatherer(Headers.of(headers.cells, BILLS), BILLS, "clinic", NOW, "f1")
    caller, clock = Caller("clinic", is_operator=False), Clock(NOW, NOW.date(), NOW)
    outcomes = [item.outcome for row in rows for item in gatherer.take(row)]
    events = [
        outcome if isinstance(outcome, Rejected) else accept(outcome, caller, clock, deployment())
        for outcome in outcomes
        if isinstance(outcome, dict | Rejected)
    ]
    return [outcome for outcome in events if isinstance(outcome, Unplaced | Rejected)]


@pytest.mark.parametrize("written", FORMATS)
@settings(max_examples=30, deadline=None)
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=30, unique=True))
def test_every_number_that_passes_its_check_enters_as_text(
    written: str, numbers: list[str]
) -> None:
    judgements = judged(
        FORMATS[written](BILL_HEADERS, [bill(f"C{n}", person) for n, person in enumerate(numbers)])
    )

    assert [
        judgement.person.number if isinstance(judgement, Unplaced) else judgement
        for judgement in judgements
    ] == numbers


def test_a_number_in_000_that_fails_its_check_is_damaged_and_so_is_every_cell_with_one() -> None:
    as_text = judged(as_csv(BILL_HEADERS, [bill("C1", "370302194912310000")]))
    as_number = judged(
        as_xlsx(
            BILL_HEADERS,
            [[cell if place != 1 else 370302194912310011 for place, cell in enumerate(bill("C1"))]],
        )
    )

    assert [
        judgement.reason if isinstance(judgement, Rejected) else judgement
        for judgement in as_text + as_number
    ] == [RefusalReason.DAMAGED_NUMBER] * 2
