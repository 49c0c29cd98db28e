"""What is retried together goes out in the order in which it stood at first."""

from hypothesis import given
from hypothesis import strategies as st

from foothold_ingest.quarantine.retry import _order
from foothold_schemas.wire.retries import HOUSEHOLD, RETRY, retried_from, retry_headers

HOME = "a" * 32


def test_offsets_are_ordered_as_numbers_and_a_household_before_what_waits_for_it() -> None:
    addresses = [
        "household-facts.v1:3:100",
        "household-facts.v1:3:99",
        f"{HOUSEHOLD}{HOME}:3:100",
        "household-facts.v1:2:7",
    ]

    assert sorted(addresses, key=_order) == [addresses[3], addresses[1], addresses[2], addresses[0]]


def test_a_record_keeps_the_address_it_had_at_first_however_often_it_comes_back() -> None:
    once = retry_headers([("traceparent", b"00-x")], "household-facts.v1:3:99")
    twice = retry_headers(once, "household-facts.v1:3:205")

    assert twice == once
    assert retried_from(twice) == "household-facts.v1:3:99"
    assert retried_from([("traceparent", b"00-x"), (RETRY, None)]) == ""


@given(st.text(max_size=60))
def test_whatever_somebody_types_as_an_address_has_its_place(typed: str) -> None:
    assert _order(typed) >= (0, 0, False)
