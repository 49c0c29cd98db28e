"""What a row is told is told in Chinese first, with the English beside it.

One table knows whatever the rules say.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from foothold_ingest.files.outcomes import words
from foothold_ingest.rules.judgement import FieldProblem, Rejected
from foothold_ingest.rules.rows.row_words import CHINESE, chinese_of, in_both
from foothold_schemas.wire.quarantine import RefusalReason
from tests.support.running.parts import ROOT

RULES = ROOT / "services/ingest/foothold_ingest/rules"
FACTS = ROOT / "schemas/foothold_schemas/facts"
SAYS = {"WrongCell", "NotANumber", "ValueError"}
FILES = [
    *(RULES / "rows" / f"{name}.py" for name in ("cells", "rows", "items")),
    RULES / "people" / "resident_number.py",
    *(FACTS / f"{name}.py" for name in ("facts", "register", "checks", "decisions", "sent")),
]


def problem_texts(path: Path) -> Iterator[str]:
    """What is said of a cell or a value; a figure stands for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYS:
            for text in node.args:
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield text.value
                elif isinstance(text, ast.JoinedStr):
                    yield "".join(
                        (
                            part.value
                            if isinstance(part, ast.Constant) and isinstance(part.value, str)
                            else "7"
                        )
                        for part in text.values
                    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_whatever_a_rule_says_of_a_cell_or_value_the_table_knows(path: Path) -> None:
    english = [text for text in problem_texts(path) if not re.match(r"[一-鿿]", text)]

    assert [text for text in english if chinese_of(text) is None] == []
    assert path.stem == "items" or list(problem_texts(path))


def test_every_line_of_the_table_is_chinese_and_can_be_filled_in() -> None:
    for english, chinese in CHINESE:
        assert re.match(r"[一-鿿]", chinese), chinese
        assert chinese.count("{") <= re.compile(english).groups, english


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (
            "this is no day; write it as 2026-01-31",
            "不是日期，请写成 2026-01-31 this is no day; write it as 2026-01-31",
        ),
        (
            "something nobody has put into the table",
            "字段内容有误 something nobody has put into the table",
        ),
        (
            "9999 表示长期有效，已按空值处理 9999 means for ever",
            "9999 表示长期有效，已按空值处理 9999 means for ever",
        ),
        (
            "首尾有看不见的字符，已去掉 characters nobody sees",
            "首尾有看不见的字符，已去掉 characters nobody sees",
        ),
    ],
)
def test_a_problem_is_told_in_both_languages_chinese_first(problem: str, expected: str) -> None:
    assert in_both(problem, RefusalReason.INVALID_FIELD) == expected


def test_a_row_is_told_by_its_headers_or_as_a_whole() -> None:
    fields = (
        FieldProblem("结算日期", "in the future"),
        FieldProblem("", "an amount has at most two decimal places"),
    )
    whole = Rejected(RefusalReason.FUTURE_TIME, "The day lies after today.")

    assert (
        words(Rejected(RefusalReason.FUTURE_TIME, "x", fields))
        == "结算日期: 晚于当前 in the future; 金额最多两位小数 an amount has at most two decimal"
        " places"
    )
    assert words(whole) == "时间晚于当前 The day lies after today."
