"""What a log may say of an exception: its type and where it was raised. Its message may repeat what somebody sent."""

import traceback
from typing import Final

_PACKAGE: Final = "foothold_"
MOST_FRAMES: Final = 30


def place_of(error: BaseException) -> str:
    """The exception's type and where it was raised, in our own code."""
    ours = [place for place in frames_of(error) if place.startswith(_PACKAGE)]
    return f"{type(error).__name__} at {ours[-1].partition(' ')[0]}" if ours else type(error).__name__


def frames_of(error: BaseException) -> list[str]:
    """File, line and function of each frame, outermost first; neither the message nor the text of a line."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    return [f"{_short(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]


def where_raised(error: BaseException) -> list[str]:
    """The way to an exception: its frames and type, then those of what caused it."""
    trail: list[str] = []
    current: BaseException | None = error
    while current is not None and len(trail) < MOST_FRAMES:
        trail += [*frames_of(current)[-MOST_FRAMES:], type(current).__name__]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return trail


def _short(filename: str) -> str:
    """From our own package's name on."""
    at = filename.rfind(_PACKAGE)
    return filename[at:] if at >= 0 else filename.rpartition("site-packages/")[2]
