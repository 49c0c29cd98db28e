"""An area is called by its name, or said to be a code; never a bare number."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foothold_alerts.area_names import AT_MOST, AreaNames, WrongNames
from foothold_schemas.values import Sentence

COUNTY = AreaNames.load()
OWN = """code,name,name_en
370302101,松龄街道,Songling
370302101002,东关村,
"""


@pytest.mark.parametrize(
    ("code", "zh", "en"),
    [
        ("370302", "淄川区 370302", "淄川区 370302"),
        ("370302104201", "淄川区 370302 104 201", "淄川区 370302 104 201"),
        ("3703", "淄博市 3703", "淄博市 3703"),
        ("370302-east", "淄川区 370302-east", "淄川区 370302-east"),
        ("000000", "全国 000000", "the whole country 000000"),
        ("370399101201", "地区代码 370399 101 201", "area code 370399 101 201"),
        ("370399101", "地区代码 370399 101", "area code 370399 101"),
        ("370399", "地区代码 370399", "area code 370399"),
    ],
)
def test_an_area_without_a_name_says_that_it_is_a_code(code: str, zh: str, en: str) -> None:
    assert COUNTY.of(code).texts == (zh, en)


def test_a_countys_own_list_names_townships_and_villages(tmp_path: Path) -> None:
    file = tmp_path / "areas.csv"
    file.write_text(OWN, encoding="utf-8-sig")
    names = AreaNames.load(file)

    assert names.of("370302101002").texts == (
        "淄川区松龄街道东关村 370302 101 002",
        "淄川区 Songling 东关村 370302 101 002",
    )
    assert names.of("370302101003").zh == "淄川区松龄街道"


@pytest.mark.parametrize(
    "row", ["3703021,x", "37030210,x", "370302101,", ",x", "３７０３０２１０１,x"]
)
def test_a_list_that_cannot_be_read_says_where(tmp_path: Path, row: str) -> None:
    file = tmp_path / "areas.csv"
    file.write_text(f"code,name\n370302102,a\n{row}\n", encoding="utf-8")

    with pytest.raises(WrongNames, match="line 3"):
        AreaNames.load(file)


@given(st.from_regex(r"[0-9]{6}([0-9]{3}([0-9]{3})?)?", fullmatch=True))
def test_no_code_stands_alone(code: str) -> None:
    called = COUNTY.of(code)

    assert called.zh
    assert called.en
    assert called.code.replace(" ", "") == code


def named(**names: str) -> AreaNames:
    return AreaNames({code[1:]: Sentence(zh=name, en=f"{name} en") for code, name in names.items()})


HILLS = named(
    _370399="示范县", _370399101="柳河镇", _370399101201="柳树村", _370399102201="柳树 新村"
)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("柳树", ("370399101201", "370399102201")),
        ("柳河", ("370399101",)),
        ("示范县柳河镇柳树", ("370399101201",)),
        ("柳树新村", ("370399102201",)),
        ("柳树新村 EN", ("370399102201",)),
        ("示范", ("370399",)),
        ("柳", ()),
        ("  柳 ", ()),
        ("", ()),
        ("杨树", ()),
        ("%_", ()),
    ],
)
def test_an_area_is_found_by_a_part_of_its_name_and_those_within_it_with_it(
    text: str, codes: tuple[str, ...]
) -> None:
    assert HILLS.holding(text) == codes


def test_a_text_that_too_many_areas_hold_names_none() -> None:
    many = named(**{f"_370399{n:06}": f"第{n}村庄" for n in range(AT_MOST + 1)})

    assert many.holding("村庄") == ()
    assert many.holding("第7村庄") == ("370399000007",)
