"""What the reading process says of a row, whatever the format of the file.

It also says how wide a row and how long a cell may be.
"""

from typing import Final

MAX_COLUMNS: Final = 200
MAX_CELL: Final = 8_192
"""Characters."""

CellOut = str | bool | dict[str, str] | None


class Refused(Exception):  # noqa: N818 - an answer
    """The file cannot be read; the message says why and what to do."""
