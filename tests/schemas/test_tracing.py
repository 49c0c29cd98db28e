"""A trace context is taken over as the standard says, or not at all.

It never keeps a message out.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_schemas.wire.tracing import begin, from_headers, read, to_headers, trace_id

SENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SOME_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_what_a_sender_began_goes_on_under_its_id() -> None:
    assert read(SENT) == SENT
    assert trace_id(read(SENT)) == SOME_ID
    assert from_headers(to_headers(SENT)) == SENT


def test_of_a_later_version_of_the_standard_what_this_one_knows_is_read() -> None:
    assert read(f"01-{SOME_ID}-00f067aa0ba902b7-03-more") == SENT


@pytest.mark.parametrize(
    "sent",
    [
        None,
        7,
        "",
        "张三",
        SENT.upper(),
        SENT + "0",
        f"ff-{SOME_ID}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{SOME_ID}-{'0' * 16}-01",
        "00-110105194912310021-00f067aa0ba902b7-01",
        SENT + "-" + "a" * 1_000,
    ],
)
def test_what_is_none_is_left_out(sent: object) -> None:
    assert read(sent) == ""


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_nothing_but_an_id_ever_comes_out(sent: str) -> None:
    assert read(sent) in ("", sent.strip())


def test_one_of_our_own_is_new_each_time_and_is_one() -> None:
    first, other = begin(), begin()

    assert read(first) == first
    assert trace_id(first) != trace_id(other)


@pytest.mark.parametrize(
    "headers",
    [None, [], [("traceparent", None)], [("traceparent", b"\xff\xfe")], [("other", SENT.encode())]],
)
def test_a_record_without_a_trace_has_none(headers: list[tuple[str, bytes | None]] | None) -> None:
    assert from_headers(headers) == ""
    assert to_headers("") == []
