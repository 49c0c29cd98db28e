"""Levels of whole areas: from the households under a risk and those registered to a level, with hysteresis on the way down."""

from dataclasses import dataclass
from typing import Final

from foothold_risk.rules.policy import SHARE_SCALE, LevelBand
from foothold_schemas.areas import WarningLevel

GRAVITY: Final = (None, WarningLevel.IV, WarningLevel.III, WarningLevel.II, WarningLevel.I)
"""From no level to the gravest."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a window's count becomes a level.

    `keep`: a level lasts while the share is at least this part (ten-thousandths) of its lower edge. `least`: so many households below which
    a small village has no level, however large the share.
    """

    bands: tuple[LevelBand, ...]
    keep: int
    least: int

    def step(self, level: WarningLevel | None, households: int, registered: int) -> WarningLevel | None:
        """The level after `level` with these counts. Nobody registered: no share, so no level."""
        if registered <= 0 or households <= 0:
            return None
        reached = self._highest(households, registered, SHARE_SCALE) if households >= self.least else None
        if GRAVITY.index(reached) >= GRAVITY.index(level):
            return reached
        kept = self._highest(households, registered, self.keep) if households * SHARE_SCALE >= self.least * self.keep else None
        return min(level, kept, key=GRAVITY.index)

    def _highest(self, households: int, registered: int, part: int) -> WarningLevel | None:
        """The gravest level of which the share reaches `part` of the lower edge; exact, on whole numbers."""
        share = households * SHARE_SCALE * SHARE_SCALE
        return max((b.level for b in self.bands if share >= b.low * part * registered), key=GRAVITY.index)
