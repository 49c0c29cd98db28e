"""What a page showed of the findings, given back by its form.

People's decision covers that, and what came while they decided is news.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, TypeAdapter

from foothold_schemas.facts.saw import Saw
from foothold_schemas.findings import FindingKind

MAX_SHOWN: Final = 60_000
"""Characters a form gives back. A page that would show more gives back nothing: the word then rests
on what risk knows when it arrives."""
_SAW: Final = TypeAdapter(tuple[Saw, ...])


def shown_by(stands: Mapping[str, Any]) -> str:
    """What a page of this moment shows, for its form."""
    saw = stands.get("saw", ())
    text = json.dumps(saw, separators=(",", ":")) if saw else ""
    return text if len(text) <= MAX_SHOWN else ""


def given_back(text: str) -> tuple[Saw, ...] | None:
    """What the form gave back; None for nothing. Raise ValueError for anything else."""
    if not text:
        return None
    saw = _SAW.validate_json(text)
    if len({sight.finding for sight in saw}) != len(saw):
        raise ValueError("a finding stands twice")
    return saw


def _readable(text: str) -> str:
    given_back(text)
    return text


Shown = Annotated[str, Field(max_length=MAX_SHOWN), AfterValidator(_readable)]
"""A form's field for it."""


def of_finding(saw: tuple[Saw, ...] | None, finding: FindingKind) -> Saw | None:
    """What was shown of one finding."""
    return next((sight for sight in saw or () if sight.finding is finding), None)
