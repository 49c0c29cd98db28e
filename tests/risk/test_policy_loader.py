"""A policy bundle is refused with file, line and what to do, or understood completely."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from foothold_risk.policy.loader import KNOWN, SHIPPED, PolicyError, load, load_folder

DEMO = (SHIPPED / "demo.yaml").read_text(encoding="utf-8")


def broken(folder: Path, old: str, new: str) -> str:
    assert old in DEMO
    file = folder / "county.yaml"
    file.write_text(DEMO.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyError) as error:
        load(file)
    return str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("monitoring_line:", "monitorng_line:", "county.yaml:12: monitorng_line is not a value Foothold knows; did you mean monitoring_line?"),
        ("- since: 2020-01-01", "- sinse: 2020-01-01", "did you mean since?"),
        ("income_feeds:", "income_feed:", "did you mean income_feeds?"),
        ('"1790.00"', "1790.00", "an amount is a text"),
        ('"1790.00"', '"-1.00"', "above zero"),
        ('"0.10"', '"1.5"', "at most at 1"),
        ('"0.10"', '"0.12345"', "four places"),
        ("value: 1\n", "value: 1.5\n", "exit.signal_months"),
        ("illustrative: true", "illustrative: false", "marked NEED"),
        ("[badly_damaged, destroyed]", "[badly_damaged, ruined]", "'ruined'"),
        ("since: 2020-01-01", 'since: "2020-01-01"', "without quotes"),
        ("confidence: NEED", "confidence: sure", "confidence"),
        ("  exit.signal_months:", "  exit.stable_months:", "exit.stable_months is not a value"),
    ],
)
def test_what_is_not_clear_is_refused_with_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    message = broken(tmp_path, old, new)

    assert says in message
    assert str(tmp_path / "county.yaml:") in message


def test_a_missing_required_value_is_named(tmp_path: Path) -> None:
    start = DEMO.index("  monitoring_line:")
    end = DEMO.index("  rigid_spending_ratio.share:")

    assert "the value monitoring_line is missing" in broken(tmp_path, DEMO[start:end], "")


def test_dates_rise_and_none_stands_twice(tmp_path: Path) -> None:
    second = '      - since: 2020-01-01\n        value: "2000.00"\n        reference: The same day again.\n        confidence: H\n        illustrative: false\n'
    first_end = DEMO.index("  rigid_spending_ratio.share:")

    assert "none stands twice" in broken(tmp_path, DEMO[:first_end][-40:], DEMO[:first_end][-40:] + second)


def test_a_value_holds_until_the_next_one_of_its_name(tmp_path: Path) -> None:
    later = '      - since: 2026-03-14\n        value: "2000.00"\n        reference: The line of spring.\n        confidence: H\n        illustrative: false\n'
    file = tmp_path / "county.yaml"
    place = DEMO.index("  rigid_spending_ratio.share:")
    file.write_text(DEMO[:place] + later + DEMO[place:], encoding="utf-8")
    policy = load(file)

    lines = [policy.on(day).monitoring_line for day in (date(2026, 3, 13), date(2026, 3, 14))]
    assert [line.value for line in lines if line is not None] == [179_000, 200_000]
    assert policy.changes(date(2026, 3, 13), date(2026, 3, 14))
    assert not policy.changes(date(2026, 3, 14), date(2026, 12, 31))


def test_the_hash_is_of_the_content_not_of_comments_or_layout(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# another comment\n" + DEMO, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(DEMO.replace('"0.10"', '"0.11"'), encoding="utf-8")
    shipped, same, other = load(SHIPPED / "demo.yaml"), load(tmp_path / "a.yaml"), load(tmp_path / "b.yaml")

    assert shipped.bundle == same.bundle
    assert shipped.bundle != other.bundle
    assert {same.bundle, other.bundle} == set(load_folder(tmp_path))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no policy bundle"):
        load_folder(tmp_path)


def test_shares_are_exact_ten_thousandths() -> None:
    assert [KNOWN["rigid_spending_ratio.share"](text) for text in ("0.10", "0.125", "0.4", "0.0001", "1")] == [1_000, 1_250, 4_000, 1, 10_000]
    assert Decimal("0.1") * 10_000 == 1_000


def test_every_shipped_bundle_with_illustrative_numbers_says_so() -> None:
    for policy in load_folder(SHIPPED).values():
        has_one = any(
            getattr(day, name).illustrative for day in policy.days.values() for name in ("monitoring_line", "rigid_spending_share") if getattr(day, name)
        )
        assert has_one == policy.illustrative
