"""A seal opens with its own secret and purpose only, and never twice the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_schemas.seal import BrokenSeal, Purpose, Seal
from foothold_schemas.wire.quarantine import Quarantined, RefusalReason, SourceRecord

ONE = Seal(b"a" * 32, Purpose.QUARANTINE)


@given(
    st.binary(max_size=200),
    st.none() | st.binary(max_size=50),
    st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=9)), max_size=3),
)
def test_a_record_set_aside_comes_back_byte_for_byte(
    value: bytes, key: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    record = SourceRecord(key=key, value=value, headers=tuple(headers))
    aside = Quarantined.of(
        "risk", ("t", 1, 2), 0, reason=RefusalReason.NOT_JSON, detail="x", record=record, seal=ONE
    )

    assert Quarantined.model_validate_json(aside.model_dump_json()).open(ONE) == record


@pytest.mark.parametrize(
    "other",
    [Seal(b"b" * 32, Purpose.QUARANTINE), Seal(b"a" * 32, Purpose.DIRECTORY)],
    ids=["another secret", "another purpose"],
)
def test_another_secret_or_purpose_does_not_open_it(other: Seal) -> None:
    with pytest.raises(BrokenSeal):
        other.open(ONE.close(b"secret"))


def test_what_was_changed_does_not_open_and_the_same_text_looks_different_each_time() -> None:
    first, second = ONE.close(b"secret"), ONE.close(b"secret")

    assert first != second
    with pytest.raises(BrokenSeal):
        ONE.open(first[:-4] + "AAAA")
