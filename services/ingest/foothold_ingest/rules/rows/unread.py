"""What stands in a cell in place of a value.

It is a formula nobody has calculated, an error, or a column too narrow. Pure, and light: the
reading process needs it.
"""

import re
from typing import Final

FORMULA_TEXT: Final = "#公式无值 formula without a value"
"""Stands for a formula whose value is not stored; also in rows sent back, so that they are not
taken as they are."""
ERROR_TEXT: Final = "#VALUE!"
_UNREAD: Final = re.compile(
    r"#(NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|N/A|GETTING_DATA|[A-Z]{3,16}!)|#{3,}|Err:[0-9]{3}|'*=.*",
    re.DOTALL,
)
"""What spreadsheets show in place of a value: errors, a column too narrow, and in text files the
formula itself."""
NO_VALUE: Final = (
    "单元格是公式或错误，没有可用的值：请用表格软件打开、核对、保存后再报送 a formula without a"
    " value, or an error: open the file in a spreadsheet program, save it, send it again"
)


def is_unread(text: str) -> bool:
    """Whether the text stands for a value that nobody has calculated, or that could not be."""
    return text[:1] in "#='E" and (text == FORMULA_TEXT or _UNREAD.fullmatch(text) is not None)
