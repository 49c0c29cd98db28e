"""Whatever stood in Kafka, what is set aside of it fits the quarantine's topic.

It says where it is cut.
"""

import hashlib

import pytest

from foothold_schemas.seal import Purpose, Seal
from foothold_schemas.wire.codec import encode
from foothold_schemas.wire.quarantine import (
    CUT,
    CUT_BYTES,
    Quarantined,
    RefusalReason,
    SourceRecord,
)
from foothold_schemas.wire.topics import QUARANTINE_BYTES

SEAL = Seal(b"s" * 32, Purpose.QUARANTINE)
MANY = 20_000_000
LARGE = {
    "value": SourceRecord(key=b"k", value=b"\x00" * MANY),
    "key": SourceRecord(key=b"k" * MANY),
    "a header": SourceRecord(headers=(("h", b"\xff" * MANY),)),
    "a header's name": SourceRecord(headers=(("\x01" * 3_000_000, None),)),
    "many headers": SourceRecord(value=b"v", headers=(("name", b"value"),) * 1_000_000),
    "headers of nothing": SourceRecord(headers=(("", None),) * 1_500_000),
    "all of it": SourceRecord(
        key=b"k" * 4_000_000, value=b"v" * 4_000_000, headers=(("h", b"h" * 4_000_000),)
    ),
}
FORGED = (b"1 2", b"9" * 5_000, b"12345 " + b"a" * 64, b"", None)


def aside(record: SourceRecord, detail: str = "too large") -> Quarantined:
    return Quarantined.of(
        "ingest",
        ("t", 0, 1),
        0,
        reason=RefusalReason.TOO_LARGE,
        detail=detail,
        record=record,
        seal=SEAL,
    )


@pytest.mark.parametrize("part", LARGE)
def test_a_record_that_does_not_fit_is_kept_cut_with_its_size_and_its_hash(part: str) -> None:
    record = LARGE[part]
    kept = aside(record)
    opened = kept.open(SEAL)

    assert (
        len(encode(kept)) < QUARANTINE_BYTES // 16,
        opened.is_cut,
        opened.size <= CUT_BYTES,
    ) == (True, True, True)
    assert opened.told_size is not None
    assert opened.told_size[0] == str(record.size)
    assert f"{record.size} bytes" in kept.detail
    assert opened.cut() == opened


def test_the_hash_is_of_key_value_and_headers_as_they_stood() -> None:
    record = SourceRecord(
        key=b"key", value=b"v" * MANY, headers=(("name", b"value"), ("none", None))
    )
    whole = hashlib.sha256(b"key" + b"v" * MANY + b"name" + b"value" + b"none").hexdigest()

    assert aside(record).open(SEAL).told_size == (str(record.size), whole)


@pytest.mark.parametrize("size", [0, 1, CUT_BYTES, 5_000_000, 8_000_000])
def test_what_fits_is_kept_whole(size: int) -> None:
    record = SourceRecord(key=b"k", value=b"v" * size, headers=(("h", None),))
    kept = aside(record)

    assert (kept.open(SEAL), kept.detail) == (record, "too large")
    assert len(encode(kept)) < QUARANTINE_BYTES - 1024 * 1024


@pytest.mark.parametrize("value", FORGED)
def test_a_forged_header_repeats_nothing_and_a_large_record_with_it_is_cut_all_the_same(
    value: bytes | None,
) -> None:
    large = aside(SourceRecord(value=b"v" * MANY, headers=((CUT, value),)))

    assert (len(encode(large)) < QUARANTINE_BYTES // 16, large.open(SEAL).size <= CUT_BYTES) == (
        True,
        True,
    )
    assert f" {MANY + len(CUT) + len(value or b'')} bytes" in large.detail
    assert "12345" not in large.detail


def test_a_detail_without_end_is_cut_as_well() -> None:
    assert len(aside(SourceRecord(value=b"v"), "x" * MANY).detail) < 3_000
