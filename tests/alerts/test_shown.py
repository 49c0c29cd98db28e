"""What a form gives back of what its page showed."""

import json

import pytest

from foothold_alerts.web.shown import MAX_SHOWN, given_back, of_finding, shown_by
from foothold_schemas.facts.saw import Saw, SeenEvent
from foothold_schemas.findings import FindingKind

HOUSING = Saw(
    finding=FindingKind.GUARANTEE_MISSING, events=(SeenEvent(name="housing"),), events_total=1
)


def test_a_form_gives_back_what_its_page_showed() -> None:
    latest = {"saw": [HOUSING.model_dump(mode="json", exclude_none=True)]}

    assert given_back(shown_by(latest)) == (HOUSING,)
    assert of_finding(given_back(shown_by(latest)), FindingKind.GUARANTEE_MISSING) == HOUSING
    assert of_finding(given_back(shown_by(latest)), FindingKind.GRADE_FELL) is None


def test_a_page_of_before_and_one_too_long_give_back_nothing() -> None:
    long = {
        "saw": [{"finding": "risk_reported", "events": [{"name": "x" * 200}] * (MAX_SHOWN // 200)}]
    }

    assert given_back(shown_by({})) is given_back(shown_by(long)) is None


@pytest.mark.parametrize(
    "text", ["{", "1", '[{"finding": "none"}]', json.dumps([{"finding": "grade_fell"}] * 2)]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        given_back(text)
