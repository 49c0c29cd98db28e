"""What an operator sees of policies: check, show, adopt.

And what they are told when something is not right.
"""

from datetime import date
from pathlib import Path

import pytest

from foothold_risk.commands import NotDone, adopt, check, show
from foothold_risk.policy.loader import SHIPPED, load_folder
from tests.support.made.policy import write_test_policy

POLICIES = load_folder(SHIPPED)
ZIBO = next(policy for policy in POLICIES.values() if "370302" in policy.places)


def test_check_says_hash_title_and_whether_a_number_is_illustrative(tmp_path: Path) -> None:
    write_test_policy(tmp_path)

    assert all(line.endswith("  ILLUSTRATIVE") for line in check(POLICIES).splitlines())
    assert check(load_folder(tmp_path)).split("  ")[1] == "Test county\n"


def test_show_lists_what_is_in_force_in_a_county_with_region_date_and_source() -> None:
    shown = show(POLICIES, "370302", date(2024, 3, 14))

    assert shown.startswith("淄博防止返贫监测政策（未公布的数字仅作演示） | Zibo")
    assert (
        "  monitoring_line = 8400.00  (1 x 700.00 x 12 = 8400.00)  ILLUSTRATIVE 仅作演示\n     "
        " since 2021-01-01, 370300, NEED: " in shown
    )
    assert (
        "  rigid_spending_ratio.share = 0.70\n      since 2021-01-01, 000000, H: The published"
        " share is seventy percent" in shown
    )
    assert "grade_fell.in_force = true" in shown
    assert "grade_fell.in_force" not in show(POLICIES, "370323101201", date(2024, 3, 14))


def test_an_area_nobody_serves_and_a_day_before_the_policy_are_said(tmp_path: Path) -> None:
    write_test_policy(tmp_path)

    with pytest.raises(NotDone, match=r"no bundle serves 110101; served are 370302, .*370399"):
        show(POLICIES, "110101", date(2024, 3, 14))
    with pytest.raises(NotDone, match="begins on 2020-01-01; nothing is in force on 2019-12-31"):
        show(load_folder(tmp_path), "370399", date(2019, 12, 31))


@pytest.mark.parametrize(
    ("beginning", "door", "key", "says"),
    [
        ("zz", "http://127.0.0.1:1", "k", "0 bundles begin with zz"),
        ("", "http://127.0.0.1:1", "k", "2 bundles begin with"),
        (ZIBO.bundle, "http://127.0.0.1:1", "", "the key file is empty"),
        (ZIBO.bundle, "ftp://127.0.0.1", "k", "is not an address"),
        (ZIBO.bundle, "http://127.0.0.1:1", "k", "ingest does not answer at http://127.0.0.1:1"),
    ],
)
def test_adopting_says_what_is_missing(beginning: str, door: str, key: str, says: str) -> None:
    with pytest.raises(NotDone, match=says):
        adopt(POLICIES, beginning, door, key)
