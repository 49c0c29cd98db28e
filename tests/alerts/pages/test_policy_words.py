"""On what a flag rests is said in words.

So is every value of a policy file, how sure it is, and the codes in it.
"""

import pytest
import yaml

from foothold_alerts.web.policy_words import (
    CONFIDENCE,
    POLICY_NAMES,
    policy_name,
    policy_reference,
    policy_value,
)
from foothold_risk.policy.known import KNOWN
from foothold_schemas.facts.facts import HomeState, WorkerState
from tests.support.running.parts import ROOT


def test_every_value_of_a_policy_file_has_its_words() -> None:
    assert set(POLICY_NAMES) == set(KNOWN)
    assert all(
        chinese != english and not chinese.isascii() for chinese, english in POLICY_NAMES.values()
    )


def test_every_reference_of_the_shipped_policy_is_read_in_chinese() -> None:
    files = sorted((ROOT / "services/risk/foothold_risk/policy/bundles").glob("*/*.yaml"))
    references = {
        dated["reference"]
        for file in files
        for value in yaml.safe_load(file.read_text(encoding="utf-8")).get("values", {}).values()
        for dated in value["dates"]
    }

    assert len(references) > 30
    assert [text for text in sorted(references) if policy_reference(text)[0].isascii()] == []
    assert all(policy_reference(text)[1] == text for text in references)
    assert policy_reference("县政府2026年第3号文") == ("县政府2026年第3号文",) * 2


def test_every_confidence_has_its_words() -> None:
    assert set(CONFIDENCE) == {"H", "M", "L", "I", "NEED"}


@pytest.mark.parametrize("codes", [HomeState, WorkerState])
def test_codes_in_a_value_are_read_in_words(codes: type[HomeState] | type[WorkerState]) -> None:
    chinese, _english = policy_value(", ".join(codes))
    assert not any(character.isascii() and character.isalpha() for character in chinese)


def test_a_band_of_a_region_warning_is_a_chinese_sentence() -> None:
    text = "7 days: I from 0.1500 to 1.0000, from 3 households; kept down to 0.80 of 0.1500"
    assert policy_value(text) == (
        "近7日占比0.1500至1.0000、至少3户为Ⅰ级，降到0.1500的0.80以下才解除",
        text,
    )


def test_what_has_no_word_stays_as_it_is() -> None:
    assert policy_name("county.own") == ("county.own", "county.own")
    assert policy_value("1790.00") == ("1790.00", "1790.00")
