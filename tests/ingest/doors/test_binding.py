"""Where an event stands in a record: structured, binary, or neither. No broker needed."""

import pytest

from foothold_ingest.rules.binding import MAX_BODY, from_kafka
from foothold_ingest.rules.strict_json import NotStrict
from foothold_schemas.wire.quarantine import RefusalReason


def test_a_record_with_ce_headers_is_binary() -> None:
    event = from_kafka(
        [("ce_id", b"1"), ("content-type", b"application/json; charset=utf-8"), ("other", None)],
        b'{"a": "1"}',
    )

    assert event == {"id": "1", "data": {"a": "1"}}


@pytest.mark.parametrize(
    "headers",
    [[("Content-Type", b"application/cloudevents+json; charset=UTF-8"), ("ce_id", b"ignored")], []],
)
def test_a_structured_record_is_its_value_with_or_without_saying_so(
    headers: list[tuple[str, bytes | None]],
) -> None:
    assert from_kafka(headers, b'{"id": "1"}') == {"id": "1"}


@pytest.mark.parametrize(
    ("size", "is_taken"), [(MAX_BODY - 1, True), (MAX_BODY, True), (MAX_BODY + 1, False)]
)
def test_a_value_may_be_as_large_as_a_body_and_no_larger(size: int, *, is_taken: bool) -> None:
    value = b'{"a": "1"}'.ljust(size)
    if is_taken:
        assert from_kafka([], value) == {"a": "1"}
    else:
        with pytest.raises(NotStrict) as error:
            from_kafka([], value)
        assert error.value.reason is RefusalReason.TOO_LARGE
