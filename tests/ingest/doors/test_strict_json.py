import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_ingest.rules.strict_json import MAX_DEPTH, NotStrict, loads


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'[{"x": {"a": 1, "b": 2, "a": 1}}]', "duplicate_key"),
        (b'{"a": "\\u0000"}', "control_character"),
        (b'{"a": "\\u202e"}', "control_character"),
        (b'{"a": "\\ud800"}', "control_character"),
        (b'{"a\\u0007": 1}', "control_character"),
        (b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2), "too_deep"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (b'{"a": "' + b"x" * 5000 + b'"}', "too_long"),
    ],
    ids=lambda case: case if isinstance(case, str) else repr(case[:24]),
)
def test_what_standard_parsers_let_through_is_refused_with_a_reason(
    body: bytes, reason: str
) -> None:
    with pytest.raises(NotStrict) as error:
        loads(body)

    assert reason == error.value.reason


def test_the_place_of_a_bad_character_is_said_but_not_the_text() -> None:
    with pytest.raises(NotStrict, match="at /data/0/item") as error:
        loads(b'{"data": [{"item": "secret\\u0001"}]}')

    assert "secret" not in str(error.value)


def test_a_key_that_stands_twice_is_named_only_if_it_is_a_plain_name() -> None:
    with pytest.raises(NotStrict, match="the key amount stands twice"):
        loads(b'{"amount": 1, "amount": 2}')
    with pytest.raises(NotStrict, match="withheld"):
        loads(b'{"11010519491231002X": 1, "11010519491231002X": 2}')


def test_chinese_text_and_rare_characters_pass() -> None:
    assert loads('{"name": "贫困𬱖"}'.encode()) == {"name": "贫困𬱖"}


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused_and_never_crash(body: bytes) -> None:
    with contextlib.suppress(NotStrict):
        assert loads(body) == json.loads(body)
