"""Tests what is kept of refused rows.

It is the beginning of long ones, which are whole in their file as long as they wait; a part of a
household is never an entry.
"""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from foothold_ingest.build import Built
from foothold_ingest.database import QuarantinedRecord, UploadPart
from foothold_ingest.files.store import KEPT
from foothold_ingest.quarantine.retry import Retrier
from foothold_ingest.rules.regions import Held
from tests.support.made.files import BILL_HEADERS, HOUSE_HEADERS, NUMBER, as_csv, bill, house
from tests.support.running.clerk import Clerk, counts

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]


async def test_a_long_row_is_kept_up_to_64_kilobytes_and_its_retry_reads_it_whole_from_the_file(
    clerk: Clerk,
) -> None:
    ingest, long = clerk.ingest, "长" * 4_000
    # what makes the entry stands behind what is cut off
    headers = [
        *(f"x{n}" for n in range(10)),
        *HOUSE_HEADERS,
    ]
    mapping = (await ingest.mappings.of("clinic"))["households"]
    own = (
        mapping.replace("ignored: [", "ignored: [" + ", ".join(f"x{n}" for n in range(10)) + ", ")
        if "ignored: [" in mapping
        else mapping + f"\nignored: {headers[:10]}\n"
    )
    await ingest.mappings.set("clinic", own, datetime.now(UTC))
    row = [*[long] * 10, *house("H1", county="370398")]
    result = await clerk.done("households", as_csv(headers, [row]))
    async with ingest.engine.connect() as connection:
        sealed = (await connection.execute(select(QuarantinedRecord.sealed))).scalar_one()
    parts_then = await parts(ingest)
    retrier = Retrier(
        ingest.engine,
        ingest.seal,
        agencies=ingest.agencies,
        intake=ingest.intake,
        publisher=ingest.publisher,
        days=ingest.days,
        files=ingest.files,
    )
    (waiting,) = [row["source_id"] for row in await retrier.rows()]
    still = await retrier.retry([waiting], actor="op", now=datetime.now(UTC))
    await ingest.uploads.let_go()
    parts_still = await parts(ingest)
    await ingest.regions.add("370398", "新县", Held(None, None))
    taken = await retrier.retry([waiting], actor="op", now=datetime.now(UTC))
    await ingest.uploads.let_go()

    assert counts(result) == {"rows": 1, "refused": 1}
    assert len(sealed) < 4 * KEPT
    assert ([retried.outcome.value for retried in (*still, *taken)]) == [
        "still_refused",
        "accepted",
    ]
    assert (parts_then > 0, parts_still > 0, await parts(ingest)) == (True, True, 0)


async def parts(ingest: Built) -> int:
    async with ingest.engine.connect() as connection:
        return int(
            (await connection.execute(select(func.count()).select_from(UploadPart))).scalar_one()
        )


async def test_the_file_of_ordinary_rows_is_not_kept(clerk: Clerk) -> None:
    await clerk.done("settled-bills", as_csv(BILL_HEADERS, [bill("C1", "bad")]))

    assert await parts(clerk.ingest) == 0


async def test_a_part_of_a_household_is_never_taken_by_a_retry(clerk: Clerk) -> None:
    ingest = clerk.ingest
    result = await clerk.done(
        "households",
        as_csv(
            HOUSE_HEADERS,
            [house("H1", NUMBER)] * 70
            + [house("H2"), house("H3", "110101199003070054"), house("H2")],
        ),
    )
    retrier = Retrier(
        ingest.engine,
        ingest.seal,
        agencies=ingest.agencies,
        intake=ingest.intake,
        publisher=ingest.publisher,
        days=ingest.days,
        files=ingest.files,
    )
    waiting = [row["source_id"] for row in await retrier.rows()]
    tried = await retrier.retry(waiting, actor="op", now=datetime.now(UTC))

    assert counts(result) == {"rows": 73, "refused": 72, "accepted": 1, "new": 1}
    assert {retried.outcome.value for retried in tried} == {"still_refused"}
    assert len(waiting) == 4
