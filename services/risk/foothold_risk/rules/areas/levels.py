"""Levels of whole areas.

They go from the households under a risk and those registered to a level, with hysteresis on the way
down.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from foothold_risk.rules.policy import SHARE_SCALE, LevelBand
from foothold_schemas.messages.areas import WarningLevel

GRAVITY: Final = (None, WarningLevel.IV, WarningLevel.III, WarningLevel.II, WarningLevel.I)
"""From no level to the gravest; a level is carried as its place here."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a window's count becomes a level.

    `keep`: a level lasts while the share is at least this part (ten-thousandths) of its lower edge.
    `least`: so many households below which a small village has no level, however large the share.
    """

    bands: tuple[LevelBand, ...]
    keep: int
    least: int

    def step(self, level: int, households: int, registered: int) -> int:
        """The level after `level` with these counts. Nobody registered: no share, so no level."""
        if registered <= 0:
            return 0
        rises, keeps = _counts(self, registered)
        reached = bisect_right(rises, households)
        return reached if reached >= level else min(level, bisect_right(keeps, households))


@lru_cache(maxsize=1 << 16)
def _counts(scale: Scale, registered: int) -> tuple[list[int], list[int]]:
    """The fewest households with which each level is reached, and with which it is kept.

    Exact, on whole numbers.
    """
    edges = [band.low for band in scale.bands[1:]]
    rises = [max(scale.least, -(-edge * registered // SHARE_SCALE)) for edge in edges]
    least_kept = max(1, -(-scale.least * scale.keep // SHARE_SCALE))
    keeps = [
        max(least_kept, -(-edge * scale.keep * registered // (SHARE_SCALE * SHARE_SCALE)))
        for edge in edges
    ]
    return rises, keeps
