"""A policy bundle is refused with file, line and what to do, or understood completely."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from foothold_risk.policy.known import KNOWN
from foothold_risk.policy.loader import SHIPPED, load, load_folder, values_of
from foothold_risk.policy.text import PolicyError
from foothold_risk.rules.policy import PolicyOfDay
from tests.support.made.policy import BUNDLE, REGION, write_test_policy

LINE = (
    '"7300.00",\n         reference: One province\'s line of 2023., confidence: H, illustrative:'
    " false}"
)


def write(folder: Path, region: str = REGION, bundle: str = BUNDLE, **more: str) -> Path:
    """A bundle of the test's county, changed, and files of other regions by code."""
    write_test_policy(folder)
    target = folder / "test"
    (target / "bundle.yaml").write_text(bundle, encoding="utf-8")
    (target / "370399.yaml").write_text(region, encoding="utf-8")
    for code, text in more.items():
        (target / f"{code.removeprefix('r')}.yaml").write_text(text, encoding="utf-8")
    return target


def refusal(folder: Path) -> str:
    with pytest.raises(PolicyError) as error:
        load(folder)
    return str(error.value)


@pytest.mark.parametrize(
    ("unit", "bundle", "says"),
    [
        (
            "yuan per head and year",
            "{zh: 千盾, en: thousand dong}",
            "is in yuan and the bundle in thousand dong",
        ),
        (
            "dong a year",
            "{zh: 千盾, en: thousand dong}",
            "is in dong and the bundle in thousand dong",
        ),
        (
            "thousand dong a year",
            "{zh: 元, en: yuan}",
            "is in thousand dong and the bundle in yuan",
        ),
        ("每人每年万元", "{zh: 元, en: yuan}", "is in 万元 and the bundle in yuan"),
        ("thousand dong a year", "{zh: 千盾, en: thousand dong}", None),
        ("元/人·年", "{zh: 元, en: yuan}", None),
        ("test", "{zh: 元, en: yuan}", None),
    ],
)
def test_an_amount_in_another_currency_than_the_bundles_is_refused_by_name(
    tmp_path: Path, unit: str, bundle: str, says: str | None
) -> None:
    region = re.sub(r"unit: yuan[^\n]*", f"unit: {unit}", REGION)
    folder = write(tmp_path, region, BUNDLE.replace("{zh: 元, en: yuan}", bundle))

    if says is None:
        load(folder)
    else:
        message = refusal(folder)
        assert says in message
        assert "370399.yaml:" in message


def parent(code: str, values: str) -> str:
    return f'region: "{code}"\ntitle: {{zh: 上级, en: Above}}\nvalues:\n{values}'


def named(name: str, *dates: str) -> str:
    lines = "".join(
        f"      - {{{d}, reference: A published text., illustrative: false}}\n" for d in dates
    )
    return f"  {name}:\n    description: A value of a test.\n    unit: test\n    dates:\n{lines}"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "monitoring_line:",
            "monitorng_line:",
            (
                "370399.yaml:25: monitorng_line is not a value Foothold knows; did you mean"
                " monitoring_line?"
            ),
        ),
        ("{since: 2020-01-01", "{sinse: 2020-01-01", "did you mean since?"),
        ("description: Line of", "descripton: Line of", "did you mean description?"),
        ('"7300.00"', "7300.00", "an amount is a text"),
        ('"7300.00"', '"-1.00"', "above zero"),
        ('"7300.00"', '"8500.005"', "at most two places"),
        ('"0.70"', '"1.5"', "at most at 1"),
        ('"0.70"', '"0.12345"', "four places"),
        ("value: 1,", "value: 1.5,", "exit.signal_months"),
        ("value: 6,", "value: 25,", "from 0 to 24"),
        ("confidence: M", "confidence: NEED", "marked NEED"),
        ("[badly_damaged, destroyed]", "[badly_damaged, ruined]", "'ruined'"),
        ("since: 2020-01-01", 'since: "2020-01-01"', "without quotes"),
        ("confidence: H", "confidence: sure", "confidence"),
        ("reference: The tests have one sender.", "reference: short", "reference"),
        ('"7300.00"', "{kind: multiple_of_dibo, times: '2'}", "multiple_of_dibao"),
        ('"7300.00"', "{kind: multiple_of_dibao, times: '2'}", "no region gives dibao"),
        ('"7300.00"', "null", "has no value; supply it, or mark it NEED"),
        ("  self_paid_high.ex_poor:", "  monitoring_line:", "stands twice"),
    ],
)
def test_what_is_not_clear_is_refused_with_file_and_line(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in REGION
    message = refusal(write(tmp_path, REGION.replace(old, new, 1)))

    assert says in message
    assert str(tmp_path / "test" / "370399.yaml:") in message


PLAIN = (
    REGION[: REGION.index("  negative_list.assets:")]
    + REGION[REGION.index("  exit.signal_months:") :]
)
"""The region without the tables the tests below write into it."""
EVEN = '{production: "0.2", health: "0.2", education: "0.2", security: "0.2", income: "0.2"}'
FOUR = (
    "[{grade: D, from: 0, to: 35}, {grade: C, from: 35, to: 60}, {grade: B, from: 60, to: 80},"
    " {grade: A, from: 80, to: 100}]"
)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ladder.bands", FOUR.replace("to: 35", "to: 30"), "the bands leave a gap from 30 to 35"),
        ("ladder.bands", FOUR.replace("to: 35", "to: 36"), "the bands overlap from 35 to 36"),
        ("ladder.bands", FOUR.replace("from: 0", "from: 1"), "the bands leave a gap from 0 to 1"),
        (
            "ladder.bands",
            FOUR.replace("to: 100", "to: 99"),
            "the bands end at 99; they go from 0 to 100",
        ),
        ("ladder.bands", FOUR.replace("to: 100", "to: 101"), "the bands end at 101"),
        ("ladder.bands", FOUR.replace("grade: B", "grade: C"), "give each grade one band"),
        ("ladder.bands", FOUR.replace("grade: B", "grade: E"), "'E'"),
        (
            "ladder.bands",
            FOUR.replace("grade: D, from: 0, to: 35", "grade: A, from: 0, to: 35").replace(
                "A, from: 80", "D, from: 80"
            ),
            "the better the grade",
        ),
        (
            "ladder.bands",
            FOUR.replace("from: 60, to: 80", "from: 80, to: 80"),
            "the band B is empty",
        ),
        ("ladder.bands", FOUR.replace("to: 80", "to: 80.5"), "a band is {grade: B"),
        ("ladder.bands", FOUR.replace("to: 80", "until: 80"), "a band is {grade: B"),
        ("ladder.bands", "[]", "give each grade one band"),
        (
            "ladder.weights",
            EVEN.replace('income: "0.2"', 'income: "0.1999"'),
            "the weights add up to 0.9999, not to 1",
        ),
        (
            "ladder.weights",
            EVEN.replace("income", "incom"),
            "give each score its weight: production, health",
        ),
        ("ladder.weights", "[a]", "give each score its weight"),
        ("covers.known", "[]", "a list of covers"),
        ("covers.known", "[{cover: a, zh: 甲, en: a, against: []}]", "a cover is {cover"),
        ("covers.known", "[{cover: a, zh: 甲, en: a}]", "a cover is {cover"),
        ("covers.known", "[{cover: a, zh: 甲, en: a, against: [work_los]}]", "'work_los'"),
        (
            "covers.known",
            (
                "[{cover: a, zh: 甲, en: a, against: [work_lost]}, {cover: a, zh: 乙, en: b,"
                " against: [work_lost]}]"
            ),
            "a cover stands twice",
        ),
        ("forecast.months", "[3, 1]", "rising whole numbers from 1 to 12"),
        ("forecast.months", "[1, 1]", "rising whole numbers"),
        ("forecast.months", "[0, 1]", "rising whole numbers"),
        ("forecast.months", "[13]", "rising whole numbers"),
        ("forecast.months", "[true]", "rising whole numbers"),
        ("forecast.months", "3", "rising whole numbers"),
        ("negative_list.assets", "[yacht]", "'yacht'"),
        ("project_underpaid.yield", "[{invested_from: 2020-01-01, yield: 7}]", "a share is a text"),
        ("project_underpaid.yield", "[{invested_from: soon, yield: '0.07'}]", "a yield is a share"),
        ("project_underpaid.yield", "[]", "rise and no day stands twice"),
        (
            "project_underpaid.yield",
            (
                "[{invested_from: 2021-01-01, yield: '0.07'}, {invested_from: 2020-01-01, yield:"
                " '0.06'}]"
            ),
            "rise and no day",
        ),
    ],
)
def test_a_table_that_is_not_whole_is_refused_with_what_is_wrong(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    complaint = refusal(
        write(tmp_path, PLAIN + named(name, f"since: 2020-01-01, value: {value}, confidence: H"))
    )

    assert says in complaint
    assert f"370399.yaml:{len((PLAIN + named(name, 'x')).splitlines())}: {name}: " in complaint


def test_tables_that_are_whole_are_read(tmp_path: Path) -> None:
    more = {"ladder.bands": FOUR, "ladder.weights": EVEN, "forecast.months": "[1, 12]"}
    region = PLAIN + "".join(
        named(name, f"since: 2020-01-01, value: {value}, confidence: H")
        for name, value in more.items()
    )
    place = load(write(tmp_path, region)).place("370399101201")

    assert place is not None
    day = place.on(date(2026, 1, 1))
    assert day.ladder_bands is not None
    assert [(b.grade.value, b.low, b.high) for b in day.ladder_bands.value] == [
        ("D", 0, 35),
        ("C", 35, 60),
        ("B", 60, 80),
        ("A", 80, 100),
    ]
    assert day.ladder_weights is not None
    assert day.ladder_weights.value == (2_000,) * 5
    assert day.forecast_months is not None
    assert day.forecast_months.value == (1, 12)


def test_a_required_value_nobody_supplies_is_named(tmp_path: Path) -> None:
    start, end = REGION.index("  exit.stable_months:"), REGION.index("  exit.min_months")

    assert "exit.stable_months is required for 370399" in refusal(
        write(tmp_path, REGION[:start] + REGION[end:])
    )


def test_a_value_marked_need_and_left_empty_is_refused_for_a_region_in_service(
    tmp_path: Path,
) -> None:
    empty = REGION.replace(
        LINE, "null, reference: Nobody has published it., confidence: NEED, illustrative: false}"
    )

    assert (
        "monitoring_line is required for 370399, which is in service, and nobody has supplied it"
        in refusal(write(tmp_path, empty))
    )


def test_an_optional_value_marked_need_and_left_empty_is_refused_as_well(tmp_path: Path) -> None:
    region = REGION + named(
        "income_dropped.percent", "since: 2020-01-01, value: null, confidence: NEED"
    )

    assert "income_dropped.percent is marked NEED and 370399 is in service" in refusal(
        write(tmp_path, region)
    )


def test_a_need_above_is_filled_by_the_region_below(tmp_path: Path) -> None:
    above = parent(
        "370000", named("monitoring_line", "since: 2020-01-01, value: null, confidence: NEED")
    )
    policy = load(write(tmp_path, r370000=above))

    assert policy.places["370399"].on(date(2026, 1, 1)).monitoring_line is not None


@pytest.mark.parametrize(
    ("dates", "says"),
    [
        (("since: 2020-01-01, value: 2", "since: 2020-01-01, value: 3"), "none stands twice"),
        (("since: 2021-01-01, value: 2", "since: 2020-01-01, value: 3"), "does not come after"),
        (
            ("since: 2020-01-01, until: 2022-12-31, value: 2", "since: 2023-01-02, value: 3"),
            "has a gap from 2023-01-01 to 2023-01-01",
        ),
        (
            ("since: 2020-01-01, until: 2022-12-31, value: 2", "since: 2022-12-31, value: 3"),
            "overlaps the value before it",
        ),
        (("since: 2020-01-01, until: 2019-12-31, value: 2",), "before it begins"),
    ],
)
def test_dates_leave_no_gap_and_do_not_overlap(
    tmp_path: Path, dates: tuple[str, ...], says: str
) -> None:
    region = REGION + named("work_lost.months", *(f"{d}, confidence: H" for d in dates))

    assert says in refusal(write(tmp_path, region))


def test_dates_that_meet_are_taken_and_the_last_day_is_the_old_values(tmp_path: Path) -> None:
    dates = (
        "since: 2020-01-01, until: 2024-02-29, value: 2, confidence: H",
        "since: 2024-03-01, value: 3, confidence: H",
    )
    place = load(write(tmp_path, REGION + named("work_lost.months", *dates))).places["370399"]

    values = [
        place.on(day).work_lost_months
        for day in (date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1))
    ]
    assert [value.value for value in values if value is not None] == [2, 2, 3]


def test_a_required_value_that_ends_is_refused(tmp_path: Path) -> None:
    region = REGION.replace(
        '{since: 2020-01-01, value: "7300.00"',
        '{since: 2020-01-01, until: 2025-12-31, value: "7300.00"',
    )

    assert "nothing gives it from 2026-01-01 on" in refusal(write(tmp_path, region))


def test_a_county_inherits_from_prefecture_province_and_nation_the_nearest_first(
    tmp_path: Path,
) -> None:
    def months(value: int) -> str:
        return named("work_lost.months", f"since: 2020-01-01, value: {value}, confidence: H")

    nation, province, prefecture = (
        parent("000000", months(1)),
        parent("370000", months(2)),
        parent("370300", months(3)),
    )

    def inherited(folder: str, **above: str) -> tuple[object, object]:
        value = (
            load(write(tmp_path / folder, **above))
            .places["370399"]
            .on(date(2026, 1, 1))
            .work_lost_months
        )
        return (None, None) if value is None else (value.value, value.region)

    assert inherited("all", r000000=nation, r370000=province, r370300=prefecture) == (3, "370300")
    assert inherited("two", r000000=nation, r370000=province) == (2, "370000")
    assert inherited("one", r000000=nation) == (1, "000000")
    assert inherited("none") == (None, None)


@pytest.mark.parametrize(
    ("base", "line", "amount", "formula"),
    [
        (
            ("dibao", "815.00"),
            "{kind: multiple_of_dibao, times: '2'}",
            1_956_000,
            "2 x 815.00 x 12 = 19560.00",
        ),
        (
            ("poverty_standard", "4000.01"),
            "{kind: multiple_of_poverty_standard, times: '1.5'}",
            600_002,
            "1.5 x 4000.01 = 6000.02",
        ),
        (
            ("disposable_income", "21000.00"),
            "{kind: share_of_disposable_income, times: '0.4'}",
            840_000,
            "0.4 x 21000.00 = 8400.00",
        ),
    ],
    ids=["dibao", "poverty standard, half a fen up", "disposable income"],
)
def test_a_line_may_follow_from_another_value(
    tmp_path: Path, base: tuple[str, str], line: str, amount: int, formula: str
) -> None:
    above = parent(
        "370300", named(base[0], f'since: 2020-01-01, value: "{base[1]}", confidence: H')
    )
    derived = (
        load(write(tmp_path, REGION.replace('"7300.00"', line), r370300=above))
        .places["370399"]
        .on(date(2026, 1, 1))
        .monitoring_line
    )

    assert derived is not None
    assert (derived.value, derived.formula) == (amount, formula)


def test_a_value_holds_until_the_next_one_of_its_name(tmp_path: Path) -> None:
    region = REGION.replace(
        LINE,
        LINE + '\n      - {since: 2026-03-14, value: "8000.00", reference: The line of spring.,'
        " confidence: H, illustrative: false}",
    )
    policy = load(write(tmp_path, region))

    lines = [
        policy.places["370399"].on(day).monitoring_line
        for day in (date(2026, 3, 13), date(2026, 3, 14))
    ]
    # nothing older is known
    assert policy.places["370399"].on(date(1999, 1, 1)) == policy.places["370399"].on(
        policy.places["370399"].dates[0]
    )
    assert [line.value for line in lines if line is not None] == [730_000, 800_000]
    assert policy.changes(date(2026, 3, 13), date(2026, 3, 14))
    assert not policy.changes(date(2026, 3, 14), date(2026, 12, 31))


def test_the_hash_is_of_the_content_not_of_comments_or_layout(tmp_path: Path) -> None:
    same = load(write(tmp_path / "a", "# another comment\n" + REGION))
    plain = load(write(tmp_path / "b"))
    other = load(write(tmp_path / "c", REGION.replace('"0.70"', '"0.71"')))

    assert plain.bundle == same.bundle
    assert plain.bundle != other.bundle


def test_a_region_in_service_needs_its_file_and_no_region_two(tmp_path: Path) -> None:
    assert "bundle.yaml:3: 370300 is in service but has no file" in refusal(
        write(tmp_path / "a", bundle=BUNDLE.replace("370399", "370300"))
    )
    assert "stands in two files" in refusal(write(tmp_path / "b", r370398=REGION))


def test_a_folder_without_bundles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no policy bundle"):
        load_folder(tmp_path)


def test_every_value_has_a_field_the_rules_can_read() -> None:
    assert {name.replace(".", "_") for name in KNOWN} == set(PolicyOfDay.__dataclass_fields__)


def test_shares_are_exact_ten_thousandths() -> None:
    assert [
        KNOWN["rigid_spending_ratio.share"].read(text)
        for text in ("0.10", "0.125", "0.4", "0.0001", "1")
    ] == [1_000, 1_250, 4_000, 1, 10_000]


def test_every_shipped_bundle_says_whether_a_number_in_it_is_illustrative() -> None:
    policies = {policy.title.en: policy for policy in load_folder(SHIPPED).values()}

    assert sorted(policies) == [
        "Demonstration county (illustrative numbers)",
        "Zibo monitoring policy (numbers not published are illustrative)",
    ]
    for policy in policies.values():
        used = [
            value
            for place in policy.places.values()
            for day in place.dates
            for value in values_of(place.on(day))
        ]
        assert policy.illustrative == any(value.illustrative for value in used)
        assert all(value.illustrative for value in used if value.confidence == "NEED")


def test_the_shipped_zibo_policy_grades_households_in_zichuan_only() -> None:
    zibo = next(policy for policy in load_folder(SHIPPED).values() if "370302" in policy.places)
    graded = {
        code
        for code, place in zibo.places.items()
        if place.on(date(2024, 3, 14)).grade_fell_in_force is not None
    }

    assert len(zibo.places) == 8
    assert graded == {"370302"}


def test_a_policy_is_found_for_a_village_of_its_region_only(tmp_path: Path) -> None:
    policy = load(write(tmp_path))
    place = policy.place("370399101201")

    assert place is not None
    assert place.code == "370399"
    assert policy.place("370302101201") is None


def test_a_copy_of_a_bundle_under_another_name_is_the_same_bundle(tmp_path: Path) -> None:
    shutil.copytree(write(tmp_path), tmp_path / "again")

    assert len(load_folder(tmp_path)) == 1
