from enum import StrEnum

import pytest

from foothold_alerts.rules.act import Action
from foothold_alerts.rules.case import CloseReason, ReliefKind, ReliefStatus, Stage
from foothold_alerts.web.words import WORDS, en, zh
from foothold_schemas.findings import FindingKind
from foothold_schemas.transitions import Movement
from foothold_schemas.values import Group, Standing


@pytest.mark.parametrize("codes", [Stage, CloseReason, ReliefKind, ReliefStatus, Group, Standing, FindingKind, Movement, Action], ids=lambda e: e.__name__)
def test_every_code_a_page_shows_has_a_chinese_and_an_english_word(codes: type[StrEnum]) -> None:
    for code in codes:
        assert code.value in WORDS
        assert zh(code.value) != en(code.value)
