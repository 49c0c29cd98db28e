"""Where an exception came from, without its words: they may repeat what somebody sent."""

import traceback
from typing import Final

FRAMES: Final = 30


def where_raised(error: BaseException) -> list[str]:
    """The way to an exception for the log: its type and its causes', with file, line and function."""
    trail: list[str] = []
    current: BaseException | None = error
    while current is not None and len(trail) < FRAMES:
        frames = traceback.extract_tb(current.__traceback__)[-FRAMES:]
        trail += [f"{'/'.join(frame.filename.rsplit('/', 2)[-2:])}:{frame.lineno} {frame.name}" for frame in frames]
        trail.append(type(current).__name__)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return trail
