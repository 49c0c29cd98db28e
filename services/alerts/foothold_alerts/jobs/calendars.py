"""The statutory calendar.

It has what the library knows of the State Council's notices, and what a county's own files add
before a release does.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from chinese_calendar.constants import holidays, workdays
from pydantic import BaseModel, ConfigDict, Field

from foothold_alerts.rules.days import WorkDays


class CalendarFile(BaseModel):
    """A file `<year>.yaml` of exceptions to the week.

    It has the days of that year that are otherwise than weekends say, and the notice they come
    from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    year: Annotated[int, Field(ge=2000, le=2100, strict=True)]
    reference: Annotated[str, Field(min_length=8)]
    holidays: tuple[date, ...] = ()
    working: tuple[date, ...] = ()


def work_days(folder: Path | None = None) -> WorkDays:
    """Every year that is known; a county's file holds before the library.

    Raise ValueError for a file that is not clear.
    """
    years = _of_library()
    for path in sorted(folder.glob("*.yaml")) if folder is not None else ():
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        file = CalendarFile.model_validate(content)
        if wrong := [day for day in (*file.holidays, *file.working) if day.year != file.year]:
            raise ValueError(f"{path.name}: {wrong[0]} is not in {file.year}")
        if both := set(file.holidays) & set(file.working):
            raise ValueError(f"{path.name}: {min(both)} is called a holiday and a working day")
        years[file.year] = dict.fromkeys(file.holidays, False) | dict.fromkeys(file.working, True)
    return WorkDays(years)


def _of_library() -> dict[int, dict[date, bool]]:
    """Year → the days of its notice, for every year whose notice the library has."""
    years: dict[int, dict[date, bool]] = {}
    for days, is_working in ((holidays, False), (workdays, True)):
        for day in days:
            years.setdefault(day.year, {})[day] = is_working
    return years
