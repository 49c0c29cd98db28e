"""Why a finding is not taken down as harmless."""

from enum import StrEnum


class ExemptNo(StrEnum):
    """Why not."""

    ROLE = "role"
    DAY = "day"
