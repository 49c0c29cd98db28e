"""Which measures answer which risk.

Risk asks this before it lets a household go, and the desk asks for such measures after a month.
"""

from typing import Final

from foothold_schemas.facts.decisions import MeasureKind
from foothold_schemas.findings import FindingKind

_ILLNESS: Final = frozenset(
    {MeasureKind.HEALTH, MeasureKind.SOCIAL_HELP, MeasureKind.COMPREHENSIVE}
)
_SCHOOLING: Final = frozenset(
    {
        MeasureKind.EDUCATION,
        MeasureKind.COMPULSORY_EDUCATION,
        MeasureKind.SOCIAL_HELP,
        MeasureKind.COMPREHENSIVE,
    }
)

FITTING: Final = {
    FindingKind.SELF_PAID_HIGH: _ILLNESS,
    FindingKind.SINGLE_STAY_HIGH: _ILLNESS,
    FindingKind.SELF_PAID_RATIO: _ILLNESS,
    FindingKind.EDUCATION_COST_HIGH: _SCHOOLING,
}
"""For a risk that does not stand here any measure meant for it does."""


def answers(measure: MeasureKind, risk: FindingKind) -> bool:
    """Whether a measure of this kind may answer the risk."""
    fitting = FITTING.get(risk)
    return fitting is None or measure in fitting
